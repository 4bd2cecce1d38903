"""Statements: their parameters and results, the transaction that they run in, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from metrics_exporter.sources import WarehouseError
from metrics_exporter.sources.postgresql import PostgreSQLWarehouse
from tests.real_parts import wait_until
from tests.warehouses.postgresql.conftest import Database
from tests.warehouses.postgresql.server import READER_PASSWORD

SECONDS = 20.0
LONG = "SELECT count(*) FROM generate_series(1, 1000000000000)"


@pytest.mark.parametrize(
    ("expression", "arrow", "value"),
    [
        ("true", pa.bool_(), True),
        ("1::int2", pa.int16(), 1),
        ("1::int4", pa.int32(), 1),
        ("9007199254740993::int8", pa.int64(), 9007199254740993),
        ("0.5::float4", pa.float32(), 0.5),
        ("0.1::float8", pa.float64(), 0.1),
        ("'-inf'::float8", pa.float64(), float("-inf")),
        ("sum(12)", pa.int64(), 12),
        ("sum(12::bigint)", pa.float64(), 12.0),
        ("'größe'::text", pa.string(), "größe"),
        ("'a'::varchar(3)", pa.string(), "a"),
        ("'a'::\"char\"", pa.string(), "a"),
        ("'fine'::mood", pa.string(), "fine"),
        ("date '2026-03-04'", pa.date32(), datetime(2026, 3, 4).date()),
        ("timestamp '2026-03-04 10:00'", pa.timestamp("us"), datetime(2026, 3, 4, 10)),
        ("timestamptz '2026-03-04 10:00+02'", pa.timestamp("us", "UTC"), datetime(2026, 3, 4, 8, tzinfo=UTC)),
        ("ARRAY[1.5, NULL]::float8[]", pa.list_(pa.float64()), [1.5, None]),
        ("ARRAY[]::text[]", pa.list_(pa.string()), []),
        ("ARRAY[1]::int8[]", pa.list_(pa.int64()), [1]),
    ],
)
def test_a_result_has_the_statement_s_types(
    database: Database, warehouse: PostgreSQLWarehouse, expression: str, arrow: pa.DataType, value: object
) -> None:
    database.ask("CREATE TYPE mood AS ENUM ('fine')")
    table = warehouse.run(f"SELECT {expression} AS x", {}, SECONDS)
    assert table.schema == pa.schema([("x", arrow)])
    assert table["x"].to_pylist() == [value]
    several = f"SELECT x FROM (SELECT {expression} AS x UNION ALL SELECT NULL) AS t ORDER BY x NULLS FIRST"
    assert warehouse.run(several, {}, SECONDS)["x"].to_pylist() == [None, value]
    nothing = warehouse.run(f"SELECT x FROM (SELECT {expression} AS x) AS t WHERE false", {}, SECONDS)
    assert (nothing.num_rows, nothing.schema) == (0, table.schema)


@pytest.mark.parametrize(
    ("cast", "value"),
    [
        ("text", "'; DROP TABLE log; -- %s $1 %(x)s \\ \" größe"),
        ("text", None),
        ("text[]", ["a", None, '{b,"c"}', "'"]),
        ("text[]", []),
        ("float8[]", [1.5, float("inf"), None]),
        ("float8[]", [None]),
        ("int8", 2**62),
    ],
)
def test_a_parameter_arrives_as_it_is(warehouse: PostgreSQLWarehouse, cast: str, value: object) -> None:
    statement = f"SELECT %(x)s::{cast} AS x, %(x)s::{cast} AS y, '5 %%' AS z"
    assert warehouse.run(statement, {"x": value}, SECONDS).to_pylist() == [{"x": value, "y": value, "z": "5 %"}]


def test_columns_may_have_one_name(warehouse: PostgreSQLWarehouse) -> None:
    table = warehouse.run("SELECT 1 AS x, 'a' AS x", {}, SECONDS)
    assert table.column_names == ["x", "x"]
    assert table.num_rows == 1


def _settings(warehouse: PostgreSQLWarehouse, *names: str) -> list[str]:
    listed = ", ".join(f"current_setting('{name}') AS \"{name}\"" for name in names)
    (row,) = warehouse.run(f"SELECT {listed}", {}, SECONDS).to_pylist()
    return [row[name] for name in names]


def test_the_transaction_reads_only_and_keeps_within_limits(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    names = ("transaction_read_only", "jit", "TimeZone", "lock_timeout", "application_name")
    assert _settings(warehouse, *names) == ["on", "off", "UTC", "10s", "driftgauge"]
    assert _settings(warehouse, "client_connection_check_interval") == ["5s"]
    (timeout,) = _settings(warehouse, "statement_timeout")
    assert (
        SECONDS - 2 < float(timeout.removesuffix("ms").removesuffix("s")) / (1000 if "ms" in timeout else 1) <= SECONDS
    )
    database.ask("CREATE TABLE log (x int)")
    for statement in ("INSERT INTO log VALUES (1)", "CREATE TABLE x (y int)", "SET TRANSACTION READ WRITE"):
        with pytest.raises(WarehouseError, match=r"read-only transaction|before any query"):
            warehouse.run(statement, {}, SECONDS)


def test_a_connection_that_a_pooler_hands_on_is_left_as_it_was(warehouse: PostgreSQLWarehouse) -> None:
    _settings(warehouse, "jit")
    connection = warehouse._connection
    assert connection is not None
    connection.read_only = None
    (after,) = connection.execute(
        "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('jit'), "
        "current_setting('transaction_read_only')"
    )
    assert after == ("0", "0", "on", "off")


def test_the_url_may_say_what_the_connection_is_called_and_set(database: Database) -> None:
    opened = database.open(query="?application_name=eta&options=-c%20work_mem%3D77MB")
    assert _settings(opened, "application_name", "work_mem") == ["eta", "77MB"]
    opened.close()


@pytest.mark.parametrize("mode", ["disable", "require", "verify-full"])
def test_the_url_says_how_much_tls_there_is(database: Database, mode: str) -> None:
    opened = database.open(query=f"?sslmode={mode}&sslrootcert={database.server.folder}/server.crt")
    statement = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    assert opened.run(statement, {}, SECONDS)["ssl"].to_pylist() == [mode != "disable"]
    opened.close()


def test_a_scan_has_one_connection_and_leaves_none(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    database.ask("CREATE TABLE log (x int)")
    greeting = f"connection authorized: user=driftgauge database={database.name} "
    for _ in range(3):
        warehouse.columns("log", SECONDS)
        warehouse.run("SELECT 1 AS x", {}, SECONDS)
        assert len(database.server.queries()) == 1
        warehouse.close()
        wait_until("end of the connection", lambda: not database.server.queries(), timeout=10)
    assert database.server.logged().count(greeting) == 3


def test_the_server_keeps_the_deadline(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        warehouse.run(LONG, {}, 0.5)
    assert 0.4 < time.monotonic() - began < 1.5
    assert "canceling statement due to statement timeout" in database.server.logged()
    assert not database.server.active()
    with pytest.raises(TimeoutError):
        warehouse.run("SELECT pg_sleep(5)", {}, 0.0)
    assert warehouse.run("SELECT 1 AS x", {}, 300_000_000.0).num_rows == 1


def test_a_deadline_that_is_over_before_the_statement_leaves_no_trace(warehouse: PostgreSQLWarehouse) -> None:
    for _ in range(20):
        with pytest.raises(TimeoutError):
            warehouse.run("SELECT pg_sleep(1)", {}, 0.001)
    assert warehouse.run("SELECT 1 AS x", {}, SECONDS).num_rows == 1


def test_cancel_ends_what_runs(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            warehouse.run(LONG, {}, SECONDS)
        except WarehouseError as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_until("the query", database.server.active)
    warehouse.cancel()
    thread.join(5)
    assert [type(error) for error in raised] == [WarehouseError]
    assert "somebody cancelled the query" in str(raised[0])
    assert not database.server.active()
    assert warehouse.run("SELECT 1 AS x", {}, SECONDS).num_rows == 1


def test_there_may_be_nothing_to_cancel_or_close(warehouse: PostgreSQLWarehouse) -> None:
    warehouse.cancel()
    warehouse.close()
    warehouse.run("SELECT 1 AS x", {}, SECONDS)
    warehouse.cancel()
    assert warehouse.run("SELECT 1 AS x", {}, SECONDS).num_rows == 1


def test_ctrl_c_ends_the_query_too(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    def interrupt() -> None:
        wait_until("the query", database.server.active)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        warehouse.run(LONG, {}, SECONDS)
    thread.join()
    assert not database.server.active()


def test_a_query_ends_soon_after_its_exporter_was_killed(database: Database) -> None:
    script = (
        "import sys\nfrom metrics_exporter.sources import open_warehouse\n"
        "open_warehouse(sys.argv[1], password=lambda: sys.argv[2]).run(sys.argv[3], {}, 300)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, database.url(), READER_PASSWORD, LONG])
    try:
        wait_until("the query", database.server.active)
    finally:
        process.kill()
        process.wait()
    wait_until("end of the query", lambda: not database.server.queries(), timeout=15)


def test_a_wide_result_is_made_by_the_column(warehouse: PostgreSQLWarehouse) -> None:
    grids: Any = warehouse.run(
        "SELECT i::text AS name, ARRAY(SELECT (i * g)::float8 FROM generate_series(1, 99) AS g) AS grid "
        "FROM generate_series(1, 2000) AS i",
        {},
        SECONDS,
    )
    assert grids.num_rows == 2000
    assert grids["grid"][1999].as_py() == [2000.0 * g for g in range(1, 100)]
