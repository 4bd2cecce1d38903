"""The profile: what one scan yields for one (predictor, model, feature, window), and all that anything else reads.

It needs no reference, so a feature seen for the first time is complete at once. Any set of windows of the same series
merges into one profile: moments exactly, quantile grids as a weighted mixture, category counts by addition.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GRID = tuple(i / 100 for i in range(1, 100))
TOP_CATEGORIES = 50


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """Whose values a profile describes; `feature` is None for the predictions themselves."""

    predictor: str
    model_id: str
    feature: str | None


@dataclass(frozen=True, slots=True)
class Distribution:
    """The shape of numeric values: mean, sum of squared deviations, extremes, and the 1st to 99th percentiles."""

    mean: float
    squared_deviations: float
    minimum: float
    maximum: float
    grid: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Categories:
    """Counts of the most frequent categories, of all others together, and how many distinct ones there were."""

    top: tuple[tuple[str, int], ...]
    other: int
    distinct: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What a window says of one series.

    Attributes:
        rows: the model's predictions in the window, whether or not they carry the feature: the ratios' denominator.
        values: finite values that are not defaults: what the distribution or the categories describe.
        nulls: rows where the value is NULL, NaN or missing.
        infinities: rows where it is ±inf.
        defaults: rows where the model's configured default went in.
        unparsable: rows whose value is no number, for a series that is read as numeric.
        distribution: of numeric and boolean series that have values, else None.
        categories: of categorical and boolean series that have values, else None.
    """

    series: Series
    rows: int
    values: int
    nulls: int
    infinities: int
    defaults: int
    unparsable: int
    distribution: Distribution | None
    categories: Categories | None


@dataclass(frozen=True, slots=True)
class WindowProfiles:
    """All profiles of one closed window of one log; `start` and `end` are UTC.

    Attributes:
        duplicates: rows that repeat another's prediction id, model and time of sending.
    """

    log: str
    window: str
    start: datetime
    end: datetime
    rows: int
    duplicates: int
    profiles: tuple[Profile, ...]


def truth_distribution(categories: Categories) -> Distribution:
    """The distribution of a boolean series: true counts as 1, false as 0."""
    counts = dict(categories.top)
    true, false = counts.get("true", 0), counts.get("false", 0)
    total = true + false
    return Distribution(
        mean=true / total,
        squared_deviations=true * false / total,
        minimum=0.0 if false else 1.0,
        maximum=1.0 if true else 0.0,
        grid=tuple(0.0 if q * total <= false else 1.0 for q in GRID),
    )


def with_absent(window: WindowProfiles, expected: Mapping[tuple[str, str], Iterable[str]]) -> WindowProfiles:
    """The window with a profile, too, for features that are missing in every row of a model that should have them.

    Args:
        window: what the scan found.
        expected: features by predictor and model id.
    """
    found = {profile.series for profile in window.profiles}
    absent = [
        Profile(series, model.rows, 0, model.rows, 0, 0, 0, None, None)
        for model in window.profiles
        if model.series.feature is None
        for feature in expected.get((model.series.predictor, model.series.model_id), ())
        if (series := replace(model.series, feature=feature)) not in found
    ]
    profiles = sorted((*window.profiles, *absent), key=lambda profile: order(profile.series))
    return replace(window, profiles=tuple(profiles))


def merge_windows(windows: Sequence[WindowProfiles], window: str, start: datetime, end: datetime) -> WindowProfiles:
    """One window from the shorter ones that lie in it, all of the same log.

    A series that is absent from some of them is missing in all rows that its model had there.
    """
    series: dict[Series, list[Profile]] = defaultdict(list)
    model_rows: Counter[tuple[str, str]] = Counter()
    for part in windows:
        for profile in part.profiles:
            series[profile.series].append(profile)
            if profile.series.feature is None:
                model_rows[profile.series.predictor, profile.series.model_id] += profile.rows
    merged = (merge(parts, model_rows[key.predictor, key.model_id]) for key, parts in series.items())
    return WindowProfiles(
        log=windows[0].log,
        window=window,
        start=start,
        end=end,
        rows=sum(part.rows for part in windows),
        duplicates=sum(part.duplicates for part in windows),
        profiles=tuple(sorted(merged, key=lambda profile: order(profile.series))),
    )


