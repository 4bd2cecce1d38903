"""Merged profiles against the profile of all values together."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_exporter.profiles.profile import (
    GRID,
    TOP_CATEGORIES,
    Categories,
    Distribution,
    Profile,
    Series,
    WindowProfiles,
    merge,
    merge_windows,
    truth_distribution,
    with_absent,
)
from tests.exporter.compute.logs import HOUR, START

SERIES = Series("p", "m1", "x")

values = st.floats(-1e9, 1e9, allow_nan=False, width=32)
windows = st.lists(st.lists(values, min_size=1, max_size=60), min_size=1, max_size=8)
offset_windows = st.lists(
    st.lists(st.floats(0, 3600), min_size=2, max_size=60).map(lambda window: [1.7e9 + value for value in window]),
    min_size=2,
    max_size=6,
)


def _profile(sample: Sequence[float], categories: Categories | None = None) -> Profile:
    array = np.array(sample, dtype=float)
    shape = Distribution(
        float(array.mean()),
        float(((array - array.mean()) ** 2).sum()),
        float(array.min()),
        float(array.max()),
        tuple(np.quantile(array, GRID).tolist()),
    )
    return Profile(SERIES, len(sample), len(sample), 0, 0, 0, 0, shape, categories)


def _merged(parts: Sequence[Profile]) -> Profile:
    return merge(parts, sum(part.rows for part in parts))


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
@pytest.mark.parametrize("size", [3, 40, 4000])
def test_merged_quantiles_keep_their_rank(shape: str, size: int) -> None:
    rng = np.random.default_rng(3)
    samples = [SHAPES[shape](rng, size + i) for i in range(24)]
    merged = _merged([_profile(sample.tolist()) for sample in samples]).distribution
    assert merged is not None
    together = np.concatenate(samples).tolist()
    assert _rank_error(together, merged.grid) <= 0.005 + 1 / len(together) + 0.02 * (size == 3)


@pytest.mark.parametrize("zeros", [0.2, 0.5, 0.97])
def test_merged_quantiles_around_an_atom(zeros: float) -> None:
    rng = np.random.default_rng(4)
    samples = [np.where(rng.random(500) < zeros, 0.0, rng.normal(5, 1, 500)) for _ in range(24)]
    merged = _merged([_profile(sample.tolist()) for sample in samples]).distribution
    assert merged is not None
    assert _rank_error(np.concatenate(samples).tolist(), merged.grid) <= 0.03


def test_windows_of_different_size_weigh_by_their_values() -> None:
    merged = _merged([_profile([0.0] * 99), _profile([100.0])]).distribution
    assert merged is not None
    assert merged.mean == pytest.approx(1)
    assert merged.grid[:98] == (0.0,) * 98


@given(st.lists(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9), min_size=1), min_size=1, max_size=6))
def test_categories_add_up(counts: list[dict[str, int]]) -> None:
    parts = [Categories(tuple(count.items()), 0, len(count)) for count in counts]
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


def test_truths_are_ones_and_zeros() -> None:
    shape = truth_distribution(Categories((("false", 3), ("true", 1)), 0, 2))
    assert (shape.mean, shape.squared_deviations, shape.minimum, shape.maximum) == (0.25, 0.75, 0.0, 1.0)
    assert shape.grid == (0.0,) * 75 + (1.0,) * 24


def _window(hour: int, *profiles: Profile) -> WindowProfiles:
    return WindowProfiles("l", "1h", START + hour * HOUR, START + (hour + 1) * HOUR, 5, hour, profiles)


def _model(rows: int) -> Profile:
    return Profile(Series("p", "m1", None), rows, rows, 0, 0, 0, 0, None, None)


def test_a_feature_is_missing_where_its_model_has_rows_without_it() -> None:
    x = _profile([1.0, 2.0])
    day = merge_windows([_window(0, _model(2), x), _window(1, _model(5))], "1d", START, START + timedelta(days=1))
    merged = {profile.series.feature: profile for profile in day.profiles}["x"]
    assert (merged.rows, merged.values, merged.nulls) == (7, 2, 5)
    assert (day.rows, day.duplicates) == (10, 1)


def test_absent_features_get_a_profile_of_nulls() -> None:
    window = with_absent(_window(0, _model(5)), {("p", "m1"): ["gone"], ("p", "m2"): ["other"]})
    gone = window.profiles[1]
    assert (gone.series.feature, gone.rows, gone.nulls, gone.values) == ("gone", 5, 5, 0)
    assert len(window.profiles) == 2
