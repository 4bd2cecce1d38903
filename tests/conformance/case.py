"""A case: rows of a log in a neutral form, how the log stores them, and what is asked of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa

from metrics_exporter.definitions import Columns, Kind, Log
from metrics_exporter.sources.log_shape import table_parts
from metrics_exporter.sources.scan import ATOMS, NAMES, ScanRequest
from metrics_exporter.windows import HOURLY, Window
from tests.conformance.table import BIGINT, BOOLEAN, DOUBLE, JSON, LIST, NAIVE_TIME, TEXT, Ability, Column, Table, Type

START = datetime(2026, 3, 4, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Unreadable:
    """What nobody can read: an object for which no statistic has a place."""

    def __repr__(self) -> str:
        return "UNREADABLE"


UNREADABLE = Unreadable()


@dataclass(frozen=True)
class Raw:
    """Text that is in the log as it is, and what it means: UNREADABLE, or what a row would else have there."""

    text: str | None
    meaning: Any


@dataclass(frozen=True)
class Row:
    """A prediction.

    Attributes:
        features: by name: None, bool, int, float, str; list and dict where the shape is JSON. None: there are none.
        at: aware; Raw where the time is text.
        id: None: the row has no id; by default one of its own.
    """

    features: Mapping[str, Any] | Raw | None = field(default_factory=lambda: {"a": 1})
    at: datetime | Raw | None = START + timedelta(minutes=5)
    predictor: Any = "p"
    model: Any = "m"
    result: Any = 1.0
    defaults: Sequence[str | None] | Raw | None = ()
    id: Any = "its own"


@dataclass(frozen=True)
class Shape:
    """How a log stores its rows.

    Attributes:
        features: a type (MAP, JSON, or TEXT, which then holds JSON); "python": text that Python wrote; "columns" and
            "struct": a feature each, of the type that fits all its values, or of `each`.
        each: the type of all features that have a column or field of their own.
        defaults: LIST, or TEXT or JSON, which then hold a JSON list; "python" and "commas": text; None: no column.
    """

    features: Type | Literal["python", "columns", "struct"] = TEXT
    each: Type | None = None
    sent_at: Type = NAIVE_TIME
    defaults: Type | Literal["python", "commas"] | None = TEXT
    id: Type = TEXT
    predictor: Type = TEXT
    model: Type = TEXT
    result: Type = DOUBLE


@dataclass(frozen=True, eq=False)
class Case:
    """What every warehouse must count alike.

    Attributes:
        needs: what an engine must be able to store, beyond what the types of the columns say.
        windows: how many the scan reads, from `start` on.
        names: known categories, by predictor and feature.
        atoms: known single values, by predictor and feature; feature None: the predictions.
    """

    name: str
    rows: Sequence[Row]
    shape: Shape = Shape()
    columns: Columns = field(default_factory=Columns)
    table_name: str = "predictions"
    needs: frozenset[Ability] = frozenset()
    start: datetime = START
    windows: int = 1
    window: Window = HOURLY
    kinds: Mapping[tuple[str, str], Kind] = field(default_factory=dict)
    names: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    atoms: Mapping[tuple[str, str | None], Sequence[float]] = field(default_factory=dict)
    shape_name: str = ""

    @property
    def family(self) -> str:
        """The name without that of the shape."""
        return self.name.removesuffix(f", {self.shape_name}")

    @property
    def end(self) -> datetime:
        """Exclusive."""
        return self.start + self.windows * self.window.length

    def request(self, kinds: Mapping[tuple[str, str], Kind]) -> ScanRequest:
        """What is asked of the warehouse, with these kinds known beside the case's own."""
        return ScanRequest(
            log=Log(table=self.table_name, columns=self.columns),
            start=self.start,
            end=self.end,
            kinds={**self.kinds, **kinds},
            window=self.window,
            atoms=_listed(self.atoms, ATOMS),
            names=_listed(self.names, NAMES),
        )

    @cached_property
    def all_needs(self) -> frozenset[Ability]:
        """What an engine must be able to store."""
        written = {Ability.PYTHON_TEXT} if self.shape.features == "python" else frozenset()
        return self.needs | self.table.needs | written

    @cached_property
    def table(self) -> Table:
        """What the engine is to store."""
        shape, roles = self.shape, self.columns
        columns = [
            Column(roles.sent_at, shape.sent_at, tuple(_time(row.at, shape.sent_at) for row in self.rows)),
            Column(roles.prediction_id, shape.id, tuple(_id(row, place) for place, row in enumerate(self.rows))),
            Column(roles.predictor_name, shape.predictor, tuple(row.predictor for row in self.rows)),
            Column(roles.model_id, shape.model, tuple(row.model for row in self.rows)),
            Column(roles.prediction_result, shape.result, tuple(_typed(row.result, shape.result) for row in self.rows)),
            *self._features(),
        ]
        if shape.defaults is not None:
            kind = shape.defaults if isinstance(shape.defaults, Type) else TEXT
            values = tuple(_defaults(row.defaults, shape.defaults) for row in self.rows)
            columns.append(Column(roles.default_values_used, kind, values))
        return Table(table_parts(self.table_name), tuple(columns))

    def _features(self) -> list[Column]:
        how, each = self.shape.features, self.shape.each
        column = str(self.columns.features)
        if how == "python":
            return [Column(column, TEXT, tuple(_python(row.features) for row in self.rows))]
        if isinstance(how, Type):
            return [Column(column, how, tuple(_packed(row.features, how) for row in self.rows))]
        features = [row.features for row in self.rows if isinstance(row.features, Mapping)]
        types = {
            name: each or _fitting(row.get(name) for row in features)
            for name in dict.fromkeys(name for row in features for name in row)
        }
        if how == "struct":
            values = tuple(_fields(row.features, types) for row in self.rows)
            return [Column(column, Type(Ability.STRUCT, types), values)]
        return [
            Column(name, kind, tuple(_fields(row.features, types)[name] for row in self.rows))
            for name, kind in types.items()
        ]


