"""Which warehouse a URL means, and what is said where there is none, or its driver is missing."""

from __future__ import annotations

import sys

import pytest

from metrics_exporter.config import SettingsError
from metrics_exporter.sources import Access, WarehouseError, open_warehouse
from metrics_exporter.sources.duckdb import DuckDBWarehouse


def _refusal(url: str) -> str:
    with pytest.raises(WarehouseError) as caught:
        open_warehouse(url)
    assert "secret" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("url", ["duckdb:log.duckdb", "DuckDB:log/*.parquet", "duckdb+native:log.csv"])
def test_case_and_driver_make_no_other_kind(url: str) -> None:
    assert isinstance(open_warehouse(url), DuckDBWarehouse)


def test_an_unknown_kind_is_told_the_nearest_or_all() -> None:
    assert _refusal("postgersql://user:secret@host/db").endswith(
        "no known kind; did you mean postgresql, as in postgresql://user@host/database?"
    )
    assert "no known kind; known are duckdb, postgresql, postgres, trino, " in _refusal("oracle://user:secret@host/db")
    assert "no known kind" in _refusal("predictions.duckdb")


def test_a_kind_without_a_place_is_told_an_example() -> None:
    assert _refusal("duckdb:").endswith(
        "names no place; write one such as duckdb:predictions.duckdb or duckdb:log/*.parquet"
    )


@pytest.mark.parametrize(
    ("url", "driver", "extra"),
    [("postgresql://u:secret@h/db", "psycopg", "postgres"), ("duckdb:log.duckdb", "duckdb", "duckdb")],
)
def test_a_missing_driver_is_told_with_the_command(
    url: str, driver: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    for module in ("postgresql", "duckdb"):
        monkeypatch.delitem(sys.modules, f"metrics_exporter.sources.{module}", raising=False)
    assert _refusal(url) == f"the warehouse needs {driver}; install it with: pip install 'driftgauge[{extra}]'"


def test_a_password_that_can_t_be_read_is_a_failure_like_any_of_a_warehouse() -> None:
    def unreadable() -> str:
        raise SettingsError("warehouse_password_file: the password can't be read")

    access = Access("postgresql://u:secret@h/db", unreadable)
    assert "secret" not in repr(access)
    with pytest.raises(WarehouseError, match="warehouse_password_file"):
        access.login()
