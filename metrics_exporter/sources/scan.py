"""The scan: all profiles of a log's time range, asked of a warehouse in one statement, and put together."""

from __future__ import annotations

import hashlib
import math
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from metrics_exporter.definitions import Kind, Log
from metrics_exporter.profiles.profile import (
    Categories,
    Distribution,
    Profile,
    Series,
    WindowProfiles,
    order,
    truth_distribution,
)
from metrics_exporter.sources import ScanTimeoutError, Warehouse, WarehouseError, sql
from metrics_exporter.sources.log_shape import ADVICE, read_shape, table_parts

Kinds = Mapping[tuple[str, str], Kind]  # by (predictor, feature)

HOUR = timedelta(hours=1)
MAX_NAME = 1_000  # characters
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUTHS = {"true", "false"}


ATOMS = pa.schema([("predictor", pa.string()), ("feature", pa.string()), ("value", pa.float64())])


@dataclass(frozen=True)
class ScanRequest:
    """What to scan: whole hours of a log.

    Attributes:
        log: where.
        start: inclusive.
        end: exclusive.
        kinds: those known so far.
        atoms: single values to be counted in any case, with the schema ATOMS (feature NULL: the predictions).
    """

    log: Log
    start: datetime
    end: datetime
    kinds: Kinds
    atoms: pa.Table = field(default_factory=ATOMS.empty_table)


# The scan's result; ScanRow says what its columns mean.
RESULT = pa.schema(
    [
        ("part", pa.string()),
        ("hour", pa.int64()),
        *[(name, pa.string()) for name in ("predictor", "model_id", "feature", "category")],
        *[(name, pa.int64()) for name in ("present", "usable", "numbers", "infinities")],
        *[(name, pa.float64()) for name in ("mean", "squared_deviations", "minimum", "maximum")],
        ("grid", pa.list_(pa.float64())),
        ("grid_rows", pa.int64()),
        ("atoms", pa.list_(pa.float64())),
        ("atom_counts", pa.list_(pa.int64())),
    ]
)


class ScanRow(NamedTuple):
    """A row of the scan's result; what the counts mean depends on the part.

    ========== =============================== ============================== ===================== ===========
    part       present                         usable                         numbers               infinities
    ========== =============================== ============================== ===================== ===========
    duplicates rows dropped
    model      the model's rows                results neither NULL nor NaN   finite results        ±inf
    series     values neither NULL nor NaN     … that are not defaults        … finite numbers      … ±inf
    other      such values beyond the top      … that are not defaults        distinct categories
    defaults   rows with the feature's default
    unreadable rows
    undated    rows of the whole log           1 if others have times
    ========== =============================== ============================== ===================== ===========

    `series` comes once with category None for what is read as a number (or can't be read as the feature's kind), and
    once a category; with feature None, once a result that is text. `unreadable` has in `category` the role of a column
    whose text can't be read in those rows: `features` or `default_values_used`. `undated`, rows without a time in the
    years that count, comes once.

    The grid is made from `grid_rows` values: all finite numbers that are no defaults, or a sample of them. `atoms`, in
    order, are single values that may hold much of the series: its grid repeats them, or the request names them;
    `atom_counts` says how often each occurs in all rows, not only in the sample.
    """

    part: Literal["duplicates", "model", "series", "other", "defaults", "unreadable", "undated"]
    hour: int
    predictor: str
    model_id: str
    feature: str | None
    category: str | None
    present: int
    usable: int
    numbers: int
    infinities: int
    mean: float | None
    squared_deviations: float | None
    minimum: float | None
    maximum: float | None
    grid: list[float] | None
    grid_rows: int
    atoms: list[float] | None
    atom_counts: list[int] | None


def scan(warehouse: Warehouse, request: ScanRequest, timeout_seconds: float) -> pa.Table:
    """Scan a log's time range; the result has the schema RESULT.

    Raises:
        ScanTimeoutError: it took longer than `timeout_seconds`; the warehouse has stopped working on it.
        WarehouseError: any other failure.
    """
    try:
        return _Scan(warehouse, request, time.monotonic() + timeout_seconds).run()
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
        log = self.request.log
        types = self.warehouse.columns(log.table, self._left())
        source = read_shape(log, types, _labelled(self.request), self._is_empty)
        span = _span(self.request, source)
        statement = sql.scan(
            self.warehouse.dialect,
            source,
            has_ids=not self._finds(sql.row_without_id(self.warehouse.dialect, source), span),
            is_kinded=_is_kinded(self.request),
            has_atoms=self.request.atoms.num_rows > 0,
        )
        result = self._run(statement, {**span, **_parameters(self.request, source)}).cast(RESULT)
        _refuse_unreadable(result, self.request)
        return result

    def _is_empty(self, column: str) -> bool:
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


