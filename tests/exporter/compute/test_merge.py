"""Merged profiles against the profile of all values together."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_exporter.profiles.merge import ATOM_SHARE, FEW_VALUES, TOP_ATOMS, TOP_CATEGORIES, merge
from metrics_exporter.profiles.profile import Categories, Distribution, Profile, Series
from metrics_exporter.profiles.table import GRID, Profiles

SERIES = Series("p", "m1", "x")

values = st.floats(-1e9, 1e9, allow_nan=False, width=32)
windows = st.lists(st.lists(values, min_size=1, max_size=60), min_size=1, max_size=8)
offset_windows = st.lists(
    st.lists(st.floats(0, 3600), min_size=2, max_size=60).map(lambda window: [1.7e9 + value for value in window]),
    min_size=2,
    max_size=6,
)


def _profile(sample: Sequence[float], categories: Categories | None = None, series: Series = SERIES) -> Profile:
    """As a scan makes it: a grid of values that there are, and exact counts of those that hold much."""
    array = np.sort(np.array(sample, dtype=float))
    found, counts = np.unique(array, return_counts=True)
    atoms = sorted(zip((-counts).tolist(), found.tolist(), strict=True))[:TOP_ATOMS]
    shape = Distribution(
        float(array.mean()),
        float(((array - array.mean()) ** 2).sum()),
        float(array.min()),
        float(array.max()),
        tuple(np.quantile(array, np.array(GRID) - 1e-12, method="inverted_cdf").tolist()),
        len(array),
        tuple(sorted((value, -count) for count, value in atoms if -count >= ATOM_SHARE * len(array))),
    )
    return Profile(series, len(sample), len(sample), 0, 0, 0, 0, shape, categories)


def _merged(parts: Sequence[Profile]) -> Profile:
    """The series of several windows; the model has a row for each value."""
    tables = [Profiles.of([replace(part, series=replace(part.series, feature=None)), part]) for part in parts]
    return merge(tables)[1]


@given(windows | offset_windows)
def test_moments_are_those_of_all_values(samples: list[list[float]]) -> None:
    together, whole = _merged([_profile(sample) for sample in samples]), _profile(list(chain(*samples)))
    assert together.values == whole.values
    assert together.distribution is not None
    assert whole.distribution is not None
    spread = whole.distribution.maximum - whole.distribution.minimum
    scale = max(abs(whole.distribution.maximum), abs(whole.distribution.minimum))
    assert together.distribution.mean == pytest.approx(whole.distribution.mean, rel=1e-9, abs=1e-12 * scale)
    assert (together.distribution.minimum, together.distribution.maximum) == (
        whole.distribution.minimum,
        whole.distribution.maximum,
    )
    rounding = whole.values * (spread * scale + scale**2 * 1e-12) * 1e-12
    assert together.distribution.squared_deviations == pytest.approx(
        whole.distribution.squared_deviations, rel=1e-9, abs=rounding
    )


@given(windows, windows, windows)
def test_the_order_and_the_brackets_do_not_matter(
    a: list[list[float]], b: list[list[float]], c: list[list[float]]
) -> None:
    first, second, third = (_merged([_profile(sample) for sample in part]) for part in (a, b, c))
    left = _merged([_merged([first, second]), third]).distribution
    right = _merged([third, _merged([second, first])]).distribution
    assert left is not None
    assert right is not None
    assert left.mean == pytest.approx(right.mean, rel=1e-9, abs=1e-3)
    assert left.squared_deviations == pytest.approx(right.squared_deviations, rel=1e-6, abs=1e3)


@given(windows)
def test_the_grid_rises_between_the_extremes(samples: list[list[float]]) -> None:
    shape = _merged([_profile(sample) for sample in samples]).distribution
    assert shape is not None
    assert all(math.isfinite(value) for value in shape.grid)
    assert list(shape.grid) == sorted(shape.grid)
    assert shape.minimum <= shape.grid[0]
    assert shape.grid[-1] <= shape.maximum


def _rank_error(sample: Sequence[float], grid: Sequence[float]) -> float:
    """The farthest that a grid value is from its rank; a value has all ranks that it occupies."""
    ordered = sorted(sample)
    count = len(ordered)
    errors = []
    for rank, value in zip(GRID, grid, strict=True):
        low, high = bisect_left(ordered, value) / count, bisect_right(ordered, value) / count
        errors.append(max(low - rank, rank - high, 0.0))
    return max(errors)


SHAPES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy tail": lambda rng, n: rng.pareto(1.1, size=n),
    "epoch seconds": lambda rng, n: 1.7e9 + rng.uniform(0, 3600, size=n),
    "negative": lambda rng, n: -rng.lognormal(0, 3, size=n),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [2, 3, 40, 99, 150, 4000])
def test_merged_quantiles_keep_their_rank(shape: str, size: int) -> None:
    rng = np.random.default_rng(3)
    samples = [SHAPES[shape](rng, size + i) for i in range(24)]
    merged = _merged([_profile(sample.tolist()) for sample in samples]).distribution
    assert merged is not None
    together = np.concatenate(samples).tolist()
    assert _rank_error(together, merged.grid) <= 0.01


@pytest.mark.parametrize("zeros", [0.2, 0.5, 0.97])
def test_merged_quantiles_around_an_atom(zeros: float) -> None:
    rng = np.random.default_rng(4)
    samples = [np.where(rng.random(500) < zeros, 0.0, rng.normal(5, 1, 500)) for _ in range(24)]
    merged = _merged([_profile(sample.tolist()) for sample in samples]).distribution
    assert merged is not None
    assert _rank_error(np.concatenate(samples).tolist(), merged.grid) <= 0.01


DISCRETE = {
    "zero-inflated": lambda rng, n: np.where(rng.random(n) < 0.7, 0, rng.lognormal(size=n)),
    "zeros in the middle": lambda rng, n: np.where(rng.random(n) < 0.7, 0, rng.normal(size=n)),
    "poisson": lambda rng, n: rng.poisson(3, n),
    "hours": lambda rng, n: rng.integers(0, 24, n),
    "0 to 100": lambda rng, n: rng.integers(0, 101, n),
    "boolean": lambda rng, n: rng.random(n) < 0.1,
    "rounded prices": lambda rng, n: np.round(rng.lognormal(3, 1, n)),
    "constant": lambda rng, n: np.full(n, 7.0),
}


@pytest.mark.parametrize("shape", DISCRETE)
@pytest.mark.parametrize(
    "sizes", [(2,) * 24, (60,) * 24, (99,) * 24, (1000,) * 24, (10_000, 3, 50, 700), (20_000,) * 3]
)
def test_discrete_values_keep_their_rank(shape: str, sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(5)
    samples = [DISCRETE[shape](rng, size).astype(float) for size in sizes]
    merged = _merged([_profile(sample.tolist()) for sample in samples]).distribution
    assert merged is not None
    assert _rank_error(np.concatenate(samples).tolist(), merged.grid) <= 0.01


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=FEW_VALUES), min_size=2, max_size=8))
def test_windows_of_few_values_merge_exactly(samples: list[list[float]]) -> None:
    merged = _merged([_profile(sample) for sample in samples]).distribution
    assert merged is not None
    together = np.array(list(chain(*samples)))
    low, high = (np.quantile(together, np.array(GRID) + by, method="inverted_cdf") for by in (-1e-6, 1e-6))
    assert ((low <= merged.grid) & (merged.grid <= high)).all()


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=200), min_size=2, max_size=6))
def test_atoms_add_up(samples: list[list[int]]) -> None:
    merged = _merged([_profile(sample) for sample in samples]).distribution
    assert merged is not None
    total = Counter(chain(*samples))
    assert dict(merged.atoms) == {float(k): n for k, n in total.items() if n >= ATOM_SHARE * total.total()}


def test_windows_of_different_size_weigh_by_their_values() -> None:
    merged = _merged([_profile([0.0] * 99), _profile([100.0])]).distribution
    assert merged is not None
    assert merged.mean == pytest.approx(1)
    assert merged.grid[:98] == (0.0,) * 98


@given(st.lists(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9), min_size=1), min_size=1, max_size=6))
def test_categories_add_up(counts: list[dict[str, int]]) -> None:
    ranked = [sorted(count.items(), key=lambda item: (-item[1], item[0])) for count in counts]
    parts = [Categories(tuple(count), 0, len(count)) for count in ranked]
    merged = _merged([_profile([1.0], part) for part in parts]).categories
    total: Counter[str] = sum((Counter(count) for count in counts), Counter())
    assert merged is not None
    assert dict(merged.top) == total
    assert [count for _, count in merged.top] == sorted(total.values(), reverse=True)
    assert (merged.other, merged.distinct) == (0, len(total))


def test_categories_beyond_the_top_become_others() -> None:
    first = Categories(tuple((f"a{i:02d}", 2) for i in range(TOP_CATEGORIES)), 7, TOP_CATEGORIES + 3)
    second = Categories((("b", 1),), 0, 1)
    merged = _merged([_profile([1.0], first), _profile([1.0], second)]).categories
    assert merged is not None
    assert len(merged.top) == TOP_CATEGORIES
    assert (merged.other, merged.distinct) == (8, TOP_CATEGORIES + 3)


def _model(rows: int) -> Profile:
    return Profile(Series("p", "m1", None), rows, rows, 0, 0, 0, 0, None, None)


def test_a_feature_is_missing_where_its_model_has_rows_without_it() -> None:
    merged = merge([Profiles.of([_model(2), _profile([1.0, 2.0])]), Profiles.of([_model(5)])])
    assert (merged[1].rows, merged[1].values, merged[1].nulls) == (7, 2, 5)
    assert [profile.series.feature for profile in merged] == [None, "x"]


def test_series_of_any_windows_come_in_order() -> None:
    names = ["b", "a", "c"]
    series = [Series(predictor, model, feature) for predictor in names for model in names for feature in (None, *names)]
    tables = [Profiles.of([_profile([float(i)], series=each) for each in series[i::3]] + [_model(1)]) for i in range(3)]
    merged = merge(tables)
    assert [profile.series for profile in merged] == sorted({*series, SERIES_OF_MODEL}, key=lambda each: each.order)
    assert len(set(merged.keys.tolist())) == len(merged)


SERIES_OF_MODEL = Series("p", "m1", None)


def _named(names: Sequence[str], series: Series = SERIES) -> Profile:
    counted = Counter(names)
    top = tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
    return Profile(series, len(names), len(names), 0, 0, 0, 0, None, Categories(top, 0, len(top), 0))


kinded = st.lists(
    st.lists(values, min_size=1, max_size=20) | st.lists(st.sampled_from("abc"), min_size=1, max_size=20),
    min_size=2,
    max_size=6,
)


@given(kinded)
def test_of_parts_of_two_kinds_the_last_decides(samples: list[list[float] | list[str]]) -> None:
    kind = type(samples[-1][0])
    same = [value for sample in samples for value in sample if type(value) is kind]
    together = _merged([_named(s) if isinstance(s[0], str) else _profile(s) for s in samples])  # type: ignore[arg-type]
    assert together.values == len(same)
    assert together.unparsable == sum(map(len, samples)) - len(same)
    if kind is str:
        assert together.distribution is None
        assert together.categories is not None
        assert dict(together.categories.top) == Counter(same)
        assert (together.categories.distinct, together.categories.other) == (len(set(same)), 0)
    else:
        assert together.categories is None
        assert together.distribution is not None
        assert together.distribution.mean == pytest.approx(np.mean(same), rel=1e-6, abs=1e-3)
        deviation = math.sqrt(together.distribution.squared_deviations / together.values)
        assert deviation == pytest.approx(np.std(same), rel=1e-6, abs=1e-3)


def test_of_predictions_numbers_come_before_names() -> None:
    predictions = Series("p", "m1", None)
    parts = [_profile([1, 2, 3], series=predictions), _named(["error"], predictions)]
    together = merge([Profiles.of([part]) for part in parts])[0]
    assert (together.rows, together.values, together.unparsable) == (4, 3, 1)
    assert together.distribution is not None
    assert together.categories is None
