"""One row of a table of profiles as an object: for tests and wherever people look at a few series."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """Whose values a profile describes; `feature` is None for the predictions themselves."""

    predictor: str
    model_id: str
    feature: str | None

    @property
    def order(self) -> tuple[str, str, bool, str]:
        """The order of a table: by predictor and model, the predictions before the features."""
        return self.predictor, self.model_id, self.feature is not None, self.feature or ""


@dataclass(frozen=True, slots=True)
class Distribution:
    """The shape of numeric values: see `Profiles` for what each is."""

    mean: float
    squared_deviations: float
    minimum: float
    maximum: float
    grid: tuple[float, ...]
    grid_rows: int = 0
    atoms: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Categories:
    """Counts of the most frequent categories, of all others together, and how many distinct ones there were."""

    top: tuple[tuple[str, int], ...]
    other: int
    distinct: int
    unseen: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What a window says of one series: see `Profiles` for what each count is."""

    series: Series
    rows: int
    values: int
    nulls: int
    infinities: int
    defaults: int
    unparsable: int
    distribution: Distribution | None
    categories: Categories | None
