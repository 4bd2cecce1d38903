"""The shape of a prediction log: which of its columns play which role, and how each is stored."""

from __future__ import annotations

import fnmatch
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum, auto
from functools import cache
from typing import Literal

from metrics_exporter.definitions import Log
from metrics_exporter.sources import WarehouseError
from metrics_exporter.sources.sql.source import FeatureColumn, Layout, Partition, Source

logger = logging.getLogger(__name__)

_NAMED = 10  # tables, in a message
_NAME_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')
# What a column of a role has to hold.
ADVICE = {
    "sent_at": "a timestamp or ISO text",
    "prediction_result": "a number",
    "features": "a MAP, JSON, a STRUCT, or a list of columns (logs: columns: features)",
    "default_values_used": "a list of text, or such a list as text",
}
_ROLES = ("sent_at", "prediction_id", "predictor_name", "model_id", "prediction_result")


class Form(Enum):
    """What a warehouse's type is to the scan."""

    NUMBER = auto()
    TRUTH = auto()
    TEXT = auto()
    JSON = auto()
    NAIVE_TIME = auto()
    ZONED_TIME = auto()
    LIST = auto()
    MAP = auto()
    STRUCT = auto()
    OTHER = auto()


@dataclass(frozen=True)
class ColumnType:
    """The type of a column.

    Attributes:
        shown: its name in the warehouse.
        form: what it is to the scan.
        is_long: its numbers may have more digits than a DOUBLE holds.
        fields: of a STRUCT, by name; of a MAP, `value` alone.
    """

    shown: str
    form: Form
    is_long: bool = False
    fields: Mapping[str, ColumnType] = field(default_factory=dict)


Types = Mapping[str, ColumnType]


def table_parts(table: str) -> tuple[str, ...]:
    """The parts of a qualified name, `schema.table` or `"my.schema"."table"`."""
    return tuple(quoted.replace('""', '"') if quoted else plain for quoted, plain in _NAME_PART.findall(table))


def type_arguments(text: str, *, quotes: str = "") -> Iterator[str]:
    """The arguments of a type's name: what lies between commas that are in no parentheses, and in no quotes.

    Args:
        text: what stands in the type's parentheses.
        quotes: characters that begin and end a text in which a backslash hides the next character.
    """
    depth, start, quote = 0, 0, ""
    characters = iter(enumerate(text))
    for place, character in characters:
        if quote:
            if character == "\\":
                next(characters, None)
            elif character == quote:
                quote = ""
        elif character in quotes:
            quote = character
        elif character == "," and depth == 0:
            yield text[start:place].strip()
            start = place + 1
        else:
            depth += {"(": 1, ")": -1}.get(character, 0)
    yield text[start:].strip()


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A question after the nearest of some names; empty where none is near."""
    shown = {other.lower(): other for other in names}
    near = get_close_matches(name.lower(), shown, 1)
    return f"Did you mean {shown[near[0]]!r}?" if near else ""


def no_table(table: str, found: Sequence[str]) -> WarehouseError:
    """That a warehouse's catalogue, which has the tables `found`, has no such one."""
    there = ", ".join(found[:_NAMED]) if found else "none"
    return WarehouseError(
        f"table {table} is not in the log's database; name the table in the registry (logs: table), or create it. "
        f"{did_you_mean(table, found) or f'There are: {there}'}"
    )


def read_shape(log: Log, types: Types, labelled: Set[str], is_empty: Callable[[str], bool]) -> Source:
    """How the scan is to read a log.

    Args:
        log: its table, and its columns by role.
        types: of all columns of the table.
        labelled: features that some predictor has as boolean or categorical; of these a long number is read as text.
        is_empty: whether a column holds no value at all, and so may be of any type.

    Raises:
        WarehouseError: a column is missing or of a type that can't be read.
    """
    return _Reader(log, types, labelled, is_empty).read()


@cache
def _warn_once(message: str) -> None:
    logger.warning("%s", message)


