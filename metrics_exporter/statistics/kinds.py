"""The shapes a statistic may have: a column, or several by label, of a table of profiles, models or readings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from metrics_exporter.profiles.table import Floats, Profiles
from metrics_exporter.profiles.text import Text
from metrics_exporter.statistics.readings import Readings

T = TypeVar("T", bound="Profiles | Models | Readings")


@dataclass(frozen=True, eq=False, slots=True)
class Models:
    """Known models, a row each.

    Attributes:
        end: of the latest closed window, UTC; None where there is none, or the table belongs to no window.
        rows: predictions in the window: 0 of a model that made none, NaN where nobody knows.
        silence: seconds since the last predictions; NaN where nobody knows.
        drifted: features that drifted in the window; NaN where none was judged.
        training: by metric, what the registry states of the training evaluation; NaN where it states nothing.
    """

    predictor: Text
    model_id: Text
    role: Text
    team: Text
    end: datetime | None
    rows: Floats
    silence: Floats
    drifted: Floats
    training: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Scalar(Generic[T]):
    """A statistic of one value a row; NaN or infinite: absent."""

    extract: Callable[[T], Floats]


@dataclass(frozen=True, slots=True)
class Labelled(Generic[T]):
    """A statistic of several values a row, told apart by one more label."""

    label: str
    extract: Callable[[T], Iterable[tuple[str, Floats]]]


ProfileStatistic = Scalar[Profiles] | Labelled[Profiles]
ModelStatistic = Scalar[Models] | Labelled[Models]
AlertStatistic = Scalar[Readings]
