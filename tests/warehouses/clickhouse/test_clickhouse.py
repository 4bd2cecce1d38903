"""The client against a real ClickHouse."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime

import pytest

from metrics_exporter.definitions import Log
from metrics_exporter.sources import Access, WarehouseError
from metrics_exporter.sources.clickhouse import ClickHouseWarehouse, connect
from metrics_exporter.sources.log_shape import ColumnType, Form
from metrics_exporter.sources.scan import ScanRequest, explain
from tests.real_parts import free_port, wait_until
from tests.warehouses.clickhouse.server import PASSWORD, READER, ask
from tests.warehouses.proxy import proxy

SECONDS = 30.0
LONG = "SELECT count() AS n FROM numbers(100000000000) WHERE sipHash64(number) = 1"


def test_a_type_is_what_the_scan_takes_it_for(port: int, warehouse: ClickHouseWarehouse) -> None:
    ask(
        port,
        "CREATE TABLE log.types (a Int64, d Nullable(Decimal(16, 2)), f LowCardinality(Nullable(String)), "
        "m Map(String, Float64), r Tuple(x Float64, `Y z` Tuple(b UInt64)), p Tuple(Int8, Int8), j JSON, "
        "t DateTime, z Nullable(DateTime64(6, 'Asia/Seoul')), l Array(String), e Date, b Bool, u UUID, "
        "n Enum8('a, (b' = 1)) ENGINE = MergeTree ORDER BY a",
    )
    double = ColumnType("Float64", Form.NUMBER)
    inner = ColumnType("Tuple(b UInt64)", Form.STRUCT, fields={"b": ColumnType("UInt64", Form.NUMBER, True)})
    columns = warehouse.columns("types", SECONDS)
    assert {name: (kind.form, kind.is_long) for name, kind in columns.items()} == {
        "a": (Form.NUMBER, True),
        "d": (Form.NUMBER, True),
        "f": (Form.TEXT, False),
        "m": (Form.MAP, False),
        "r": (Form.STRUCT, False),
        "p": (Form.OTHER, False),
        "j": (Form.JSON, False),
        "t": (Form.ZONED_TIME, False),
        "z": (Form.ZONED_TIME, False),
        "l": (Form.LIST, False),
        "e": (Form.NAIVE_TIME, False),
        "b": (Form.TRUTH, False),
        "u": (Form.OTHER, False),
        "n": (Form.TEXT, False),
    }
    assert columns["m"].fields == {"value": double}
    assert columns["r"].fields == {"x": double, "Y z": inner}
    with pytest.raises(WarehouseError, match="Did you mean 'types'"):
        warehouse.columns("log.type", SECONDS)


def test_parameters_and_results(warehouse: ClickHouseWarehouse) -> None:
    statement = "SELECT arrayJoin({names:Array(Nullable(String))}) AS x, {a:String} AS a, [1.5] AS l"
    rows = warehouse.run(statement, {"names": ["it's", "ü?\\", None], "a": "{b:String}\n"}, SECONDS).to_pylist()
    assert rows == [{"x": name, "a": "{b:String}\n", "l": [1.5]} for name in ("it's", "ü?\\", None)]


def test_a_list_longer_than_the_server_takes_in_one_parameter(warehouse: ClickHouseWarehouse) -> None:
    names = [f"it's {number}" for number in range(100_000)]
    statement = "SELECT {names:Array(String)} AS names, length({numbers:Array(Float64)}) AS numbers"
    found = warehouse.run(statement, {"names": names, "numbers": [1.5]}, SECONDS)
    assert found.to_pylist() == [{"names": names, "numbers": 1}]


def _running(port: int) -> str:
    return ask(port, "SELECT query_id FROM system.processes WHERE user = 'reader' AND query LIKE '%sipHash64%'")


def test_the_deadline_ends_the_query_in_the_server(port: int, warehouse: ClickHouseWarehouse) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        warehouse.run(LONG, {}, 1)
    assert time.monotonic() - started < SECONDS
    wait_until("end of the query", lambda: not _running(port))


def test_a_cancelled_query_ends_in_the_server(port: int, warehouse: ClickHouseWarehouse) -> None:
    def cancel() -> None:
        wait_until("the query", lambda: _running(port))
        warehouse.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(WarehouseError):
        warehouse.run(LONG, {}, SECONDS)
    thread.join()
    wait_until("end of the query", lambda: not _running(port))
    assert warehouse.run("SELECT 1 AS x", {}, SECONDS).num_rows == 1


def test_a_server_that_falls_silent_is_left_at_the_deadline_and_used_again(port: int) -> None:
    with proxy(port) as line:
        warehouse = connect(Access(f"clickhouse://{READER}@127.0.0.1:{line.port}/log", lambda: PASSWORD))
        assert warehouse.run("SELECT 1 AS x", {}, SECONDS).num_rows == 1
        line.freeze()
        with pytest.raises(TimeoutError):
            warehouse.run("SELECT 1 AS x", {}, 1)
        line.flows.set()
        line.cut()
        assert warehouse.run("SELECT 1 AS x", {}, SECONDS).num_rows == 1


def test_a_table_that_is_ordered_by_its_time_is_pruned(port: int, warehouse: ClickHouseWarehouse) -> None:
    ask(
        port,
        "CREATE TABLE log.predictions (sent_at DateTime64(6), prediction_id String, predictor_name String, "
        "model_id String, prediction_result Float64, features Map(String, Float64)) ENGINE = MergeTree "
        "ORDER BY sent_at PARTITION BY toDate(sent_at) SETTINGS index_granularity = 100",
    )
    ask(
        port,
        "INSERT INTO log.predictions SELECT toDateTime64('2026-03-01 00:00:00', 6) + INTERVAL number MINUTE, "
        "toString(number), 'p', 'm', 1, map() FROM numbers(10000)",
    )
    request = ScanRequest(
        Log(table="predictions"), datetime(2026, 3, 2, 10, tzinfo=UTC), datetime(2026, 3, 2, 11, tzinfo=UTC), {}
    )
    plan = explain(warehouse, request, SECONDS).plan
    left = [tuple(map(int, found)) for found in re.findall(r"Parts: (\d+)/(\d+)\s+Granules: (\d+)/(\d+)", plan)]
    assert left[0][:2] == (1, 7)  # a part a day, of which the partition leaves one
    assert 1 <= left[-1][2] <= 2  # of the 15 that this one has


def test_no_statement_writes(port: int) -> None:
    ask(port, "CREATE TABLE log.kept (a Int8) ENGINE = MergeTree ORDER BY a")
    warehouse = connect(Access(f"clickhouse://default@127.0.0.1:{port}/log"))
    with pytest.raises(WarehouseError, match="readonly"):
        warehouse.run("DROP TABLE kept", {}, SECONDS)
    assert list(warehouse.columns("kept", SECONDS)) == ["a"]


def test_failures_are_told_without_secrets(port: int, warehouse: ClickHouseWarehouse) -> None:
    with pytest.raises(WarehouseError, match=r"^Division by zero.*"):
        warehouse.run("SELECT intDiv(1, 0) AS x", {}, SECONDS)
    ask(port, "CREATE DATABASE IF NOT EXISTS other")
    ask(port, "CREATE OR REPLACE TABLE other.secrets (a Int8) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(WarehouseError, match="Not enough privileges"):
        warehouse.run("SELECT a FROM other.secrets", {}, SECONDS)
    for url in (
        f"clickhouse://{READER}:hunter2secret@127.0.0.1:{port}/log",
        f"clickhouse://{READER}:hunter2secret@127.0.0.1:{free_port()}/log",
    ):
        with pytest.raises(WarehouseError) as caught:
            connect(Access(url)).run("SELECT 1 AS x", {}, SECONDS)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("place", ["u@host/a/b", "u@host/a?secure=perhaps", "u@host/a?verify=false", "u@host:x/a", ""])
def test_a_url_that_can_t_be_read_is_told_a_good_one(place: str) -> None:
    with pytest.raises(WarehouseError, match="write it as clickhouse://"):
        connect(Access(f"clickhouse://{place}"))
