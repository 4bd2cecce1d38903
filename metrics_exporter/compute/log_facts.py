"""What a stretch of a prediction log says of the predictors in it: the facts that `driftgauge discover` goes by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from metrics_exporter.definitions import Kind

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class ModelFacts:
    """A model: the hours in which it predicted.

    Attributes:
        id: as it is in the log.
        hours: the end of each hour that has rows of it (UTC) and how many, oldest first; never empty.
    """

    id: str
    hours: tuple[tuple[datetime, int], ...]

    @property
    def first_seen(self) -> datetime:
        """The end of the first hour with rows."""
        return self.hours[0][0]

    @property
    def last_seen(self) -> datetime:
        """The end of the last hour with rows."""
        return self.hours[-1][0]

    def rows(self, after: datetime | None = None) -> int:
        """Its predictions, or those of the hours that end after a time."""
        return sum(rows for end, rows in self.hours if after is None or end > after)

    def longest_silence(self, until: datetime) -> int:
        """The most hours in a row without a prediction, from its first one to a full hour."""
        ends = [end for end, _ in self.hours]
        return max(
            int((after - before) / _HOUR) - 1 for before, after in zip(ends, [*ends[1:], until + _HOUR], strict=True)
        )


@dataclass(frozen=True)
class Range:
    """The least and the greatest of some finite numbers."""

    low: float
    high: float

    def joined(self, other: Range | None) -> Range:
        """The range of both."""
        return Range(min(self.low, other.low), max(self.high, other.high)) if other else self


@dataclass(frozen=True)
class FeatureFacts:
    """A feature of a predictor, over all of its models.

    Attributes:
        name: as it is in the log.
        kind: as the exporter reads it; None: it never had a value.
        numbers: of a numeric feature, None if it never had a value.
        is_mixed: numbers and text both occur, so its kind decides which of them are read.
    """

    name: str
    kind: Kind | None
    numbers: Range | None
    is_mixed: bool


@dataclass(frozen=True)
class PredictorFacts:
    """A predictor: its models and features by name, and its finite results (None: there are none)."""

    name: str
    models: tuple[ModelFacts, ...]
    features: tuple[FeatureFacts, ...]
    results: Range | None


@dataclass(frozen=True)
class LogFacts:
    """A log from `start` to `end` (UTC, full hours; the last one may not be over): its predictors by name."""

    log: str
    start: datetime
    end: datetime
    predictors: tuple[PredictorFacts, ...]
