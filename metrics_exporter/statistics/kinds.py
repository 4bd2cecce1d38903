"""The shapes a statistic may have: of a series' profile or of a model, one value or one by label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from metrics_exporter.profiles.profile import Profile, Series

T = TypeVar("T", bound="Profile | ModelState")


@dataclass(frozen=True, slots=True)
class Context:
    """What a window says beside the profiles: its end, and comparisons with the history.

    Attributes:
        window: `1h` or `1d`; None for what belongs to no window.
        end: the window's end, UTC; None before any window has closed.
        unseen: the share of a series' values in categories that the preceding weeks never had.
    """

    window: str | None
    end: datetime | None
    unseen: Mapping[Series, float]


@dataclass(frozen=True, slots=True)
class ModelState:
    """A known model.

    Attributes:
        rows: its predictions in the window: 0 when it made none, None when unknown.
        silence: seconds from the end of the last window with predictions to the end of the latest; None when unknown.
    """

    predictor: str
    model_id: str
    role: str
    team: str
    rows: int | None
    training: Mapping[str, float]
    silence: float | None = None


@dataclass(frozen=True, slots=True)
class Scalar(Generic[T]):
    """A statistic of one value; None: absent."""

    extract: Callable[[T, Context], float | None]


@dataclass(frozen=True, slots=True)
class Labelled(Generic[T]):
    """A statistic of several values, told apart by one more label."""

    label: str
    extract: Callable[[T, Context], Iterable[tuple[str, float]]]


ProfileStatistic = Scalar[Profile] | Labelled[Profile]
ModelStatistic = Scalar[ModelState] | Labelled[ModelState]
