"""The scan: all profiles of a log's time range, asked of a warehouse in one statement, and put together."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from metrics_exporter.definitions import Kind, Log
from metrics_exporter.sources import ScanTimeoutError, Warehouse, WarehouseError, sql
from metrics_exporter.sources.groups import parts
from metrics_exporter.sources.log_shape import ADVICE, ColumnType, Form, read_shape, table_parts
from metrics_exporter.sources.sql.dialect import Dialect
from metrics_exporter.sources.sql.source import Partition, Source
from metrics_exporter.windows import HOURLY, Window

Kinds = Mapping[tuple[str, str], Kind]  # by (predictor, feature)
_Question = tuple[str, dict[str, Any]]  # a statement, and what is bound to it

ATOMS = pa.schema([("predictor", pa.string()), ("feature", pa.string()), ("value", pa.float64())])
NAMES = pa.schema([("predictor", pa.string()), ("feature", pa.string()), ("name", pa.string())])

_PARTITION = timedelta(hours=1)  # none is shorter
_GIVEN, _GIVEN_TEXT = ColumnType("given", Form.OTHER), ColumnType("given", Form.TEXT)


@dataclass(frozen=True)
class ScanRequest:
    """What to scan: whole windows of a log.

    Attributes:
        log: where.
        start: inclusive.
        end: exclusive.
        kinds: those known so far.
        window: how long the windows are; a day at most.
        atoms: single values to be counted in any case, with the schema ATOMS (feature NULL: the predictions).
        names: categories known from before, with the schema NAMES, so that the others can be counted.
        given: columns that the table lacks, and the text that each row is to have there; None: no value at all.
        exact_rows: of a model with at most so many rows, the grid is that of all of them, where the warehouse samples.
    """

    log: Log
    start: datetime
    end: datetime
    kinds: Kinds
    window: Window = HOURLY
    atoms: pa.Table = field(default_factory=ATOMS.empty_table)
    names: pa.Table = field(default_factory=NAMES.empty_table)
    given: Mapping[str, str | None] = field(default_factory=dict)
    exact_rows: int = sql.EXACT_ROWS


# The scan's result. What the counts of a row mean depends on its part:
#
# ========== =============================== ============================== ===================== ===========
# part       present                         usable                         numbers               infinities
# ========== =============================== ============================== ===================== ===========
# duplicates rows dropped
# model      the model's rows                results neither NULL nor NaN   finite results        ±inf
# series     values neither NULL nor NaN     … that are not defaults        … finite numbers      … ±inf
# other      such values beyond the top      … that are not defaults        distinct categories
# defaults   rows with the feature's default
# unreadable rows
# left_out   the predictor's rows            0                              names of features
# undated    rows of the whole log           1 if others have times
# ========== =============================== ============================== ===================== ===========
#
# `series` comes once with category NULL for what is read as a number (or can't be read as the feature's kind), and once
# a category; with feature NULL, once a result that is text. `unreadable` has in `category` the role of a column whose
# text can't be read in those rows: `features` or `default_values_used`. `left_out` comes for a predictor with too many
# names of features in a window, of which there is no other row. `undated`, rows without a time in the years that
# count, comes once.
#
# The grid is made from `grid_rows` values: all finite numbers that are no defaults, or a sample of them. `atoms`, in
# order, are those of the request's single values that the series has; `atom_counts` says how often each occurs in all
# rows, not only in the sample. `unseen` counts the usable values that
# are in none of the request's names, and the `names` of `other` are its categories, 1,000 of them at most.
RESULT = pa.schema(
    [
        ("part", pa.string()),
        ("window_number", pa.int64()),
        *[(name, pa.string()) for name in ("predictor", "model_id", "feature", "category")],
        *[(name, pa.int64()) for name in ("present", "usable", "numbers", "infinities")],
        *[(name, pa.float64()) for name in ("mean", "squared_deviations", "minimum", "maximum")],
        ("grid", pa.list_(pa.float64())),
        ("grid_rows", pa.int64()),
        ("atoms", pa.list_(pa.float64())),
        ("atom_counts", pa.list_(pa.int64())),
        ("unseen", pa.int64()),
        ("names", pa.list_(pa.string())),
    ]
)


def scan(warehouse: Warehouse, request: ScanRequest, timeout_seconds: float) -> pa.Table:
    """Scan a log's time range; the result has the schema RESULT.

    Raises:
        ScanTimeoutError: it took longer than `timeout_seconds`; the warehouse has stopped working on it.
        WarehouseError: any other failure.
    """
    with _scanning(warehouse, request, timeout_seconds) as scanning:
        return scanning.run()


@dataclass(frozen=True)
class Explanation:
    """What a scan asks the warehouse.

    Attributes:
        statement: its one large statement.
        parameters: what is bound to it.
        plan: how the warehouse would get at the rows of the time range, in its own words.
    """

    statement: str
    parameters: Mapping[str, Any]
    plan: str


def explain(warehouse: Warehouse, request: ScanRequest, timeout_seconds: float) -> Explanation:
    """What `scan` would ask, without the answer.

    Raises:
        ScanTimeoutError: it took longer than `timeout_seconds`.
        WarehouseError: any other failure.
    """
    with _scanning(warehouse, request, timeout_seconds) as scanning:
        return scanning.explain()


@contextmanager
def _scanning(warehouse: Warehouse, request: ScanRequest, timeout_seconds: float) -> Iterator[_Scan]:
    try:
        yield _Scan(warehouse, request, time.monotonic() + timeout_seconds)
    except TimeoutError:
        raise ScanTimeoutError(_timeout_message(request, timeout_seconds)) from None
    finally:
        warehouse.close()


@dataclass(frozen=True)
class _Scan:
    warehouse: Warehouse
    request: ScanRequest
    deadline: float

    def run(self) -> pa.Table:
        source = self._source()
        dialect = sql.ONE_PASS.get(self.warehouse.dialect)
        if dialect is None:
            result = self._run(*self._staged(source)).cast(RESULT)
        else:
            result = self._in_one_pass(dialect, source)
        _refuse_unreadable(result, self.request)
        return result

    def explain(self) -> Explanation:
        source = self._source()
        dialect = sql.ONE_PASS.get(self.warehouse.dialect)
        statement, parameters = self._staged(source) if dialect is None else self._exploded(dialect, source)
        span = _span(self.request, source)
        plan = self._run(sql.plan_of_reading(self.warehouse.dialect, source, span), span)
        return Explanation(statement, parameters, "\n".join(map(str, plan.columns[-1].to_pylist())))

    def _source(self) -> Source:
        given = {name: _GIVEN if text is None else _GIVEN_TEXT for name, text in self.request.given.items()}
        types = {**self.warehouse.columns(self.request.log.table, self._left()), **given}
        source = read_shape(self.request.log, types, _labelled(self.request), self._is_empty)
        return replace(_pruned(source, self.request), given=tuple(self.request.given.items()))

    def _staged(self, source: Source) -> _Question:
        span = _span(self.request, source)
        statement = sql.scan(
            self.warehouse.dialect,
            source,
            window_seconds=self.request.window.seconds,
            exact_rows=self.request.exact_rows,
            has_ids=not self._finds(sql.row_without_id(self.warehouse.dialect, source), span),
            is_kinded=_is_kinded(self.request),
            has_atoms=self.request.atoms.num_rows > 0,
            has_names=self.request.names.num_rows > 0,
        )
        return statement, {**span, **_parameters(self.request, source)}

    def _exploded(self, dialect: Dialect, source: Source) -> _Question:
        span = _span(self.request, source)
        statement = sql.exploded(
            dialect,
            source,
            window_seconds=self.request.window.seconds,
            has_repeated=self._finds(sql.repeated_key(dialect, source), span),
            is_kinded=_is_kinded(self.request),
            has_atoms=self.request.atoms.num_rows > 0,
            has_names=self.request.names.num_rows > 0,
        )
        return statement, {**span, **_parameters(self.request, source), **_atom_roles(self.request)}

    def _in_one_pass(self, dialect: Dialect, source: Source) -> pa.Table:
        groups = self._run(*self._exploded(dialect, source))
        if not groups.num_rows and source.sent_at == "text" and not self._has_times(dialect, source):
            raise _unreadable(self.request, "sent_at", "the table's rows")
        return parts(groups, RESULT)

    def _has_times(self, dialect: Dialect, source: Source) -> bool:
        column = self.request.log.columns.sent_at
        return self._is_empty(column) or self._finds(sql.any_time(dialect, source), {})

    def _is_empty(self, column: str) -> bool:
        if column in self.request.given:
            return self.request.given[column] is None
        return not self._finds(sql.any_value(self.warehouse.dialect, table_parts(self.request.log.table), column), {})

    def _finds(self, statement: str, parameters: Mapping[str, Any]) -> bool:
        return bool(self._run(statement, parameters).num_rows)

    def _run(self, statement: str, parameters: Mapping[str, Any]) -> pa.Table:
        try:
            return self.warehouse.run(statement, parameters, self._left())
        except WarehouseError as error:
            raise WarehouseError(f"table {self.request.log.table}: {error}") from None

    def _left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())


def _labelled(request: ScanRequest) -> set[str]:
    return {feature for (_, feature), kind in request.kinds.items() if kind is not Kind.NUMERIC}


def _is_kinded(request: ScanRequest) -> bool:
    return bool(_labelled(request))


def _pruned(source: Source, request: ScanRequest) -> Source:
    """The log with the values of its partitions that may hold rows of the request."""
    partition = request.log.partition
    end = request.end + timedelta(seconds=request.log.partition_delay_seconds)
    times = [request.start + step * _PARTITION for step in range(ceil((end - request.start) / _PARTITION))]
    return replace(
        source, partitions=tuple(_holding(each, partition[each.column], times) for each in source.partitions)
    )


def _holding(partition: Partition, form: str, times: Iterable[datetime]) -> Partition:
    values = dict.fromkeys(time.strftime(form) for time in times)
    if partition.kind == "number":
        try:
            values = dict.fromkeys(str(int(value)) for value in values)
        except ValueError:
            raise WarehouseError(
                f"column {partition.column} holds numbers, and {form!r} writes none; correct the format in the "
                "registry (logs: partition)"
            ) from None
    return replace(partition, values=tuple(values))


def _span(request: ScanRequest, source: Source) -> dict[str, str]:
    return {"start": _utc(request.start, source), "end": _utc(request.end, source)}


def _parameters(request: ScanRequest, source: Source) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if source.has_labels or _is_kinded(request):
        parameters["kind_predictors"] = [predictor for predictor, _ in request.kinds]
        parameters["kind_features"] = [feature for _, feature in request.kinds]
        parameters["kinds"] = [str(kind) for kind in request.kinds.values()]
    if request.atoms.num_rows:
        for name in ATOMS.names:
            parameters[f"atom_{name}s"] = request.atoms[name].to_pylist()
    if request.names.num_rows:
        for name in NAMES.names:
            parameters[f"name_{name}s"] = request.names[name].to_pylist()
    if source.layout == "columns":
        parameters["names"] = [column.name for column in source.feature_columns]
    return parameters


def _atom_roles(request: ScanRequest) -> dict[str, Any]:
    """Not every driver can bind a list with a NULL in it."""
    if not request.atoms.num_rows:
        return {}
    features = request.atoms["feature"].to_pylist()
    return {
        "atom_features": [feature or "" for feature in features],
        "atom_roles": ["result" if feature is None else "feature" for feature in features],
    }


def _utc(time: datetime, source: Source) -> str:
    text = time.strftime("%Y-%m-%d %H:%M:%S")
    return text if source.sent_at == "naive" else f"{text}+00"


def _refuse_unreadable(result: pa.Table, request: ScanRequest) -> None:
    """Raise where no row can be read; of some that can't, the result has the number."""
    few = result.filter(pc.field("part").isin(["model", "unreadable", "undated"]))
    rows = few.select(["part", "category", "present", "usable"]).to_pylist()
    total = sum(row["present"] for row in rows if row["part"] == "model")
    for role in ("features", "default_values_used"):
        unreadable = sum(row["present"] for row in rows if row["part"] == "unreadable" and row["category"] == role)
        if unreadable and unreadable == total:
            raise _unreadable(request, role, f"the {total} rows of {_range(request)}")
    if any(row["present"] and not row["usable"] for row in rows if row["part"] == "undated"):
        raise _unreadable(request, "sent_at", "the table's rows")


def _unreadable(request: ScanRequest, role: str, rows: str) -> WarehouseError:
    column = getattr(request.log.columns, role)
    return WarehouseError(
        f"table {request.log.table}: column {column} can't be read in any of {rows}; {role} must be {ADVICE[role]}"
    )


def _range(request: ScanRequest) -> str:
    return f"{request.start:%Y-%m-%d %H:%M} to {request.end:%Y-%m-%d %H:%M} UTC"


def _timeout_message(request: ScanRequest, seconds: float) -> str:
    return (
        f"table {request.log.table}: the scan of {_range(request)} "
        f"was stopped after {seconds:g} s; raise the exporter's timeout, or give the warehouse more power"
    )
