"""Files in folders, as `docs/warehouses/duckdb.md` says."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from metrics_exporter.sources import open_warehouse


@pytest.mark.parametrize("pattern", ["*/*", "**/*"])
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_hive_folder_is_a_column(tmp_path: Path, form: str, pattern: str) -> None:
    rows = "SELECT unnest([1, 2]) AS x, unnest(['2026-03-04', '2026-03-05']) AS day"
    duckdb.sql(f"COPY ({rows}) TO '{tmp_path}/log' (FORMAT {form}, PARTITION_BY (day))")
    warehouse = open_warehouse(f"duckdb:{tmp_path}/log/{pattern}.{form}")
    assert [*warehouse.columns("predictions", 20)] == ["x", "day"]
    found = warehouse.run("SELECT x::INT AS x, day::VARCHAR AS day FROM predictions ORDER BY x", {}, 20)
    assert found.to_pylist() == [{"x": 1, "day": "2026-03-04"}, {"x": 2, "day": "2026-03-05"}]
    warehouse.close()


def test_a_new_file_needs_no_restart(tmp_path: Path) -> None:
    warehouse = open_warehouse(f"duckdb:{tmp_path}/*.parquet")
    for number in range(2):
        duckdb.sql(f"COPY (SELECT {number} AS x) TO '{tmp_path}/{number}.parquet'")
        warehouse.columns("predictions", 20)
        assert warehouse.run("SELECT x FROM predictions", {}, 20).num_rows == number + 1
        warehouse.close()
