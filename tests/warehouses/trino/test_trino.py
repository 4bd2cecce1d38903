"""The client against a real Trino."""

from __future__ import annotations

import threading

import pytest

from metrics_exporter.sources import Access, WarehouseError
from metrics_exporter.sources.log_shape import ColumnType, Form
from metrics_exporter.sources.trino import TrinoWarehouse, connect
from tests.real_parts import free_port, wait_until
from tests.warehouses.trino.server import ask

SECONDS = 30.0
LONG = "SELECT count(*) AS n FROM tpch.sf100.lineitem AS a, tpch.sf100.orders AS b WHERE a.comment <> b.comment"


def test_a_type_is_what_the_scan_takes_it_for(port: int, warehouse: TrinoWarehouse) -> None:
    ask(
        port,
        'CREATE TABLE log (a bigint, d decimal(16,2), m map(varchar,double), r row(x double, "Y z" row(b bigint)), '
        "j json, t timestamp(3), z timestamp(6) with time zone, l array(varchar), e date, b boolean, u uuid)",
    )
    text, number = ColumnType("double", Form.NUMBER), ColumnType("bigint", Form.NUMBER, True)
    inner = ColumnType("row(b bigint)", Form.STRUCT, fields={"b": number})
    assert warehouse.columns("Log", SECONDS) == {
        "a": number,
        "d": ColumnType("decimal(16,2)", Form.NUMBER, True),
        "m": ColumnType("map(varchar, double)", Form.MAP, fields={"value": text}),
        "r": ColumnType("row(x double, Y z row(b bigint))", Form.STRUCT, fields={"x": text, "Y z": inner}),
        "j": ColumnType("json", Form.JSON),
        "t": ColumnType("timestamp(3)", Form.NAIVE_TIME),
        "z": ColumnType("timestamp(6) with time zone", Form.ZONED_TIME),
        "l": ColumnType("array(varchar)", Form.LIST),
        "e": ColumnType("date", Form.NAIVE_TIME),
        "b": ColumnType("boolean", Form.TRUTH),
        "u": ColumnType("uuid", Form.OTHER),
    }
    with pytest.raises(WarehouseError, match="Did you mean 'log'"):
        warehouse.columns("logs", SECONDS)


def test_parameters_and_results(warehouse: TrinoWarehouse) -> None:
    statement = "SELECT x, ':no' AS n, 1.5 AS d, ARRAY[1E0] AS l FROM UNNEST(CAST(:names AS ARRAY(VARCHAR))) AS t (x)"
    rows = warehouse.run(statement, {"names": ["it's", "ü?"]}, SECONDS).to_pylist()
    assert rows == [{"x": name, "n": ":no", "d": 1.5, "l": [1.0]} for name in ("it's", "ü?")]


def _running(port: int) -> list[object]:
    return ask(port, "SELECT query_id FROM system.runtime.queries WHERE source = 'driftgauge' AND state = 'RUNNING'")


def test_the_deadline_ends_the_query_in_the_server(port: int, warehouse: TrinoWarehouse) -> None:
    with pytest.raises(TimeoutError):
        warehouse.run(LONG, {}, 1)
    wait_until("end of the query", lambda: not _running(port))


def test_a_cancelled_query_ends_in_the_server(port: int, warehouse: TrinoWarehouse) -> None:
    def cancel() -> None:
        wait_until("the query", lambda: _running(port))
        warehouse.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(WarehouseError, match="cancel"):
        warehouse.run(LONG, {}, SECONDS)
    thread.join()
    wait_until("end of the query", lambda: not _running(port))
    assert warehouse.run("SELECT 1 AS x", {}, SECONDS).num_rows == 1


def test_failures_are_told_without_secrets(warehouse: TrinoWarehouse) -> None:
    with pytest.raises(WarehouseError, match=r"^Division by zero$"):
        warehouse.run("SELECT 1 / 0 AS x", {}, SECONDS)
    away = connect(Access(f"trino://u:hunter2secret@127.0.0.1:{free_port()}/memory"))
    with pytest.raises(WarehouseError, match="refused") as caught:
        away.run("SELECT 1 AS x", {}, SECONDS)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(WarehouseError, match="write it as trino://"):
        connect(Access("trino://u@host/a/b/c"))