def _span(request: ScanRequest, source: sql.Source) -> dict[str, str]:
    return {"start": _utc(request.start, source), "end": _utc(request.end, source)}


def _parameters(request: ScanRequest, source: sql.Source) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if source.has_labels or _is_kinded(request):
        parameters["kind_predictors"] = [predictor for predictor, _ in request.kinds]
        parameters["kind_features"] = [feature for _, feature in request.kinds]
        parameters["kinds"] = [str(kind) for kind in request.kinds.values()]
    if request.atoms.num_rows:
        for name in ATOMS.names:
            parameters[f"atom_{name}s"] = request.atoms[name].to_pylist()
    if source.layout == "columns":
        parameters["names"] = [column.name for column in source.feature_columns]
    return parameters


def _utc(time: datetime, source: sql.Source) -> str:
    text = time.strftime("%Y-%m-%d %H:%M:%S")
    return text if source.sent_at == "naive" else f"{text}+00"


def _refuse_unreadable(result: pa.Table, request: ScanRequest) -> None:
    """Raise where no row can be read; of some that can't, the result has the number."""
    rows = list(scan_rows(result.filter(pc.field("part").isin(["model", "unreadable", "undated"]))))
    total = sum(row.present for row in rows if row.part == "model")
    for role in ("features", "default_values_used"):
        unreadable = sum(row.present for row in rows if row.part == "unreadable" and row.category == role)
        if unreadable and unreadable == total:
            raise _unreadable(request, role, f"the {total} rows of {_range(request)}")
    if any(row.present and not row.usable for row in rows if row.part == "undated"):
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


def scan_rows(table: pa.Table) -> Iterator[ScanRow]:
    """The rows of a scan's result."""
    return map(ScanRow._make, zip(*(table[name].to_pylist() for name in RESULT.names), strict=True))


@dataclass
class _Parts:
    """The rows of one series."""

    numbers: ScanRow | None = None
    categories: list[ScanRow] = field(default_factory=list)
    other: ScanRow | None = None
    defaults: int = 0


@dataclass
class _Hour:
    models: dict[tuple[str, str], ScanRow] = field(default_factory=dict)
    series: dict[Series, _Parts] = field(default_factory=lambda: defaultdict(_Parts))
    duplicates: int = 0


@dataclass(frozen=True)
class Scanned:
    """The windows of a scan, oldest first, and the kinds of features met for the first time.

    Attributes:
        must_repeat: a new feature mixed numbers and text, so it must be read again now that its kind is known.
        undated_rows: rows of the whole log that have no time, so that they are in no window.
    """

    windows: tuple[WindowProfiles, ...]
    new_kinds: Kinds
    must_repeat: bool
    undated_rows: int


def assemble(name: str, request: ScanRequest, result: pa.Table) -> Scanned:
    """Put the scan's rows together: one hourly window for each hour of the request, also for those without rows.

    Of a name longer than `MAX_NAME` characters, its beginning and a digest of the whole stand for it from here on, so
    that one row with a megabyte in it does not swell every scrape and page.
    """
    hours: dict[int, _Hour] = defaultdict(_Hour)
    undated_rows = 0
    for row in map(_bounded, scan_rows(result)):
        if row.part == "undated":
            undated_rows = row.present
        elif row.part != "unreadable":
            _file(hours[row.hour], row)
    new_kinds, must_repeat = _detect(hours, request.kinds)
    kinds = {**request.kinds, **new_kinds}
    windows = tuple(
        _window(name, start, hours.get(int((start - _EPOCH) / HOUR), _Hour()), kinds)
        for start in _starts(request.start, request.end)
    )
    return Scanned(windows, new_kinds, must_repeat, undated_rows)


def _bounded(row: ScanRow) -> ScanRow:
    names = (row.predictor, row.model_id, row.feature, row.category)
    if not any(name and len(name) > MAX_NAME for name in names):
        return row
    return row._replace(
        predictor=_shortened(row.predictor),
        model_id=_shortened(row.model_id),
        feature=row.feature and _shortened(row.feature),
        category=row.category and _shortened(row.category),
    )


def _shortened(name: str) -> str:
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{name[: MAX_NAME - len(digest) - 1]}…{digest}"


