"""What a log's rows come to, by numpy and from the documentation alone: docs/log.md says what each value means."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import numpy as np

from metrics_exporter.definitions import Kind
from tests.conformance.case import UNREADABLE, Case, Raw, Row

MOST_NAMES = 20_000  # of features of a predictor in a window
TOP = 50
MOST_CATEGORIES_NAMED = 1_000  # beyond that, nobody can tell which are new
LONGEST_NAME = 1_000
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|[+-]?(inf|infinity)", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/]\d{1,2}[-/]\d{4})([ T].*)?")
_FIRST, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

Key = tuple[str, str, str | None]  # predictor, model, feature


@dataclass(frozen=True)
class Series:
    """What is to be known of a series.

    Attributes:
        rows, values, nulls, infinities, defaults, unparsable: counts.
        numbers: the finite values that count, sorted; truths are 1 and 0. None: there is no distribution.
        categories: how often each category came. None: there are none.
        unseen: values in categories that are not known; None: nobody can tell.
    """

    rows: int
    values: int
    nulls: int
    infinities: int
    defaults: int
    unparsable: int
    numbers: np.ndarray | None
    categories: Counter[str] | None
    unseen: int | None

    @property
    def ranked(self) -> list[tuple[str, int]]:
        """The categories, the most frequent first, those of one count by their code points."""
        return sorted((self.categories or Counter()).items(), key=lambda item: (-item[1], item[0].encode()))


@dataclass(frozen=True)
class Window:
    """What is to be known of a window."""

    rows: int
    duplicates: int
    unreadable: Mapping[str, int]
    series: Mapping[Key, Series]


@dataclass(frozen=True)
class Expected:
    """What a scan is to come to."""

    windows: tuple[Window, ...]
    undated: int
    kinds: Mapping[tuple[str, str], Kind]


def alternatives(case: Case) -> Iterator[Expected]:
    """What the scan may come to: of rows that repeat another, any one counts."""
    times = [_time(row.at) for row in case.rows]
    undated = sum(time is None or not _FIRST <= time < _END for time in times)
    dated = [
        (int((time - case.start) // case.window.length), replace(row, at=time))
        for time, row in zip(times, case.rows, strict=True)
        if time is not None and case.start <= time < case.end
    ]
    groups: dict[Any, list[tuple[int, Row]]] = defaultdict(list)
    for place, (number, row) in enumerate(dated):
        key = place if row.id is None or row.id == "" else (row.predictor, row.model, row.id, row.at)
        groups[place if row.id == "its own" else key].append((number, row))
    choices = [list({repr(row): (number, row) for number, row in group}.values()) for group in groups.values()]
    repeated = Counter(group[0][0] for group in groups.values() for _ in group[1:])
    for chosen in product(*choices):
        yield _expected(case, list(chosen), repeated, undated)


def shortened(name: str) -> str:
    """A name as it is shown."""
    return name if len(name) <= LONGEST_NAME else f"{name[:983]}…{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _expected(case: Case, rows: Sequence[tuple[int, Row]], repeated: Counter[int], undated: int) -> Expected:
    by_model: dict[tuple[int, str, str], list[Row]] = defaultdict(list)
    for number, row in rows:
        by_model[number, _id(row.predictor), _id(row.model)].append(row)
    crowded = _crowded(by_model)
    columns = {key: {} if key[:2] in crowded else _columns(rows) for key, rows in by_model.items()}
    kinds = {**_detected(columns), **case.kinds}
    windows = []
    for number in range(case.windows):
        here = {key[1:]: rows for key, rows in by_model.items() if key[0] == number}
        series: dict[Key, Series] = {}
        for (predictor, model), of_model in here.items():
            series[shortened(predictor), shortened(model), None] = _predictions(of_model)
            for feature, cells in columns[number, predictor, model].items():
                known = case.names.get((predictor, feature))
                series[shortened(predictor), shortened(model), shortened(feature)] = _feature(
                    cells, len(of_model), kinds.get((predictor, feature)), known
                )
        unreadable = {
            "features": _count(here, lambda row: _meaning(row.features) is UNREADABLE),
            "default_values_used": _count(here, lambda row: _meaning(row.defaults) is UNREADABLE),
            "feature names": sum(len(rows) for key, rows in here.items() if (number, key[0]) in crowded),
        }
        windows.append(
            Window(
                rows=sum(map(len, here.values())),
                duplicates=repeated[number],
                unreadable={what: rows for what, rows in unreadable.items() if rows},
                series=series,
            )
        )
    new = {key: kind for key, kind in kinds.items() if key not in case.kinds}
    return Expected(tuple(windows), undated, {(shortened(p), shortened(f)): kind for (p, f), kind in new.items()})


def _count(models: Mapping[tuple[str, str], Sequence[Row]], is_so: Callable[[Row], bool]) -> int:
    return sum(is_so(row) for rows in models.values() for row in rows)


def _meaning(value: Any) -> Any:
    return value.meaning if isinstance(value, Raw) else value


def _time(at: datetime | Raw | None) -> datetime | None:
    meaning: datetime | None = _meaning(at)
    return meaning


def _id(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _features(row: Row) -> Mapping[str, Any]:
    meaning = _meaning(row.features)
    return {} if meaning is None or meaning is UNREADABLE else meaning


def _defaults(row: Row) -> set[str]:
    meaning = _meaning(row.defaults)
    return set() if meaning is None or meaning is UNREADABLE else {name for name in meaning if name is not None}


def _crowded(by_model: Mapping[tuple[int, str, str], Sequence[Row]]) -> set[tuple[int, str]]:
    """The windows and predictors with too many names of features."""
    names: dict[tuple[int, str], set[str]] = defaultdict(set)
    for (number, predictor, _), rows in by_model.items():
        for row in rows:
            present = {name for name, value in _features(row).items() if not _is_missing(value)}
            names[number, predictor] |= present | _defaults(row)
    return {key for key, found in names.items() if len(found) > MOST_NAMES}


Cells = list[tuple[Any, bool]]  # each row's value that is there, or None, and whether it is the feature's default


def _columns(rows: Sequence[Row]) -> dict[str, Cells]:
    """The features that have a value or a default in any row; of each, what rows have that is not missing."""
    cells: dict[str, Cells] = defaultdict(list)
    for row in rows:
        features, defaults = _features(row), _defaults(row)
        for name in (*features, *(name for name in defaults if name not in features)):
            value = features.get(name)
            if not _is_missing(value) or name in defaults:
                cells[name].append((None if _is_missing(value) else value, name in defaults))
    return cells


def _is_missing(value: Any) -> bool:
    return value is None or value in ("", "NaN", "nan") or (isinstance(value, float) and math.isnan(value))


def _number(value: Any) -> float | None:
    """What is a number, infinities included; truths are none here."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    try:
        return float(value)
    except OverflowError:  # an int of hundreds of digits
        return math.copysign(math.inf, int(value))


