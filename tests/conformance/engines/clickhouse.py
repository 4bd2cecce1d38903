"""ClickHouse: a real server of the tests' own, over its HTTP interface."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

from metrics_exporter.sources import Warehouse, open_warehouse
from tests.conformance.engine import Engine, Load
from tests.conformance.table import Ability, Column, Table, Type
from tests.warehouses.clickhouse.server import ask, running

_NAMES = {
    Ability.TEXT: "Nullable(String)",
    Ability.DOUBLE: "Nullable(Float64)",
    Ability.FLOAT: "Nullable(Float32)",
    Ability.INTEGER: "Nullable(Int32)",
    Ability.BIGINT: "Nullable(Int64)",
    Ability.DECIMAL: "Nullable(Decimal(18, 4))",
    Ability.BOOLEAN: "Nullable(Bool)",
    Ability.NAIVE_TIME: "Nullable(DateTime64(6))",  # in the server's zone, which is UTC
    Ability.ZONED_TIME: "Nullable(DateTime64(6, 'UTC'))",
    Ability.JSON: "Nullable(JSON)",
    Ability.LIST: "Array(String)",
}


@contextmanager
def _server(folder: Path) -> Iterator[Load]:
    with running(folder) as port:

        def load(table: Table) -> Warehouse:
            for schema in table.parts[:-1]:
                ask(port, f"CREATE DATABASE IF NOT EXISTS {_quoted(schema)}")
            name = ".".join(map(_quoted, ("log", *table.parts)[-2:]))
            columns = ", ".join(f"{_quoted(column.name)} {_column(column)}" for column in table.columns)
            ask(port, f"CREATE OR REPLACE TABLE {name} ({columns}) ENGINE = MergeTree ORDER BY ()")
            ask(port, f"INSERT INTO {name} FORMAT JSONCompactEachRow\n{_rows(table)}")
            return open_warehouse(f"clickhouse://default@127.0.0.1:{port}/log")

        yield load


def _column(column: Column) -> str:
    """The type of a column; one of JSON takes objects alone."""
    is_json = column.type.form is Ability.JSON
    if is_json and not all(_is_object(value) for value in column.values if value is not None):
        return _NAMES[Ability.TEXT]
    return _type(column.type)


def _type(kind: Type) -> str:
    match kind.form:
        case Ability.MAP:
            return f"Map(String, {_type((kind.fields or {})['value'])})"
        case Ability.STRUCT:
            fields = ", ".join(f"{_quoted(name)} {_type(inner)}" for name, inner in (kind.fields or {}).items())
            return f"Tuple({fields})"
    return _NAMES[kind.form]


def _rows(table: Table) -> str:
    types = [column.type for column in table.columns]
    rows = zip(*(column.values for column in table.columns), strict=True)
    return "\n".join(f"[{', '.join(map(_written, row, types))}]" for row in rows)


def _written(value: Any, kind: Type) -> str:
    """A value as JSON."""
    match kind.form:
        case Ability.MAP:  # an array, a map and a tuple are never NULL
            inner = (kind.fields or {})["value"]
            return _object((name, _written(item, inner)) for name, item in (value or {}).items())
        case Ability.STRUCT:
            fields = kind.fields or {}
            return _object((name, _written((value or {}).get(name), inner)) for name, inner in fields.items())
        case Ability.LIST:
            return json.dumps(value or [])
        case Ability.JSON if value is not None and _is_object(value):
            return str(value)
    return json.dumps(None if value is None else _plain(value, kind.form))


def _plain(value: Any, form: Ability) -> Any:
    match form:
        case Ability.NAIVE_TIME | Ability.ZONED_TIME:
            return f"{value.astimezone(UTC) if value.tzinfo else value:%Y-%m-%d %H:%M:%S.%f}"
        case Ability.DECIMAL | Ability.DOUBLE | Ability.FLOAT:
            return str(value)
    return value


def _object(items: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in items) + "}"


def _is_object(value: str) -> bool:
    return isinstance(json.loads(value), dict)


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


_CAN = frozenset(Ability) - {Ability.JSON_IN_MAP, Ability.JSON_AS_WRITTEN, Ability.PYTHON_TEXT}

_DEVIATIONS = {
    "a name twice, json text": "of a name that JSON has twice, the first value counts",
    "features with hostile names, json": "a dot in a name of a JSON column makes a path",
    "text of objects that others than JSON write": "text is read as JSON alone",
    "columns of any type where there is no value": "an array is never NULL",
    "features with hostile names, struct": "no field of a tuple can be called null",
}

ENGINES = (
    Engine(
        "clickhouse",
        _CAN,
        _server,
        is_server=True,
        small_models=0.01,
        counts_undated=False,
        deviations=_DEVIATIONS,
    ),
)
