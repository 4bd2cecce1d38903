"""PostgreSQL: a real server of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from metrics_exporter.sources import Warehouse, open_warehouse
from tests.conformance.engine import Engine, Load
from tests.conformance.table import Ability, Column, Table
from tests.warehouses.postgresql.server import ADMIN, ADMIN_PASSWORD, Server, running

_NAMES = {
    Ability.TEXT: "text",
    Ability.DOUBLE: "float8",
    Ability.FLOAT: "float4",
    Ability.INTEGER: "int4",
    Ability.BIGINT: "int8",
    Ability.DECIMAL: "numeric(18, 4)",
    Ability.BOOLEAN: "boolean",
    Ability.NAIVE_TIME: "timestamp",
    Ability.ZONED_TIME: "timestamptz",
    Ability.JSON: "jsonb",
    Ability.LIST: "text[]",
    Ability.MAP: "hstore",
}


@contextmanager
def _server(_: Path) -> Iterator[Load]:
    with running() as server:
        server.ask("CREATE DATABASE log")
        with _connected(server) as connection:
            connection.execute("CREATE EXTENSION hstore")

        def load(table: Table) -> Warehouse:
            with _connected(server) as connection:
                _store(connection, table)
            login = f"{ADMIN}:{quote(ADMIN_PASSWORD)}"
            return open_warehouse(f"postgresql://{login}@127.0.0.1:{server.port}/log")

        yield load


def _connected(server: Server) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(
        host="127.0.0.1", port=server.port, dbname="log", user=ADMIN, password=ADMIN_PASSWORD, autocommit=True
    )


def _store(connection: psycopg.Connection[tuple[Any, ...]], table: Table) -> None:
    for schema in table.parts[:-1]:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    name = sql.Identifier(*table.parts)
    connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))
    types = [_type(connection, column, place) for place, column in enumerate(table.columns)]
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), kind)
        for column, kind in zip(table.columns, types, strict=True)
    ]
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(name, sql.SQL(", ").join(columns)))
    values = sql.SQL(", ").join(sql.SQL("CAST({} AS {})").format(sql.Placeholder(), kind) for kind in types)
    rows = zip(*(map(_written, [column] * len(column.values), column.values) for column in table.columns), strict=True)
    target = name.as_string(connection).replace("%", "%%")  # which is no parameter
    statement = f"INSERT INTO {target} VALUES ({values.as_string(connection)})"
    with connection.cursor() as cursor:
        cursor.executemany(statement.encode(), list(rows))


def _type(connection: psycopg.Connection[tuple[Any, ...]], column: Column, place: int) -> sql.Composable:
    """The type's name; a composite type is made anew."""
    if column.type.form is not Ability.STRUCT:
        return sql.SQL(_NAMES[column.type.form])  # type: ignore[arg-type]
    name = sql.Identifier(f"struct_{place}")
    fields = [
        sql.SQL("{} {}").format(sql.Identifier(field), sql.SQL(_NAMES[kind.form]))  # type: ignore[arg-type]
        for field, kind in (column.type.fields or {}).items()
    ]
    connection.execute(sql.SQL("DROP TYPE IF EXISTS {} CASCADE").format(name))
    connection.execute(sql.SQL("CREATE TYPE {} AS ({})").format(name, sql.SQL(", ").join(fields)))
    return name


def _written(column: Column, value: Any) -> Any:
    match column.type.form:
        case Ability.MAP if value is not None:
            return ", ".join(f"{_quoted(name)} => {_quoted(_text(item))}" for name, item in value.items())
        case Ability.STRUCT if value is not None:
            return _composite([value.get(name) for name in column.type.fields or {}])
    return value


def _text(value: Any) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(text: str | None) -> str:
    return "NULL" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _composite(values: Sequence[Any]) -> str:
    return "(" + ",".join("" if value is None else _quoted(_text(value)) for value in values) + ")"


_CAN = frozenset(Ability) - {Ability.JSON_IN_MAP, Ability.JSON_AS_WRITTEN, Ability.PYTHON_TEXT}

_DEVIATIONS = {
    "text of objects that others than JSON write": "text is read as JSON alone",
    "a name twice, json text": "of a name that JSON has twice, jsonb keeps the last value",
}

ENGINES = (
    Engine(
        "postgresql",
        _CAN,
        _server,
        is_server=True,
        small_models=0.01,
        counts_undated=False,
        deviations=_DEVIATIONS,
    ),
)