def _truth(value: Any) -> bool | None:
    """What says true or false; numbers are none here."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def _category(value: Any) -> str:
    """The text of a value of a categorical feature."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value).removesuffix(".0") if re.fullmatch(r"-?\d+\.0", str(value), re.ASCII) else str(value)


def _detected(columns: Mapping[tuple[int, str, str], Mapping[str, Cells]]) -> dict[tuple[str, str], Kind]:
    """The kinds of features: what most of their values are."""
    votes: dict[tuple[str, str], Counter[Kind]] = defaultdict(Counter)
    for (_, predictor, _), features in columns.items():
        for feature, cells in features.items():
            for value, _ in cells:
                if value is not None:
                    votes[predictor, feature].update(_votes(value))
    return {key: max(Kind, key=lambda kind: counts[kind]) for key, counts in votes.items()}


def _votes(value: Any) -> list[Kind]:
    if _number(value) is not None:
        return [Kind.NUMERIC]
    if _truth(value) is not None:
        return [Kind.BOOLEAN]
    return [Kind.CATEGORICAL] if _is_name(value) else []


def _is_name(value: Any) -> bool:
    """Whether it would be a category of a feature whose kind nobody knows: no list, object or date."""
    if not isinstance(value, str):
        return False
    packed = (value.startswith("[") and value.endswith("]")) or (value.startswith("{") and value.endswith("}"))
    return not packed and not _DATE.fullmatch(value)


def _feature(cells: Cells, rows: int, kind: Kind | None, known: Iterable[str] | None) -> Series:
    present = [(value, is_default) for value, is_default in cells if value is not None]
    used = [value for value, is_default in present if not is_default]
    counts = {
        "rows": rows,
        "nulls": rows - len(present),
        "defaults": sum(is_default for _, is_default in cells),
        "infinities": 0,
        "unparsable": 0,
    }
    if kind is Kind.CATEGORICAL:
        names = Counter(map(_category, used))
        unseen = None if known is None else sum(count for name, count in names.items() if name not in set(known))
        return Series(**counts, values=len(used), numbers=None, categories=names or None, unseen=unseen)
    if kind is Kind.BOOLEAN:
        truths = [truth for value in used if (truth := _as_truth(value)) is not None]
        counts["unparsable"] = len(used) - len(truths)
        return Series(
            **counts,
            values=len(truths),
            numbers=_sorted(map(float, truths)),
            categories=Counter(str(truth).lower() for truth in truths) or None,
            unseen=None,
        )
    return _numeric(used, counts)


def _as_truth(value: Any) -> bool | None:
    number = _number(value)
    return bool(number) if number in (0, 1) else _truth(value)


def _numeric(used: Sequence[Any], counts: dict[str, int]) -> Series:
    read = [_truth(value) if (number := _number(value)) is None else number for value in used]
    numbers = [float(number) for number in read if number is not None]
    finite = [number for number in numbers if math.isfinite(number)]
    counts |= {"infinities": len(numbers) - len(finite), "unparsable": len(read) - len(numbers)}
    return Series(**counts, values=len(finite), numbers=_sorted(finite), categories=None, unseen=None)


def _predictions(rows: Sequence[Row]) -> Series:
    results = [row.result for row in rows if not _is_missing(row.result)]
    counts = {"rows": len(rows), "nulls": len(rows) - len(results), "defaults": 0, "infinities": 0, "unparsable": 0}
    series = _numeric(results, counts)
    classes = Counter(value for value in results if _number(value) is None and _truth(value) is None)
    if series.values or not classes:
        return replace(series, categories=classes or None)
    return replace(series, values=series.unparsable, unparsable=0, categories=classes)


def _sorted(numbers: Iterable[float]) -> np.ndarray | None:
    column = np.sort(np.array(list(numbers), float))
    return column if len(column) else None
