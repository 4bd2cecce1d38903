"""The profile: what one scan yields for one (predictor, model, feature, window), and all that anything else reads.

It needs no reference, so a feature seen for the first time is complete at once. Any set of windows of the same series
merges into one profile: moments exactly, quantile grids as a weighted mixture, category counts by addition.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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
