"""PostgreSQL: tables, views, materialized views, foreign tables and partitions of one database."""

from __future__ import annotations

import math
import os
import re
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from metrics_exporter.sources import Access, WarehouseError
from metrics_exporter.sources.calls import call
from metrics_exporter.sources.log_shape import ColumnType, Form, no_table, table_parts
from metrics_exporter.urls import scrubbed, shown, without

_CONNECT_SECONDS = 10
_GRACE_SECONDS = 0.5  # the server's own deadline comes first
_CANCEL_SECONDS = 1.0  # a server that answers at all has cancelled by then
_MOST_MILLISECONDS = 2**31 - 1
# What the URL or libpq's variables don't say. A dead peer is noticed within a minute.
_CONNECTION = {
    "fallback_application_name": "driftgauge",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
# For the transaction alone, so that a pooler's connection is handed on as it was. Where the client is gone, the server
# ends the query by itself (from 14 on, on Linux).
_SETTINGS = """\
SELECT pg_catalog.set_config(name, value, true) FROM (VALUES
  ('statement_timeout', %(timeout)s), ('lock_timeout', '10s'), ('jit', 'off'), ('TimeZone', 'UTC'),
  ('client_connection_check_interval', '5s')
) AS setting (name, value)
WHERE name <> 'client_connection_check_interval'
OR pg_catalog.current_setting('server_version_num')::int >= 140000 AND pg_catalog.version() LIKE '%%linux%%'"""

_RELATION = """\
SELECT oid::int8 FROM pg_catalog.pg_class
WHERE oid = pg_catalog.to_regclass(%(name)s) AND relkind IN ('r', 'p', 'v', 'm', 'f')"""
_RELATIONS = """\
SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN '' ELSE n.nspname || '.' END || c.relname AS name
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
ORDER BY 1 LIMIT 10000"""
# A row a column, and a field of a composite type, at any depth; a domain is what it is made of.
_COLUMNS = """\
WITH RECURSIVE tree (path, place, shown, type, modifier) AS (
  SELECT ARRAY[attname::text], ARRAY[attnum], pg_catalog.format_type(atttypid, atttypmod), atttypid, atttypmod
  FROM pg_catalog.pg_attribute WHERE attrelid = %(relation)s AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT step.* FROM tree JOIN pg_catalog.pg_type AS t ON t.oid = tree.type CROSS JOIN LATERAL (
    SELECT tree.path, tree.place, tree.shown, t.typbasetype, t.typtypmod WHERE t.typtype = 'd'
    UNION ALL
    SELECT tree.path || a.attname::text, tree.place || a.attnum, pg_catalog.format_type(a.atttypid, a.atttypmod),
      a.atttypid, a.atttypmod
    FROM pg_catalog.pg_attribute AS a
    WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS step
)
SELECT path, shown, t.typname::text AS name, t.typcategory::text AS category, modifier
FROM tree JOIN pg_catalog.pg_type AS t ON t.oid = tree.type WHERE t.typtype <> 'd' ORDER BY place"""

_FORMS = {
    **dict.fromkeys(("int2", "int4", "int8", "float4", "float8", "numeric"), Form.NUMBER),
    **dict.fromkeys(("date", "timestamp"), Form.NAIVE_TIME),
    **dict.fromkeys(("json", "jsonb"), Form.JSON),
    "timestamptz": Form.ZONED_TIME,
    "hstore": Form.MAP,
}
_CATEGORIES = {"S": Form.TEXT, "E": Form.TEXT, "B": Form.TRUTH, "A": Form.LIST, "C": Form.STRUCT}
_DOUBLE_DIGITS = 15
_ARROW = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "numeric": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
}

_UNREADABLE = (
    "the warehouse URL can't be read; write it as postgresql://user@host:5432/database, with %40 for an @ "
    "in a user's name or password, %2F for a / and %25 for a %"
)
# The server's own words, by what they say or the code that comes with them, and what to do.
_UNCONNECTED = (
    (r"authentication failed|no password", "set warehouse_password_file or DRIFTGAUGE_WAREHOUSE_PASSWORD"),
    (r"database .* does not exist", "correct the database in the URL"),
    (r"role .* does not exist|not permitted to log in", "correct the user in the URL, or create the role"),
    (r"pg_hba\.conf", "let the server's pg_hba.conf admit this machine, or set sslmode in the URL"),
    (r"CONNECT privilege|permission denied for database", "GRANT CONNECT ON DATABASE … TO the exporter's role"),
    (r"too many|connection slots", "raise max_connections or the role's limit, or use a pooler"),
    (r"starting up|shutting down|recovery", "wait until the server is up"),
    (r"translate host name|resolve host", "correct the host in the URL"),
    (r"SSL|certificate", "see to sslmode and sslrootcert in the URL"),
    (r"timeout expired", "see that the server answers, and that no firewall is in the way"),
)
_UNREACHABLE = "see that the server runs there and can be reached from here"
_ADVICE = {
    "08": "see that the server runs and can be reached from here",
    "22": "see to the values in the log",
    "40001": "read from the primary, or set hot_standby_feedback on the standby",
    "42501": "have its owner run GRANT SELECT ON the table, and GRANT USAGE ON its SCHEMA, TO the exporter's role",
    "42703": "the column was renamed or dropped; name it in the registry (logs: columns)",
    "42P01": "the table was renamed or dropped; name it in the registry (logs: table)",
    "53": "give the server more memory, disk or connections, or read less at a time",
    "55P03": "let go of what locks the table, such as ALTER TABLE or VACUUM FULL",
    "57014": "somebody cancelled the query, or the server's limits did",
    "57P": "wait until the server is up again",
}
_LOST = "the connection was lost; see that the server runs and can be reached from here"

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]
Cursor = psycopg.Cursor[tuple[Any, ...]]


