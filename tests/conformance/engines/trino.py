"""Trino: a real server of the tests' own, its tables in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from metrics_exporter.sources import Warehouse, open_warehouse
from tests.conformance.engine import Engine, Load
from tests.conformance.table import Ability, Table, Type
from tests.warehouses.trino.server import ask, running

_NAMES = {
    Ability.TEXT: "varchar",
    Ability.DOUBLE: "double",
    Ability.FLOAT: "real",
    Ability.INTEGER: "integer",
    Ability.BIGINT: "bigint",
    Ability.DECIMAL: "decimal(18, 4)",
    Ability.BOOLEAN: "boolean",
    Ability.NAIVE_TIME: "timestamp(6)",
    Ability.ZONED_TIME: "timestamp(6) with time zone",
    Ability.LIST: "array(varchar)",
}
# Of other values, what str() writes differently.
_SPECIAL = {"True": "true", "False": "false", "inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}


@contextmanager
def _server(folder: Path) -> Iterator[Load]:
    with running(folder) as port:

        def load(table: Table) -> Warehouse:
            for schema in table.parts[:-1]:
                ask(port, f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}")
            name = ".".join(map(_quoted, table.parts))
            columns = ", ".join(f"{_quoted(column.name)} {_type(column.type)}" for column in table.columns)
            ask(port, f"DROP TABLE IF EXISTS {name}")
            ask(port, f"CREATE TABLE {name} ({columns})")
            if table.columns[0].values:
                ask(port, f"INSERT INTO {name} {_rows(table)}")
            return open_warehouse(f"trino://driftgauge@127.0.0.1:{port}/memory/default")

        yield load


def _type(kind: Type) -> str:
    match kind.form:
        case Ability.MAP:
            return f"map(varchar, {_type((kind.fields or {})['value'])})"
        case Ability.STRUCT:
            fields = ", ".join(f"{_quoted(name)} {_type(inner)}" for name, inner in (kind.fields or {}).items())
            return f"row({fields})"
    return _NAMES[kind.form]


def _rows(table: Table) -> str:
    """A SELECT of all rows, from one text in JSON that holds each value as text: Trino plans it fast."""
    types = [column.type for column in table.columns]
    rows = zip(*(column.values for column in table.columns), strict=True)
    written = [[_written(value, kind) for value, kind in zip(row, types, strict=True)] for row in rows]
    fields = ", ".join(f"c{place} {_as_text(kind)}" for place, kind in enumerate(types))
    casts = ", ".join(f"CAST(c{place} AS {_type(kind)})" for place, kind in enumerate(types))
    packed = f"CAST(json_parse({_text(json.dumps(written))}) AS array(row({fields})))"
    return f"SELECT {casts} FROM UNNEST({packed})"


def _as_text(kind: Type) -> str:
    """The type with text in all places."""
    match kind.form:
        case Ability.MAP:
            return "map(varchar, varchar)"
        case Ability.LIST:
            return "array(varchar)"
        case Ability.STRUCT:
            return f"row({', '.join(f'f{place} {_as_text(inner)}' for place, inner in enumerate(_inner(kind)))})"
    return "varchar"


def _inner(kind: Type) -> Iterable[Type]:
    return (kind.fields or {}).values()


def _written(value: Any, kind: Type) -> Any:
    if value is None:
        return None
    match kind.form:
        case Ability.MAP:
            return {name: _written(item, *_inner(kind)) for name, item in value.items()}
        case Ability.STRUCT:
            return [_written(value.get(name), inner) for name, inner in (kind.fields or {}).items()]
        case Ability.NAIVE_TIME | Ability.ZONED_TIME:
            return value.isoformat(sep=" ", timespec="microseconds").replace("+", " +")
    return value if isinstance(value, list) else _SPECIAL.get(str(value), str(value))


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# The memory connector stores no JSON, and lowers the names of columns.
_CAN = frozenset(Ability) - {Ability.JSON, Ability.JSON_IN_MAP, Ability.JSON_AS_WRITTEN, Ability.PYTHON_TEXT}

_COLUMNS = "names of columns have no case"

_DEVIATIONS = {
    "text of objects that others than JSON write": "text is read as JSON alone",
    "a name twice, json text": "of a name that JSON has twice, a path keeps the last value",
    "text of every sort, text columns": _COLUMNS,
    "features with hostile names, columns": _COLUMNS,
    "features with hostile names, struct": "names of fields have no dot",
    "names of hundreds of thousands of characters": "names in JSON end at 50,000 characters; such a row is unreadable",
}

ENGINES = (
    Engine(
        "trino",
        _CAN,
        _server,
        is_server=True,
        rank_error=0.04,
        around_atoms=0.04,
        small_models=0.04,
        sure_atoms=0.15,
        interpolates=True,
        counts_undated=False,
        deviations=_DEVIATIONS,
    ),
)
