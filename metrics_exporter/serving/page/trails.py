"""What the charts show: the windows of the last fourteen days, in a few numbers a series and window."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

import numpy as np

from metrics_exporter.compute.refresh import quiet
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.profile import Series
from metrics_exporter.profiles.table import Profiles, WindowProfiles
from metrics_exporter.statistics.moments import mean
from metrics_exporter.statistics.quantiles import quantile
from metrics_exporter.statistics.ratios import default_ratio, null_ratio
from metrics_exporter.windows import DAY, HOUR, HOURLY, Window, floor

SPAN = 14 * DAY
ENOUGH_ROWS = 20  # a ratio of fewer rows says little

_CATEGORIES = 8
_ENOUGH_POINTS = 24  # to say what is usual
_READ_SECONDS = 10.0  # a large fleet's past is read over several rounds, the newest first


@dataclass(frozen=True, slots=True)
class Slots:
    """The places of a log's charts, an hour or longer each.

    Attributes:
        window: the windows that are drawn.
        step: from one place to the next; of windows shorter than an hour, the last one of each hour is drawn.
    """

    window: Window
    step: timedelta

    @classmethod
    def of(cls, windows: Sequence[Window]) -> Slots:
        """Those of a log with windows of these lengths, the shortest first."""
        window = HOURLY if HOURLY in windows or not windows else windows[0]
        return cls(window, max(window.length, HOUR))

    @property
    def count(self) -> int:
        """How many there are."""
        return SPAN // self.step

    def ends(self, last: datetime) -> list[datetime]:
        """Where they end, the oldest first."""
        return [last - self.step * back for back in range(self.count - 1, -1, -1)]


@dataclass(frozen=True, slots=True)
class Point:
    """A series in one window; `band` is P5, mean and P95, `categories` the most frequent ones of `values`."""

    rows: int
    values: int
    default_ratio: float
    null_ratio: float
    band: tuple[float, float, float] | None
    categories: tuple[tuple[str, int], ...]

    @property
    def missing(self) -> float:
        """The share of predictions without a value."""
        return min(self.default_ratio + self.null_ratio, 1.0)


Points = Sequence[Point | None]


def latest_back(points: Points) -> int | None:
    """How many places before the last the latest point is that has enough rows to tell, else any."""
    seen = [(back, point.rows) for back, point in enumerate(reversed(points)) if point and point.rows]
    enough = (back for back, rows in seen if rows >= ENOUGH_ROWS)
    return next(enough, seen[0][0] if seen else None)


def latest(points: Points) -> Point | None:
    """That point."""
    back = latest_back(points)
    return None if back is None else points[-1 - back]


def usual(points: Points, value: Callable[[Point], float | None]) -> float | None:
    """What is usual: the median of the points before the latest that have enough rows; None where these are few."""
    back = latest_back(points)
    before = points[: -1 - back] if back is not None else points
    found = [value(point) for point in before if point and point.rows >= ENOUGH_ROWS]
    there = [each for each in found if each is not None]
    return median(there) if len(there) >= _ENOUGH_POINTS else None


@dataclass(frozen=True, slots=True)
class _Slot:
    """A window of a log, as the page remembers it."""

    rows: int
    points: Mapping[Series, Point]


@dataclass
class Trails:
    """Each log's windows by their end; what is older than `SPAN` is forgotten, and only wanted series are kept.

    `beat` is called for each window that is read.
    """

    history: History
    recompute: int
    beat: Callable[[], None] = quiet
    _slots: dict[str, dict[datetime, _Slot]] = field(default_factory=lambda: defaultdict(dict))
    _lasts: dict[tuple[str, datetime], list[_Slot | None]] = field(default_factory=dict)  # asked for by every series

    def follow(self, latest: WindowProfiles, slots: Slots, wanted: Collection[Series]) -> bool:
        """Take up a log's latest window, those that late rows may have changed, and what time allows of the past.

        Returns:
            Whether all of the past is there now; else the next call goes on with it.
        """
        known = self._slots[latest.log]
        self._lasts.clear()
        last = floor(latest.end, slots.step)
        changed = latest.end - self.recompute * latest.window.length
        for end in [end for end in known if end <= last - SPAN or end >= changed]:
            del known[end]
        if last == latest.end:
            known[last] = _slot(latest, wanted)
        there = self.history.ends(latest.log, slots.window, last - SPAN, last)
        past = {end for end in there if floor(end, slots.step) == end}
        predictors = frozenset(series.predictor for series in wanted)
        started = time.monotonic()
        for end in sorted(past - known.keys(), reverse=True):
            if time.monotonic() - started > _READ_SECONDS:
                return False
            self.beat()
            window = self.history.read_some(latest.log, slots.window, end, predictors)
            if window is not None:
                known[end] = _slot(window, wanted)
        return True

    def points(self, log: str, series: Series, slots: Slots, end: datetime) -> list[Point | None]:
        """The series in the places up to `end`, the oldest first; None where it has none."""
        return [slot.points.get(series) if slot else None for slot in self._last(log, slots, end)]

    def rows(self, log: str, slots: Slots, end: datetime) -> list[int | None]:
        """The rows of the log in the places up to `end`, the oldest first; None for a window that there is not."""
        return [slot.rows if slot else None for slot in self._last(log, slots, end)]

    def since(self, log: str, slots: Slots) -> datetime | None:
        """The start of the log's first window that the history has."""
        ends = self.history.ends(log, slots.window)
        return ends[0] - slots.window.length if ends else None

    def _last(self, log: str, slots: Slots, end: datetime) -> list[_Slot | None]:
        if (log, end) not in self._lasts:
            known = self._slots[log]
            self._lasts[log, end] = [known.get(at) for at in slots.ends(end)]
        return self._lasts[log, end]


def _slot(window: WindowProfiles, wanted: Collection[Series]) -> _Slot:
    return _Slot(window.rows, _points(window.profiles, wanted))


def _points(profiles: Profiles, wanted: Iterable[Series]) -> Mapping[Series, Point]:
    rows = sorted(row for series in wanted if (row := _row(profiles, series)) is not None)
    few = profiles.take(np.array(rows, np.int64))
    ratios = zip(default_ratio(few).tolist(), null_ratio(few).tolist(), strict=True)
    bands = zip(quantile(few, 0.05).tolist(), mean(few).tolist(), quantile(few, 0.95).tolist(), strict=True)
    return {
        profile.series: Point(
            rows=profile.rows,
            values=profile.values,
            default_ratio=defaults if profile.rows else 0.0,
            null_ratio=nulls if profile.rows else 0.0,
            band=band if all(map(math.isfinite, band)) else None,
            categories=profile.categories.top[:_CATEGORIES] if profile.categories else (),
        )
        for profile, (defaults, nulls), band in zip(few, ratios, bands, strict=True)
    }


def _row(profiles: Profiles, series: Series) -> int | None:
    """Where a series is, if there."""
    codes = profiles.predictor.code(series.predictor), profiles.model_id.code(series.model_id)
    feature = -1 if series.feature is None else profiles.feature.code(series.feature)
    if min(codes) < 0 or feature < -1:
        return None
    model = codes[0] * len(profiles.model_id.words) + codes[1]
    key = model * (len(profiles.feature.words) + 1) + feature + 1
    row = int(np.searchsorted(profiles.keys, key))
    return row if row < len(profiles) and profiles.keys[row] == key else None