def connect(access: Access) -> PostgreSQLWarehouse:
    """The warehouse behind a URL as libpq reads it, such as `postgresql://user@host/database?sslmode=require`.

    Raises:
        WarehouseError: libpq would not read it as it is meant.
    """
    scheme, _, place = access.url.partition(":")
    try:
        parameters = conninfo_to_dict(f"{scheme.partition('+')[0].lower()}:{place}")
    except psycopg.Error:  # the message has parts of the URL
        raise WarehouseError(_UNREADABLE) from None
    parts = {name: str(parameters.get(name) or "") for name in ("host", "port", "dbname")}
    if any("@" in part for part in parts.values()) or not re.fullmatch(r"[\d,]*", parts["port"]):
        raise WarehouseError(_UNREADABLE)  # libpq would look for a host that is the end of a password
    return PostgreSQLWarehouse(access, parameters)


class PostgreSQLWarehouse:
    """Prediction logs in a PostgreSQL database.

    A statement names its parameters `%(name)s`, and a `%` of its own is written `%%`. What it counts comes as the types
    of its columns say, a numeric as a double; a numeric[] it casts to float8[] itself.
    """

    dialect = "postgresql"

    def __init__(self, access: Access, parameters: Mapping[str, Any]):
        """Connect at the first question.

        Args:
            access: the URL, for messages, and the password.
            parameters: of the connection, as libpq names them.
        """
        self._access = access
        self._parameters = {**_CONNECTION, **parameters, "client_encoding": "utf8"}
        self._connection: Connection | None = None
        self._asked: float | None = None

    def columns(self, table: str, timeout_seconds: float) -> dict[str, ColumnType]:
        """See Warehouse.columns."""
        return self._within(timeout_seconds, lambda cursor: _columns(cursor, table))

    def run(self, statement: str, parameters: Mapping[str, Any], timeout_seconds: float) -> pa.Table:
        """See Warehouse.run."""
        return self._within(timeout_seconds, lambda cursor: _table(cursor, statement, parameters))

    def cancel(self) -> None:
        """See Warehouse.cancel."""
        connection = self._connection
        if connection is not None:
            with suppress(psycopg.Error):  # it has ended, or can't be reached
                connection.cancel_safe(timeout=_CANCEL_SECONDS)

    def close(self) -> None:
        """See Warehouse.close."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _within(self, timeout_seconds: float, work: Callable[[Cursor], T]) -> T:
        deadline = time.monotonic() + timeout_seconds
        self._asked = None
        try:
            return call(
                lambda: self._in_transaction(work, deadline),
                timeout_seconds + _GRACE_SECONDS,
                self._end,
                shown(self._access.url),
            )
        except psycopg.errors.QueryCanceled as error:
            if time.monotonic() >= deadline:
                raise TimeoutError from None
            raise self._explained(error) from None
        except psycopg.Error as error:
            raise self._explained(error) from None

    def _end(self) -> None:
        """Have the server end what it does; on one that doesn't, hang up."""
        if self._asked is None:
            self._asked = time.monotonic()
            self.cancel()
        elif self._connection is not None and time.monotonic() > self._asked + _CANCEL_SECONDS:
            _hang_up(self._connection)

    def _in_transaction(self, work: Callable[[Cursor], T], deadline: float) -> T:
        connection = self._begun(deadline)
        try:
            return work(connection.cursor(binary=True))
        finally:
            with suppress(psycopg.Error):  # it is lost, and the next question connects anew
                connection.rollback()

    def _begun(self, deadline: float) -> Connection:
        """A connection in a read-only transaction with the settings; a new one where the one there is has been lost."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                return _begin(self._connection, deadline)
            self.close()
        self._connection = self._connect(deadline)
        return _begin(self._connection, deadline)

    def _connect(self, deadline: float) -> Connection:
        parameters = dict(self._parameters)
        password = self._access.login()
        if password is not None:
            parameters["password"] = password
        hosts = str(parameters.get("host") or "").count(",") + 1
        left = math.ceil((deadline - time.monotonic()) / hosts)
        parameters["connect_timeout"] = max(1, min(left, _CONNECT_SECONDS))
        try:
            connection = psycopg.connect(**parameters, prepare_threshold=None)
        except psycopg.Error as error:
            if time.monotonic() >= deadline:
                raise TimeoutError from None
            raise self._unconnected(error) from None
        connection.read_only = True
        return connection

    def _unconnected(self, error: psycopg.Error) -> WarehouseError:
        words = self._words(str(error))
        advice = next((advice for pattern, advice in _UNCONNECTED if re.search(pattern, words)), _UNREACHABLE)
        return WarehouseError(f"{shown(self._access.url)}: can't connect ({words}); {advice}")

    def _explained(self, error: psycopg.Error) -> WarehouseError:
        words, code = self._words(error.diag.message_primary or str(error)), error.sqlstate or ""
        advice = next((_ADVICE[code[:size]] for size in (5, 3, 2) if code[:size] in _ADVICE), "" if code else _LOST)
        return WarehouseError("; ".join(filter(None, (words, advice))))

    def _words(self, text: str) -> str:
        """What the driver or the server says, on one line, without the secrets that are known here."""
        known = (os.environ.get("PGPASSWORD"), self._parameters.get("password"), self._known_password())
        hidden = sorted(filter(None, known), key=len, reverse=True)
        return " ".join(without(scrubbed(text, self._access.url), hidden).split())

    def _known_password(self) -> str | None:
        try:
            return self._access.login()
        except WarehouseError:
            return None


def _hang_up(connection: Connection) -> None:
    """Have both sides of a connection see its end, whatever they wait for."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def _begin(connection: Connection, deadline: float) -> Connection:
    milliseconds = math.ceil((deadline - time.monotonic()) * 1000)
    connection.execute(_SETTINGS, {"timeout": str(max(1, min(milliseconds, _MOST_MILLISECONDS)))})  # 0 is no deadline
    return connection