def in_shapes(case: Case, shapes: Mapping[str, Shape]) -> list[Case]:
    """The case once for each way to store it."""
    return [
        replace(
            case,
            name=f"{case.name}, {name}",
            shape=shape,
            shape_name=name,
            columns=case.columns.model_copy(update={"features": ("*",)} if shape.features == "columns" else {}),
        )
        for name, shape in shapes.items()
    ]


def _listed(known: Mapping[tuple[str, Any], Sequence[Any]], schema: pa.Schema) -> pa.Table:
    rows = [(*key, value) for key, values in known.items() for value in values]
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)


def _id(row: Row, place: int) -> Any:
    return f"d{place}" if row.id == "its own" else row.id


def _time(at: datetime | Raw | None, kind: Type) -> datetime | str | None:
    if isinstance(at, Raw):
        return at.text
    if at is None or kind.form is Ability.ZONED_TIME:
        return at
    naive = at.astimezone(UTC).replace(tzinfo=None)
    return naive if kind.form is Ability.NAIVE_TIME else naive.isoformat(" ")


def _defaults(defaults: Sequence[str | None] | Raw | None, how: Type | str) -> Any:
    if isinstance(defaults, Raw):
        return defaults.text
    if defaults is None or how == LIST:
        return None if defaults is None else list(defaults)
    if how == "commas":
        return ", ".join(map(str, defaults))
    return repr(list(defaults)) if how == "python" else json.dumps(list(defaults), ensure_ascii=False)


def _python(features: Mapping[str, Any] | Raw | None) -> str | None:
    if isinstance(features, Raw):
        return features.text
    return None if features is None else repr(dict(features))


def _packed(features: Mapping[str, Any] | Raw | None, how: Type) -> Any:
    if isinstance(features, Raw):
        return features.text
    if features is None:
        return None
    if how.form is Ability.MAP:
        inner = (how.fields or {})["value"]
        return {name: _typed(value, inner) for name, value in features.items()}
    return _json({name: _finite(value) for name, value in features.items()})


def _fields(features: Mapping[str, Any] | Raw | None, types: Mapping[str, Type]) -> dict[str, Any]:
    here = features if isinstance(features, Mapping) else {}
    return {name: _typed(here.get(name), kind) for name, kind in types.items()}


def _typed(value: Any, kind: Type) -> Any:
    if value is None:
        return None
    if kind.form is Ability.JSON:
        return _json(_finite(value))
    return _text(value) if kind.form is Ability.TEXT else value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return _json(value) if isinstance(value, list | dict) else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    """JSON has no word for infinity and NaN: who writes it quotes them."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _fitting(values: Iterable[Any]) -> Type:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool}:
        return BOOLEAN if kinds else DOUBLE
    if kinds <= {int}:
        return BIGINT
    return DOUBLE if kinds <= {int, float} else TEXT


JSON_SHAPES = {"json text": Shape(), "json": Shape(features=JSON)}