def order(series: Series) -> tuple[str, str, bool, str]:
    """The order of profiles in a window: by predictor and model, the predictions before the features."""
    return series.predictor, series.model_id, series.feature is not None, series.feature or ""


def merge(profiles: Sequence[Profile], rows: int) -> Profile:
    """One profile from several windows of the same series; `rows` of its model, where it may have been absent."""
    absent = rows - sum(profile.rows for profile in profiles)
    return Profile(
        series=profiles[0].series,
        rows=rows,
        values=sum(profile.values for profile in profiles),
        nulls=sum(profile.nulls for profile in profiles) + absent,
        infinities=sum(profile.infinities for profile in profiles),
        defaults=sum(profile.defaults for profile in profiles),
        unparsable=sum(profile.unparsable for profile in profiles),
        distribution=_merge_distributions([(p.distribution, p.values) for p in profiles if p.distribution]),
        categories=_merge_categories([p.categories for p in profiles if p.categories]),
    )


def _merge_distributions(parts: Sequence[tuple[Distribution, int]]) -> Distribution | None:
    """Moments by Chan's formula; the grid from the mixture of the parts' distribution functions."""
    if len(parts) < 2:
        return parts[0][0] if parts else None
    total, mean, squares = 0, 0.0, 0.0
    for part, values in parts:
        delta = part.mean - mean
        mean += delta * (values / (total + values))
        squares += part.squared_deviations + delta * delta * (total * values / (total + values))
        total += values
    return Distribution(
        mean=mean,
        squared_deviations=squares,
        minimum=min(part.minimum for part, _ in parts),
        maximum=max(part.maximum for part, _ in parts),
        grid=_mix([(_knots(part, values), values / total) for part, values in parts]),
    )


@dataclass(frozen=True)
class _Knots:
    """A distribution function: at each value its limits from the left and from the right (they differ at an atom)."""

    values: Floats
    left: Floats
    right: Floats

    def at(self, values: Floats) -> tuple[Floats, Floats]:
        """The limits at other values: linear between knots, 0 below all, 1 above all."""
        index = np.searchsorted(self.values, values, side="right") - 1  # the last knot not above; -1: below all
        between = np.interp(values, np.repeat(self.values, 2), np.stack((self.left, self.right), axis=1).ravel())
        is_knot = self.values[np.maximum(index, 0)] == values
        left = np.where(index < 0, 0.0, np.where(is_knot, self.left[index], between))
        right = np.where(index < 0, 0.0, np.where(is_knot, self.right[index], between))
        return left, right


def _knots(distribution: Distribution, count: int) -> _Knots:
    """Its distribution function, from the grid.

    The i-th of n sorted values stands for the rank (i - ½)/n, so that neither end of a small window weighs too little.
    """
    values = np.array((distribution.minimum, *distribution.grid, distribution.maximum))
    np.clip(values, distribution.minimum, distribution.maximum, out=values)
    np.maximum.accumulate(values, out=values)
    ranks = (np.array((0.0, *GRID, 1.0)) * (count - 1) + 0.5) / count
    rises = np.flatnonzero(values[1:] > values[:-1])
    first, last = np.append(0, rises + 1), np.append(rises, len(values) - 1)
    left, right = ranks[first], ranks[last]
    left[0], right[-1] = 0.0, 1.0
    return _Knots(values[first], left, right)


def _mix(parts: Sequence[tuple[_Knots, float]]) -> tuple[float, ...]:
    values = np.unique(np.concatenate([knots.values for knots, _ in parts]))
    left, right = np.zeros(len(values)), np.zeros(len(values))
    for knots, weight in parts:
        own_left, own_right = knots.at(values)
        left += weight * own_left
        right += weight * own_right
    ranks = np.stack((left, right), axis=1).ravel()
    return tuple(np.interp(GRID, ranks, np.repeat(values, 2)).tolist())


def _merge_categories(parts: Sequence[Categories]) -> Categories | None:
    """Counts add up; `distinct` is exact while no part has others, else the least that it can be."""
    if not parts:
        return None
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(dict(part.top))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Categories(
        top=tuple(ranked[:TOP_CATEGORIES]),
        other=sum(part.other for part in parts) + sum(count for _, count in ranked[TOP_CATEGORIES:]),
        distinct=max(len(ranked), *(part.distinct for part in parts)),
    )