def _columns(cursor: Cursor, table: str) -> dict[str, ColumnType]:
    *database, schema, name = ("", "", *table_parts(table))[-3:]
    relation = None
    if database in ([""], [cursor.connection.info.dbname]) and len(table_parts(table)) <= 3:
        quoted = sql.Identifier(*filter(None, (schema, name))).as_string(cursor)
        relation = cursor.execute(_RELATION, {"name": quoted}).fetchone()
    if relation is None:
        raise no_table(table, [name for (name,) in cursor.execute(_RELATIONS)])
    rows = [_Row(*row) for row in cursor.execute(_COLUMNS, {"relation": relation[0]})]
    return _fields(rows, [])


class _Row(NamedTuple):
    """A column, or a field of one."""

    path: list[str]
    shown: str
    type: str
    category: str
    modifier: int


def _fields(rows: Sequence[_Row], path: list[str]) -> dict[str, ColumnType]:
    return {row.path[-1]: _column_type(row, rows) for row in rows if row.path[:-1] == path}


def _column_type(row: _Row, rows: Sequence[_Row]) -> ColumnType:
    form = _FORMS.get(row.type) or _CATEGORIES.get(row.category, Form.OTHER)
    fields = _fields(rows, row.path) if form is Form.STRUCT else {}
    return ColumnType(
        shown=row.shown,
        form=form,
        is_long=row.type == "int8" or (row.type == "numeric" and _digits(row.modifier) > _DOUBLE_DIGITS),
        fields={"value": ColumnType("text", Form.TEXT)} if form is Form.MAP else fields,
    )


def _digits(modifier: int) -> float:
    """How many a numeric may have; one without a modifier has no bound."""
    return (modifier - 4) >> 16 & 0xFFFF if modifier >= 0 else math.inf


def _table(cursor: Cursor, statement: str, parameters: Mapping[str, Any]) -> pa.Table:
    rows = cursor.execute(statement.encode(), dict(parameters)).fetchall()
    described = cursor.description or ()
    columns = zip(*rows, strict=True) if rows else [()] * len(described)
    arrays = [_array(column, values, cursor) for column, values in zip(described, columns, strict=True)]
    return pa.Table.from_arrays(arrays, [column.name for column in described])


def _array(column: psycopg.Column, values: Sequence[Any], cursor: Cursor) -> pa.Array:
    info = cursor.adapters.types.get(column.type_code)
    item = _ARROW.get(info.name, pa.string()) if info else pa.string()
    if info and info.array_oid == column.type_code:
        return pa.array(values, pa.list_(item))
    if info and info.name == "numeric":  # of decimals, Arrow makes no doubles
        return pa.array([None if value is None else float(value) for value in values], item)
    return pa.array(values, item)
