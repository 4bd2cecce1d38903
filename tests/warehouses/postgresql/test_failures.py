"""What a server and a network can do to a scan: a plain message that names the fix, and the next scan works."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from metrics_exporter.sources import Access, WarehouseError, postgresql
from metrics_exporter.sources.postgresql import PostgreSQLWarehouse, connect
from tests.real_parts import free_port, wait_until
from tests.warehouses.postgresql.conftest import Database
from tests.warehouses.postgresql.server import ADMIN, ADMIN_PASSWORD, READER, READER_PASSWORD
from tests.warehouses.postgresql.test_statements import LONG, SECONDS
from tests.warehouses.proxy import proxy


def _fails(warehouse: PostgreSQLWarehouse, statement: str = "SELECT 1 AS x", seconds: float = SECONDS) -> str:
    with pytest.raises(WarehouseError) as caught:
        warehouse.run(statement, {}, seconds)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _works(warehouse: PostgreSQLWarehouse) -> bool:
    return warehouse.run("SELECT 1 AS x", {}, SECONDS).num_rows == 1


@contextmanager
def _meanwhile(action: Callable[[], object], database: Database) -> Iterator[None]:
    """Do something as soon as a query runs."""

    def act() -> None:
        wait_until("the query", database.server.active)
        action()

    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()


def test_a_server_that_stops_and_returns(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    assert _works(warehouse)
    database.server.stop()
    try:
        message = _fails(warehouse)
        assert message.startswith(f"postgresql://127.0.0.1:{database.server.port}/{database.name}: can't connect (")
        assert message.endswith("; see that the server runs there and can be reached from here")
    finally:
        database.server.start()
    assert _works(warehouse)


def test_a_server_that_stops_in_a_query(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    try:
        with _meanwhile(database.server.stop, database):
            message = _fails(warehouse, LONG)
    finally:
        database.server.start()
    assert message == ("terminating connection due to administrator command; wait until the server is up again")
    assert _works(warehouse)


def _terminate(database: Database) -> None:
    database.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'driftgauge'")


def test_a_backend_that_is_terminated_in_a_query(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    with _meanwhile(lambda: _terminate(database), database):
        message = _fails(warehouse, LONG)
    assert message.startswith("terminating connection due to administrator command; ")
    assert _works(warehouse)


def test_an_idle_connection_that_was_closed_is_replaced_unseen(
    database: Database, warehouse: PostgreSQLWarehouse
) -> None:
    assert _works(warehouse)
    _terminate(database)
    wait_until("end of the connection", lambda: not database.server.queries())
    assert _works(warehouse)


def test_a_connection_that_is_cut_in_a_query(database: Database) -> None:
    with proxy(database.server.port) as line:
        warehouse = database.open(port=line.port)
        with _meanwhile(line.cut, database):
            message = _fails(warehouse, LONG)
        assert message.endswith("; the connection was lost; see that the server runs and can be reached from here")
        assert _works(warehouse)
        warehouse.close()


def test_a_server_that_accepts_and_never_answers(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        warehouse = database.open(port=silent.getsockname()[1])
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            warehouse.columns("log", 1.0)
        assert time.monotonic() - began < 4
        monkeypatch.setattr(postgresql, "_CONNECT_SECONDS", 2)
        assert _fails(warehouse).endswith("see that the server answers, and that no firewall is in the way")
        assert time.monotonic() - began < 8


@pytest.mark.parametrize("statement", ["SELECT 1 AS x", LONG])
def test_a_network_that_stops_forwarding(database: Database, statement: str) -> None:
    with proxy(database.server.port) as line:
        warehouse = database.open(port=line.port)
        assert _works(warehouse)
        if statement == LONG:
            threading.Timer(0.3, line.freeze).start()
        else:
            line.freeze()
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            warehouse.run(statement, {}, 1.0)
        assert time.monotonic() - began < 5
        wait_until("the server's own end of it", lambda: not database.server.active(), timeout=5)
        line.flows.set()
        assert _works(warehouse)
        warehouse.close()


def test_a_permission_that_is_lost(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    database.ask("CREATE TABLE log (x int)")
    warehouse.run("SELECT x FROM log", {}, SECONDS)
    database.ask(f"REVOKE SELECT ON log FROM {READER}")
    assert _fails(warehouse, "SELECT x FROM log") == (
        "permission denied for table log; have its owner run GRANT SELECT ON the table, "
        "and GRANT USAGE ON its SCHEMA, TO the exporter's role"
    )
    database.ask(f"GRANT SELECT ON log TO {READER}")
    assert warehouse.run("SELECT x FROM log", {}, SECONDS).num_rows == 0


def test_a_table_that_is_dropped_and_a_column_that_is_renamed(
    database: Database, warehouse: PostgreSQLWarehouse
) -> None:
    database.ask("CREATE TABLE log (x int)")
    assert [*warehouse.columns("log", SECONDS)] == ["x"]
    database.ask("ALTER TABLE log RENAME COLUMN x TO y")
    assert _fails(warehouse, "SELECT x FROM log") == (
        'column "x" does not exist; the column was renamed or dropped; name it in the registry (logs: columns)'
    )
    assert [*warehouse.columns("log", SECONDS)] == ["y"]
    database.ask("DROP TABLE log")
    assert _fails(warehouse, "SELECT y FROM log") == (
        'relation "log" does not exist; the table was renamed or dropped; name it in the registry (logs: table)'
    )


def test_a_lock_is_not_waited_for_until_the_deadline(
    database: Database, warehouse: PostgreSQLWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.ask("CREATE TABLE log (x int)")
    monkeypatch.setattr(postgresql, "_SETTINGS", postgresql._SETTINGS.replace("'10s'", "'200ms'"))
    with psycopg.connect(
        host="127.0.0.1", port=database.server.port, dbname=database.name, user=ADMIN, password=ADMIN_PASSWORD
    ) as owner:
        owner.execute("LOCK TABLE log IN ACCESS EXCLUSIVE MODE")
        assert _fails(warehouse, "SELECT x FROM log").endswith(
            "lock timeout; let go of what locks the table, such as ALTER TABLE or VACUUM FULL"
        )


def test_a_value_that_no_type_takes(warehouse: PostgreSQLWarehouse) -> None:
    assert _fails(warehouse, "SELECT 1 / 0 AS x") == "division by zero; see to the values in the log"
    assert _works(warehouse)


def test_files_beyond_what_the_role_may_write(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    database.ask(f"ALTER ROLE {READER} IN DATABASE {database.name} SET temp_file_limit = '1MB'")
    database.ask(f"ALTER ROLE {READER} IN DATABASE {database.name} SET work_mem = '64kB'")
    message = _fails(warehouse, "SELECT i FROM generate_series(1, 1000000) AS i ORDER BY -i OFFSET 999999")
    assert message.startswith("temporary file size exceeds temp_file_limit (1024kB); give the server more memory, disk")


@pytest.mark.parametrize(
    ("spoil", "words", "advice"),
    [
        (f"ALTER ROLE {READER} CONNECTION LIMIT 0", "too many connections for role", "raise max_connections"),
        (f"ALTER ROLE {READER} NOLOGIN", "is not permitted to log in", "correct the user in the URL, or create"),
        (
            "REVOKE CONNECT ON DATABASE {name} FROM PUBLIC",
            "permission denied for database",
            "GRANT CONNECT ON DATABASE … TO the exporter's role",
        ),
    ],
)
def test_a_role_that_may_not_connect(database: Database, spoil: str, words: str, advice: str) -> None:
    database.ask(spoil.format(name=database.name))
    try:
        message = _fails(database.open())
    finally:
        database.ask(f"ALTER ROLE {READER} CONNECTION LIMIT -1 LOGIN")
    assert words in message
    assert advice in message


@pytest.mark.parametrize(
    ("url", "words", "advice"),
    [
        ("postgresql://driftgauge@127.0.0.1:{port}/nowhere", 'database "nowhere" does not', "correct the database in"),
        ("postgresql://nobody@127.0.0.1:{port}/postgres", "authentication failed", "set warehouse_password_file or"),
        ("postgresql://u@127.0.0.1:{closed}/postgres", "refused", "see that the server runs there"),
        ("postgresql://u@nowhere.invalid/postgres", "nowhere.invalid", "correct the host in the URL"),
        ("postgresql://u@127.0.0.1:{port}/x?sslmode=verify-full", "certificate", "see to sslmode and sslrootcert in"),
    ],
)
def test_a_url_that_leads_nowhere(database: Database, url: str, words: str, advice: str) -> None:
    address = url.format(port=database.server.port, closed=free_port())
    message = _fails(connect(Access(address, lambda: READER_PASSWORD)))
    assert words in message
    assert advice in message
