"""Logs in partitions: only those are read that can hold a row of the window."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from metrics_exporter.definitions import Log
from metrics_exporter.sources import WarehouseError, open_warehouse
from metrics_exporter.sources.assemble import assemble
from metrics_exporter.sources.scan import ScanRequest, scan

MIDNIGHT = datetime(2026, 3, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A row every minute of three days, in a folder a day and an hour; the newest day arrived in the next hour's."""
    path = tmp_path / "log"
    duckdb.sql(
        "COPY (SELECT sent_at, 'd' || i AS prediction_id, 'p' AS predictor_name, 'm1' AS model_id,"
        " 1.0 AS prediction_result, MAP {'x': i::DOUBLE} AS features, NULL::VARCHAR[] AS default_values_used,"
        " strftime(arrived, '%Y-%m-%d') AS ds, strftime(arrived, '%H') AS hr FROM (SELECT *, CASE"
        " WHEN sent_at < TIMESTAMP '2026-03-06' THEN sent_at ELSE sent_at + INTERVAL 1 HOUR END AS arrived FROM ("
        " SELECT i, TIMESTAMP '2026-03-04' + to_minutes(i::INT) AS sent_at FROM range(4320) t(i))))"
        f" TO '{path}' (FORMAT parquet, PARTITION_BY (ds, hr))"
    )
    return path


def _rows(folder: Path, start: datetime, end: datetime, partition: Mapping[str, str], delay: int = 0) -> int:
    log = Log(table="predictions", partition=dict(partition), partition_delay_seconds=delay)
    request = ScanRequest(log, start, end, {})
    answer = scan(open_warehouse(f"duckdb:{folder}/*/*/*.parquet"), request, 60)
    return sum(window.rows for window in assemble("default", request, answer).windows)


@pytest.mark.parametrize(
    "partition",
    [
        pytest.param({"ds": "%Y-%m-%d"}, id="a date, which DuckDB reads as one"),
        pytest.param({"ds": "%Y-%m-%d", "hr": "%H"}, id="and an hour, which is text because of its zero"),
    ],
)
def test_all_rows_are_read_across_midnight(folder: Path, partition: dict[str, str]) -> None:
    assert _rows(folder, MIDNIGHT - HOUR, MIDNIGHT + 2 * HOUR, partition) == 180


def test_a_row_that_arrived_later_is_found_with_a_delay(folder: Path) -> None:
    day, partition = MIDNIGHT + timedelta(days=1), {"ds": "%Y-%m-%d", "hr": "%H"}
    assert _rows(folder, day, day + HOUR, partition) == 0
    assert _rows(folder, day, day + HOUR, partition, delay=3600) == 60


def test_other_partitions_are_not_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As EXPLAIN ANALYZE counts the files of each read in the statement that the scan runs."""
    seen: list[tuple[str, Mapping[str, Any]]] = []
    url = f"duckdb:{folder}/*/*/*.parquet"
    warehouse = open_warehouse(url)
    run = warehouse.run
    monkeypatch.setattr(warehouse, "run", lambda *asked: (seen.append(asked[:2]), run(*asked))[1])
    partition = {"ds": "%Y-%m-%d", "hr": "%H"}
    scan(warehouse, ScanRequest(Log(table="predictions", partition=partition), MIDNIGHT, MIDNIGHT + HOUR, {}), 60)
    statement, parameters = max(seen, key=lambda asked: len(asked[0]))
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE VIEW predictions AS SELECT * FROM read_parquet('{folder}/*/*/*.parquet', union_by_name = true)"
        )
        ((_, plan),) = connection.execute(f"EXPLAIN ANALYZE {statement}", dict(parameters)).fetchall()
    assert set(re.findall(r"Scanning Files: (\S+)", plan)) == {"1/72"}


def test_a_column_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(WarehouseError, match=r"no column 'day'; name the one by which it is partitioned .*ds, hr"):
        _rows(folder, MIDNIGHT, MIDNIGHT + HOUR, {"day": "%d"})


def test_a_format_that_is_no_number_is_refused_for_a_number(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "log.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE predictions AS SELECT now()::TIMESTAMP AS sent_at, 'd' AS prediction_id,"
            " 'p' AS predictor_name, 'm' AS model_id, 1.0 AS prediction_result,"
            " MAP {'x': 1.0} AS features, 20260305 AS day"
        )
    log = Log(table="predictions", partition={"day": "%Y-%m-%d"})
    with pytest.raises(WarehouseError, match=r"column day holds numbers, and '%Y-%m-%d' writes none"):
        scan(open_warehouse(f"duckdb:{tmp_path}/log.duckdb"), ScanRequest(log, MIDNIGHT, MIDNIGHT + HOUR, {}), 60)
