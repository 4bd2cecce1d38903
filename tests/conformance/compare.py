"""A scan's profiles beside the reference: what differs, in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from metrics_exporter.profiles.profile import Distribution, Profile
from metrics_exporter.profiles.table import GRID, WindowProfiles
from metrics_exporter.sources.assemble import MAX_NAME, Scanned
from tests.conformance.case import Case
from tests.conformance.engine import Engine
from tests.conformance.reference import MOST_CATEGORIES_NAMED, TOP, Expected, Key, Series, Window, shortened

EXACT_ROWS = 10_000  # of a model in a window; beyond that its grids may be near
_COUNTS = ("rows", "values", "nulls", "infinities", "defaults", "unparsable")
# A value that holds so much of a series stands in its grid twice, in whatever way that was made.
_ATOM = 0.005
# What lies below is lost where a sum is scaled so that the greatest values don't overflow it.
_LEAST_MEAN = 1e-290


def differences(case: Case, scanned: Scanned, expected: Expected, engine: Engine) -> list[str]:
    """What a scan has otherwise than it should.

    Args:
        engine: how exact its percentiles are.
    """
    return [
        *(
            f"window {number}: {words}"
            for number, (window, wanted) in enumerate(zip(scanned.windows, expected.windows, strict=True))
            for words in _window(case, window, wanted, engine)
        ),
        *_same("undated rows", scanned.undated_rows, expected.undated),
        *_same("kinds", dict(scanned.new_kinds), dict(expected.kinds)),
        *_same("categories beyond the top", _handed_on(scanned, expected), _beyond(case, expected)),
    ]


def _same(what: str, found: object, wanted: object) -> Iterator[str]:
    if found != wanted:
        yield f"{what}: {found!r} instead of {wanted!r}"


def _window(case: Case, window: WindowProfiles, wanted: Window, engine: Engine) -> Iterator[str]:
    yield from _same("rows", window.rows, wanted.rows)
    yield from _same("duplicates", window.duplicates, wanted.duplicates)
    yield from _same("unreadable", {what: rows for what, rows in window.unreadable if rows}, dict(wanted.unreadable))
    found: Mapping[Key, Profile] = {
        (profile.series.predictor, profile.series.model_id, profile.series.feature): profile
        for profile in window.profiles
    }
    yield from _same("series", sorted(map(str, found)), sorted(map(str, wanted.series)))
    for key in found.keys() & wanted.series.keys():
        for words in _series(case, key, found[key], wanted.series[key], engine):
            yield f"{key}: {words}"


def _series(case: Case, key: Key, found: Profile, wanted: Series, engine: Engine) -> Iterator[str]:
    for name in _COUNTS:
        yield from _same(name, getattr(found, name), getattr(wanted, name))
    yield from _categories(found, wanted)
    if found.distribution is None or wanted.numbers is None:
        yield from _same("has numbers", found.distribution is not None, wanted.numbers is not None)
        return
    known = case.atoms.get((key[0], key[2]), ())
    yield from _moments(found.distribution, wanted.numbers)
    yield from _grid(found.distribution, wanted, engine)
    is_learnt = all(len(name or "") < MAX_NAME for name in key)  # what stands for a longer name is in no log
    yield from _atoms(found.distribution, wanted.numbers, known if is_learnt else None, engine)


def _categories(found: Profile, wanted: Series) -> Iterator[str]:
    if found.categories is None or wanted.categories is None:
        yield from _same("has categories", found.categories is not None, wanted.categories is not None)
        return
    top = [(shortened(name), count) for name, count in wanted.ranked[:TOP]]
    yield from _same("top categories", dict(found.categories.top), dict(top))
    yield from _same("order of categories", [name for name, _ in found.categories.top], [name for name, _ in top])
    yield from _same("other", found.categories.other, sum(count for _, count in wanted.ranked[TOP:]))
    yield from _same("distinct", found.categories.distinct, len(wanted.categories))
    yield from _same("unseen", found.categories.unseen, wanted.unseen)


def _moments(found: Distribution, numbers: np.ndarray) -> Iterator[str]:
    yield from _same("minimum", found.minimum, float(numbers[0]))
    yield from _same("maximum", found.maximum, float(numbers[-1]))
    wide = numbers.astype(np.longdouble)
    precision = 16 * float(np.finfo(float).eps * np.abs(numbers).max())  # of the values themselves
    if not math.isclose(found.mean, float(wide.mean()), rel_tol=1e-9, abs_tol=max(precision, _LEAST_MEAN)):
        yield f"mean: {found.mean!r} instead of {float(wide.mean())!r}"
    squares = float(((wide - wide.mean()) ** 2).sum())
    if not math.isfinite(squares):  # beyond what a DOUBLE holds there is none
        yield from _same("squared deviations", str(found.squared_deviations), "nan")
        return
    deviation, wanted = math.sqrt(found.squared_deviations / len(numbers)), math.sqrt(squares / len(numbers))
    if not math.isclose(deviation, wanted, rel_tol=1e-9, abs_tol=max(precision, 1e-150)):
        yield f"deviation: {deviation!r} instead of {wanted!r}"


def _grid(found: Distribution, wanted: Series, engine: Engine) -> Iterator[str]:
    numbers, grid, ranks = wanted.numbers, np.array(found.grid), np.array(GRID)
    assert numbers is not None
    is_exact = wanted.rows <= EXACT_ROWS
    is_continuous = np.unique(numbers, return_counts=True)[1].max() < engine.sure_atoms * len(numbers)
    error = engine.small_models if is_exact else engine.rank_error if is_continuous else engine.around_atoms
    if is_exact:
        yield from _same("rows of the grid", found.grid_rows, len(numbers))
    if is_exact and not engine.interpolates:
        yield from _same("values of the grid that there are not", sorted(set(found.grid) - set(numbers.tolist())), [])
    if (np.diff(grid) < 0).any():
        yield f"grid: it falls: {found.grid}"
    below = np.searchsorted(numbers, grid, "left") / len(numbers)
    upto = np.searchsorted(numbers, grid, "right") / len(numbers)
    off = np.maximum(below - ranks, ranks - upto)
    # The value of a rank is the least that has as many values at or below it.
    if (off > error).any():
        yield f"grid: off by {off.max():.4f} of rank, at {ranks[off.argmax()]}"


def _atoms(found: Distribution, numbers: np.ndarray, known: Sequence[float] | None, engine: Engine) -> Iterator[str]:
    values, counts = np.unique(numbers, return_counts=True)
    real = Counter(dict(zip(values.tolist(), counts.tolist(), strict=True)))
    yield from _same("atoms", dict(found.atoms), {value: real[value] for value, _ in found.atoms})
    there = {value for value, _ in found.atoms}
    if known is not None:
        needed = {value for value, count in real.items() if count >= engine.sure_atoms * len(numbers)}
        needed |= {value for value in known if real[value] >= max(_ATOM * len(numbers), 1)}
        yield from _same("atoms that are missing", sorted(needed - there), [])
    yield from _same("atoms that hold little", [v for v in there if real[v] < _ATOM * len(numbers)], [])


def _handed_on(scanned: Scanned, expected: Expected) -> set[tuple[str, str | None, str, int]]:
    columns = (scanned.names[name].to_pylist() for name in ("predictor", "feature", "name", "last"))
    rows: set[tuple[str, str | None, str, int]] = set(zip(*columns, strict=True))
    endless = {
        (predictor, feature)
        for window in expected.windows
        for (predictor, _, feature), series in window.series.items()
        if len(series.categories or ()) > MOST_CATEGORIES_NAMED
    }
    return {row for row in rows if row[:2] not in endless}


def _beyond(case: Case, expected: Expected) -> set[tuple[str, str | None, str, int]]:
    """The categories beyond the top, of series that have few enough for all to be handed on."""
    return {
        (predictor, feature, shortened(name), int((case.start + (number + 1) * case.window.length).timestamp()))
        for number, window in enumerate(expected.windows)
        for (predictor, _, feature), series in window.series.items()
        if len(series.categories or ()) <= MOST_CATEGORIES_NAMED
        for name, _ in series.ranked[TOP:]
    }
