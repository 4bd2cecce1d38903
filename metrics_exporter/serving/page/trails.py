"""What the charts show: the last fourteen days of hourly windows, in a few numbers a series and window."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from metrics_exporter.compute.refresh import quiet
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.profile import GRID, Profile, Series, WindowProfiles

HOUR = timedelta(hours=1)
SLOTS = 14 * 24
SPAN = SLOTS * HOUR

_LOW, _HIGH = GRID.index(0.05), GRID.index(0.95)
_CATEGORIES = 8
_READ_SECONDS = 10.0  # a large fleet's past is read over several rounds, the newest first


@dataclass(frozen=True, slots=True)
class Point:
    """A series in one hour; `band` is P5, mean and P95, `categories` the most frequent ones of `values`."""

    rows: int
    values: int
    default_ratio: float
    null_ratio: float
    band: tuple[float, float, float] | None
    categories: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Hour:
    """A window of a log, as the page remembers it."""

    rows: int
    points: Mapping[Series, Point]


@dataclass
class Trails:
    """Each log's hours by their end; what is older than `SPAN` is forgotten, and only wanted series are kept.

    `beat` is called for each window that is read.
    """

    history: History
    recompute: int
    beat: Callable[[], None] = quiet
    _hours: dict[str, dict[datetime, Hour]] = field(default_factory=lambda: defaultdict(dict))
    _lasts: dict[tuple[str, datetime], list[Hour | None]] = field(default_factory=dict)  # asked for by every series

    def follow(self, latest: WindowProfiles, wanted: Collection[Series]) -> bool:
        """Take up a log's latest hour, those that late rows may have changed, and what time allows of the past.

        Returns:
            Whether all of the past is there now; else the next call goes on with it.
        """
        hours = self._hours[latest.log]
        self._lasts.clear()
        for end in [end for end in hours if end <= latest.end - SPAN or end >= latest.end - self.recompute * HOUR]:
            del hours[end]
        hours[latest.end] = _hour(latest, wanted)
        started = time.monotonic()
        past = {end for end in self.history.ends(latest.log, "1h") if latest.end - SPAN < end < latest.end}
        for end in sorted(past - hours.keys(), reverse=True):
            if time.monotonic() - started > _READ_SECONDS:
                return False
            self.beat()
            for window in self.history.read(latest.log, "1h", end - HOUR, end):
                hours[end] = _hour(window, wanted)
        return True

    def points(self, log: str, series: Series, end: datetime) -> list[Point | None]:
        """The series' last `SLOTS` hours, the oldest first; None where it has none."""
        return [hour.points.get(series) if hour else None for hour in self._last(log, end)]

    def rows(self, log: str, end: datetime) -> list[int | None]:
        """The rows of the log's last `SLOTS` hours, the oldest first; None for a window that there is not."""
        return [hour.rows if hour else None for hour in self._last(log, end)]

    def since(self, log: str) -> datetime | None:
        """The start of the log's first window that the history has."""
        ends = self.history.ends(log, "1h")
        return ends[0] - HOUR if ends else None

    def _last(self, log: str, end: datetime) -> list[Hour | None]:
        if (log, end) not in self._lasts:
            hours = self._hours[log]
            self._lasts[log, end] = [hours.get(end - HOUR * back) for back in range(SLOTS - 1, -1, -1)]
        return self._lasts[log, end]


def _hour(window: WindowProfiles, wanted: Collection[Series]) -> Hour:
    return Hour(window.rows, {p.series: _point(p) for p in window.profiles if p.series in wanted})


def _point(profile: Profile) -> Point:
    shape, categories = profile.distribution, profile.categories
    rows = profile.rows or 1
    return Point(
        rows=profile.rows,
        values=profile.values,
        default_ratio=profile.defaults / rows,
        null_ratio=profile.nulls / rows,
        band=(shape.grid[_LOW], shape.mean, shape.grid[_HIGH]) if shape else None,
        categories=categories.top[:_CATEGORIES] if categories else (),
    )