@dataclass(frozen=True)
class _Reader:
    log: Log
    types: Types
    labelled: Set[str]
    is_empty: Callable[[str], bool]

    def read(self) -> Source:
        for role in _ROLES:
            self._require(getattr(self.log.columns, role), role)
        self._check_result()
        layout, features = self._features()
        return Source(
            table=table_parts(self.log.table),
            columns=self.log.columns,
            sent_at=self._sent_at(),
            layout=layout,
            features_are_text=layout == "json" and self.types[str(self.log.columns.features)].form is Form.TEXT,
            feature_columns=features,
            has_numbers=self._stores(layout, features, is_number=True),
            has_labels=self._stores(layout, features, is_number=False),
            defaults=self._defaults(),
            result=self._result(),
            number_names=frozenset(
                column
                for column in (self.log.columns.predictor_name, self.log.columns.model_id)
                if self._is(Form.NUMBER, column)
            ),
            has_text_ids=self._is(Form.TEXT, self.log.columns.prediction_id),
            partitions=tuple(map(self._partition, self.log.partition)),
        )

    def _is(self, form: Form, column: str) -> bool:
        return self.types[column].form is form

    def _require(self, column: str, role: str) -> ColumnType:
        if column not in self.types:
            raise WarehouseError(
                f"table {self.log.table} has no column {column!r}; name the one that holds {role} in the registry "
                f"(logs: columns: {role}). There are: {', '.join(self.types)}"
            )
        return self.types[column]

    def _unfit(self, column: str, role: str) -> WarehouseError:
        return WarehouseError(
            f"table {self.log.table}: column {column} is {self.types[column].shown}; {role} must be {ADVICE[role]}"
        )

    def _sent_at(self) -> Literal["naive", "zoned", "text"]:
        column = self.log.columns.sent_at
        match self.types[column].form:
            case Form.NAIVE_TIME:
                return "naive"
            case Form.ZONED_TIME:
                return "zoned"
            case Form.TEXT:
                return "text"
        raise self._unfit(column, "sent_at")

    def _check_result(self) -> None:
        column = self.log.columns.prediction_result
        if self.types[column].form not in {Form.NUMBER, Form.TRUTH, Form.TEXT} and not self.is_empty(column):
            raise self._unfit(column, "prediction_result")

    def _partition(self, column: str) -> Partition:
        if column not in self.types:
            raise WarehouseError(
                f"table {self.log.table} has no column {column!r}; name the one by which it is partitioned in the "
                f"registry (logs: partition). There are: {', '.join(self.types)}"
            )
        match self.types[column].form:
            case Form.TEXT:
                return Partition(column, "text")
            case Form.NUMBER:
                return Partition(column, "number")
            case Form.NAIVE_TIME:
                return Partition(column, "date")
        raise WarehouseError(
            f"table {self.log.table}: column {column} is {self.types[column].shown}; a partition must be "
            "text, a number or a date (logs: partition)"
        )

    def _result(self) -> Literal["number", "truth", "text", "none"]:
        match self.types[self.log.columns.prediction_result].form:
            case Form.TEXT:
                return "text"
            case Form.TRUTH:
                return "truth"
            case Form.NUMBER:
                return "number"
        return "none"  # it holds no value at all, or would have been refused

    def _defaults(self) -> Literal["list", "text"] | None:
        column = self.log.columns.default_values_used
        if column not in self.types:
            return None
        match self.types[column].form:
            case Form.LIST:
                return "list"
            case Form.TEXT | Form.JSON:
                return "text"
        if self.is_empty(column):
            return None
        raise self._unfit(column, "default_values_used")

    def _features(self) -> tuple[Layout, tuple[FeatureColumn, ...]]:
        column = self.log.columns.features
        if not isinstance(column, str):
            return "columns", self._columns((name, (name,), self.types[name]) for name in self._listed(column))
        kind = self._require(column, "features")
        match kind.form:
            case Form.STRUCT:
                return "columns", self._columns((name, (column, name), type_) for name, type_ in kind.fields.items())
            case Form.MAP:
                return ("json_map" if kind.fields["value"].form is Form.JSON else "map"), ()
            case Form.TEXT | Form.JSON:
                return "json", ()
        if self.is_empty(column):
            return "columns", ()
        raise self._unfit(column, "features")

    def _stores(self, layout: Layout, features: tuple[FeatureColumn, ...], *, is_number: bool) -> bool:
        """Whether some features are stored as numbers, or as text."""
        if layout == "columns":
            return any(column.is_number is is_number for column in features)
        column = self.log.columns.features
        stored = self.types[column].fields.get("value") if isinstance(column, str) else None
        return (stored is not None and _is_number(stored, is_label=bool(self.labelled))) is is_number

    def _columns(self, fields: Iterable[tuple[str, tuple[str, ...], ColumnType]]) -> tuple[FeatureColumn, ...]:
        return tuple(
            FeatureColumn(name, path, _is_number(type_, is_label=name in self.labelled)) for name, path, type_ in fields
        )

    def _listed(self, entries: tuple[str, ...]) -> list[str]:
        others = {value for role, value in self.log.columns if role != "features"}
        free = [name for name in self.types if name not in others]
        names = [name for name in free if any(fnmatch.fnmatchcase(name, entry) for entry in entries)]
        for entry in entries:
            if not fnmatch.filter(free, entry):
                _warn_once(
                    f"table {self.log.table}: no column matches {entry} (logs: columns: features), so that feature is "
                    f"missing; correct the entry, or remove it. {did_you_mean(entry, free)}".rstrip()
                )
        if not names:
            raise WarehouseError(
                f"table {self.log.table}: no column matches {', '.join(entries)} (logs: columns: features). "
                f"There are: {', '.join(self.types)}"
            )
        return names


def _is_number(kind: ColumnType, *, is_label: bool) -> bool:
    return kind.form is Form.NUMBER and not (is_label and kind.is_long)