def _starts(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += HOUR


def _file(hour: _Hour, row: ScanRow) -> None:
    if row.part == "duplicates":
        hour.duplicates += row.present
        return
    if row.part == "model":
        hour.models[row.predictor, row.model_id] = row
        return
    parts = hour.series[Series(row.predictor, row.model_id, row.feature)]
    if row.part == "defaults":
        parts.defaults = row.present
    elif row.part == "other":
        parts.other = row
    elif row.category is None:
        parts.numbers = row
    else:
        parts.categories.append(row)


def _detect(hours: Mapping[int, _Hour], known: Kinds) -> tuple[dict[tuple[str, str], Kind], bool]:
    """The kinds of unknown features: the majority of the first hour that has values, over all models."""
    found: dict[tuple[str, str], Kind] = {}
    mixed = False
    votes: dict[tuple[str, str], dict[Kind, int]] = {}
    for _, hour in sorted(hours.items()):
        votes = defaultdict(lambda: dict.fromkeys(Kind, 0))
        for series, parts in hour.series.items():
            key = (series.predictor, series.feature or "")
            if series.feature is not None and key not in known:
                for kind, count in _classes(parts):
                    votes[key][kind] += count
        for key, classes in votes.items():
            mixed = mixed or _is_mixed(classes, found.get(key))
            if any(classes.values()):
                found.setdefault(key, max(Kind, key=lambda kind: classes[kind]))
    return found, mixed


def _is_mixed(classes: Mapping[Kind, int], kind: Kind | None) -> bool:
    """Whether the unkinded scan can't have read these values as the kind wants them."""
    present = {k for k, count in classes.items() if count}
    return len(present | ({kind} if kind and present else set())) > 1


def _classes(parts: _Parts) -> Iterator[tuple[Kind, int]]:
    if parts.numbers:
        yield Kind.NUMERIC, parts.numbers.numbers + parts.numbers.infinities
    for row in parts.categories:
        yield Kind.BOOLEAN if row.category in _TRUTHS else Kind.CATEGORICAL, row.present
    if parts.other:
        yield Kind.CATEGORICAL, parts.other.present


def _window(name: str, start: datetime, hour: _Hour, kinds: Kinds) -> WindowProfiles:
    profiles = [
        _model_profile(row, hour.series.pop(Series(*model, None), _Parts())) for model, row in hour.models.items()
    ]
    for series, parts in hour.series.items():
        rows = hour.models[series.predictor, series.model_id].present
        kind = kinds.get((series.predictor, series.feature or ""))
        profiles.append(_feature_profile(series, rows, parts, kind))
    return WindowProfiles(
        log=name,
        window="1h",
        start=start,
        end=start + HOUR,
        rows=sum(row.present for row in hour.models.values()),
        duplicates=hour.duplicates,
        profiles=tuple(sorted(profiles, key=lambda profile: order(profile.series))),
    )


def _model_profile(row: ScanRow, classes: _Parts) -> Profile:
    return Profile(
        series=Series(row.predictor, row.model_id, None),
        rows=row.present,
        values=row.numbers,
        nulls=row.present - row.usable,
        infinities=row.infinities,
        defaults=0,
        unparsable=row.usable - row.numbers - row.infinities,
        distribution=_distribution(row),
        categories=_categories(classes) if classes.categories else None,
    )


def _feature_profile(series: Series, rows: int, parts: _Parts, kind: Kind | None) -> Profile:
    numbers, other = parts.numbers, parts.other
    present = sum(row.present for row in (*parts.categories, *filter(None, (numbers, other))))
    labelled = sum(row.usable for row in (*parts.categories, *filter(None, (other,))))
    categories = _categories(parts) if labelled and kind in (Kind.BOOLEAN, Kind.CATEGORICAL) else None
    if kind is Kind.NUMERIC:
        values, unparsable = (numbers.numbers if numbers else 0), labelled
        distribution = _distribution(numbers) if numbers else None
    else:
        values, unparsable = labelled, 0
        distribution = truth_distribution(categories) if categories and kind is Kind.BOOLEAN else None
    if numbers:
        unparsable += numbers.usable - numbers.numbers - numbers.infinities
    return Profile(
        series=series,
        rows=rows,
        values=values,
        nulls=rows - present,
        infinities=numbers.infinities if numbers else 0,
        defaults=parts.defaults,
        unparsable=unparsable,
        distribution=distribution,
        categories=categories,
    )


def _distribution(row: ScanRow) -> Distribution | None:
    if not row.numbers or row.mean is None or row.minimum is None or row.maximum is None or row.grid is None:
        return None
    # NULL: values beyond 1e150, whose squares are no numbers any more.
    squares = math.inf if row.squared_deviations is None else max(row.squared_deviations, 0.0)
    return Distribution(row.mean, squares, row.minimum, row.maximum, tuple(row.grid))


def _categories(parts: _Parts) -> Categories:
    top = sorted(((row.category or "", row.usable) for row in parts.categories if row.usable), key=_by_count)
    other, distinct = (parts.other.usable, parts.other.numbers) if parts.other else (0, 0)
    return Categories(tuple(top), other, len(top) + distinct)


def _by_count(category: tuple[str, int]) -> tuple[int, str]:
    return -category[1], category[0]
