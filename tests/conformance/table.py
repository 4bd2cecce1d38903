"""A log's table in a neutral form: what an engine has to store, whatever it calls its types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pyarrow as pa


class Ability(StrEnum):
    """What an engine can store; a case is skipped where it needs one that the engine has not."""

    # Types of columns, which a table says by itself that it needs.
    TEXT = "text"
    DOUBLE = "double"
    FLOAT = "float"
    INTEGER = "integer"
    BIGINT = "bigint"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    NAIVE_TIME = "time without a zone"
    ZONED_TIME = "time with a zone"
    JSON = "json"
    LIST = "list"
    MAP = "map"
    STRUCT = "struct"
    # What only the case can say.
    JSON_AS_WRITTEN = "json that keeps names twice"
    JSON_IN_MAP = "json in a map"
    PYTHON_TEXT = "features as text that Python wrote"
    NAMED_SCHEMA = "table in a schema of any name"
    ANY_TABLE_NAME = "any table name"
    ANY_COLUMN_NAME = "any column name"
    NUMBERED_MODELS = "ids of models that are numbers"


@dataclass(frozen=True)
class Type:
    """The type of a column.

    Attributes:
        form: what it is.
        fields: of a STRUCT, by name; of a MAP, its values' type as `value`. Keys of maps and items of lists are text.
    """

    form: Ability
    fields: Mapping[str, Type] | None = None

    @property
    def needs(self) -> Iterator[Ability]:
        """What an engine must be able to store."""
        yield self.form
        for inner in (self.fields or {}).values():
            yield from inner.needs
            if self.form is Ability.MAP and inner.form is Ability.JSON:
                yield Ability.JSON_IN_MAP

    def arrow(self) -> pa.DataType:
        """The same for pyarrow; JSON is text to it."""
        match self.form:
            case Ability.MAP:
                return pa.map_(pa.string(), (self.fields or {})["value"].arrow())
            case Ability.STRUCT:
                return pa.struct([(name, inner.arrow()) for name, inner in (self.fields or {}).items()])
        return _ARROW[self.form]


_ARROW = {
    Ability.TEXT: pa.string(),
    Ability.JSON: pa.string(),
    Ability.DOUBLE: pa.float64(),
    Ability.FLOAT: pa.float32(),
    Ability.INTEGER: pa.int32(),
    Ability.BIGINT: pa.int64(),
    Ability.DECIMAL: pa.decimal128(18, 4),
    Ability.BOOLEAN: pa.bool_(),
    Ability.NAIVE_TIME: pa.timestamp("us"),
    Ability.ZONED_TIME: pa.timestamp("us", "UTC"),
    Ability.LIST: pa.list_(pa.string()),
}

TEXT = Type(Ability.TEXT)
DOUBLE = Type(Ability.DOUBLE)
FLOAT = Type(Ability.FLOAT)
INTEGER = Type(Ability.INTEGER)
BIGINT = Type(Ability.BIGINT)
DECIMAL = Type(Ability.DECIMAL)
BOOLEAN = Type(Ability.BOOLEAN)
NAIVE_TIME = Type(Ability.NAIVE_TIME)
ZONED_TIME = Type(Ability.ZONED_TIME)
JSON = Type(Ability.JSON)
LIST = Type(Ability.LIST)


def map_of(value: Type) -> Type:
    """A MAP from text."""
    return Type(Ability.MAP, {"value": value})


@dataclass(frozen=True)
class Column:
    """A column, and what each row has in it.

    JSON comes as its text, a time without a zone as a naive datetime in UTC, one with a zone as an aware one.
    """

    name: str
    type: Type
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """A table to be stored.

    Attributes:
        parts: of its qualified name; a schema before it is to be created.
        columns: in order, all of one length.
    """

    parts: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def needs(self) -> frozenset[Ability]:
        """What an engine must be able to store."""
        return frozenset(need for column in self.columns for need in column.type.needs)

    def arrow(self) -> pa.Table:
        """The rows as pyarrow has them, the columns called c0, c1 …, since not all that reads Arrow takes any name."""
        arrays = [
            pa.array([_stored(value, column.type) for value in column.values], column.type.arrow())
            for column in self.columns
        ]
        return pa.table(arrays, names=[f"c{place}" for place in range(len(arrays))])


def _stored(value: Any, kind: Type) -> Any:
    if value is None:
        return None
    match kind.form:
        case Ability.MAP:
            inner = (kind.fields or {})["value"]
            return [(name, _stored(item, inner)) for name, item in value.items()]
        case Ability.STRUCT:
            return {name: _stored(value.get(name), inner) for name, inner in (kind.fields or {}).items()}
        case Ability.DECIMAL:
            return Decimal(str(value))
        case Ability.DOUBLE | Ability.FLOAT:
            return float(value)
    return value
