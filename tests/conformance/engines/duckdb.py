"""DuckDB: a database file, Parquet files, CSV files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import duckdb

from metrics_exporter.sources import Warehouse, open_warehouse
from tests.conformance.engine import Engine, Load
from tests.conformance.table import Ability, Table, Type

_NAMES = {
    Ability.TEXT: "VARCHAR",
    Ability.DOUBLE: "DOUBLE",
    Ability.FLOAT: "FLOAT",
    Ability.INTEGER: "INTEGER",
    Ability.BIGINT: "BIGINT",
    Ability.DECIMAL: "DECIMAL(18, 4)",
    Ability.BOOLEAN: "BOOLEAN",
    Ability.NAIVE_TIME: "TIMESTAMP",
    Ability.ZONED_TIME: "TIMESTAMPTZ",
    Ability.JSON: "JSON",
    Ability.LIST: "VARCHAR[]",
}


@contextmanager
def _database(folder: Path) -> Iterator[Load]:
    place = folder / "log.duckdb"

    def load(table: Table) -> Warehouse:
        with duckdb.connect(str(place)) as connection:
            connection.register("records", table.arrow())
            for schema in table.parts[:-1]:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}")
            name = ".".join(map(_quoted, table.parts))
            connection.execute(f"CREATE OR REPLACE TABLE {name} AS {_select(table)}")
        return open_warehouse(f"duckdb:{place}", threads=1)

    yield load


@contextmanager
def _files(folder: Path, suffix: str) -> Iterator[Load]:
    numbers = count()

    def load(table: Table) -> Warehouse:
        part = folder / str(next(numbers))
        part.mkdir()
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.register("records", table.arrow())
            connection.execute(f"COPY ({_select(table)}) TO '{part / f'part1{suffix}'}'")
        return open_warehouse(f"duckdb:{part}/*{suffix}", threads=1)

    yield load


def _select(table: Table) -> str:
    columns = ", ".join(
        f"CAST(c{place} AS {_type(column.type)}) AS {_quoted(column.name)}"
        for place, column in enumerate(table.columns)
    )
    return f"SELECT {columns} FROM records"


def _type(kind: Type) -> str:
    match kind.form:
        case Ability.MAP:
            return f"MAP(VARCHAR, {_type((kind.fields or {})['value'])})"
        case Ability.STRUCT:
            fields = ", ".join(f"{_quoted(name)} {_type(inner)}" for name, inner in (kind.fields or {}).items())
            return f"STRUCT({fields})"
    return _NAMES[kind.form]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_EVERYTHING = frozenset(Ability)

_DEVIATIONS = {
    "text of Python with escapes": "it leaves out the backslash of an escape, and reads \\n as n",
    "numbers with underscores": "1_000 is a number to DuckDB",
}
_AROUND_ATOMS = 0.03  # its digest draws a line from an atom to the next value

ENGINES = (
    Engine("duckdb", _EVERYTHING, _database, around_atoms=_AROUND_ATOMS, deviations=_DEVIATIONS),
    Engine(
        "duckdb-parquet",
        _EVERYTHING - {Ability.JSON_IN_MAP},
        lambda folder: _files(folder, ".parquet"),
        is_variant=True,
        around_atoms=_AROUND_ATOMS,
        deviations=_DEVIATIONS,
    ),
    # All is text there, so what has a type, or is one of many values, has to be text already.
    Engine(
        "duckdb-csv",
        _EVERYTHING
        - {Ability.LIST, Ability.MAP, Ability.STRUCT, Ability.FLOAT, Ability.DECIMAL, Ability.JSON_IN_MAP}
        - {Ability.NUMBERED_MODELS},
        lambda folder: _files(folder, ".csv"),
        is_variant=True,
        around_atoms=_AROUND_ATOMS,
        deviations=_DEVIATIONS,
    ),
)
