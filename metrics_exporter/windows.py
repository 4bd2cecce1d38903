"""Windows: what lengths there are, and which are due: those that have closed, have settled, and are not done yet."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)  # a midnight, too: windows of every length begin at it
_DAY_SECONDS = 86400
_UNITS = {"m": 60, "h": 3600, "d": _DAY_SECONDS}


@dataclass(frozen=True, order=True, slots=True)
class Window:
    """A length of windows: a divisor of a day from a minute on, or a week, which begins on a Monday (UTC).

    Written in the largest unit that gives a whole number: `15m`, `1h`, `1d`, `7d`.
    """

    seconds: int

    @classmethod
    def parse(cls, text: str) -> Window:
        """The window that a text means: `90m`, `2h`, `1d`.

        Raises:
            ValueError: it is no length, or none that windows can have.
        """
        found = re.fullmatch(r"(\d{1,5})([mhd])", text)
        if found is None:
            raise ValueError(f"{text!r} is no window; write a number and m, h or d, such as 15m, 1h or 1d")
        seconds = int(found[1]) * _UNITS[found[2]]
        if seconds != 7 * _DAY_SECONDS and (seconds < 60 or _DAY_SECONDS % seconds):
            raise ValueError(f"{text!r} does not divide a day; use one such as 5m, 15m, 1h, 6h or 1d, or 7d")
        return cls(seconds)

    @property
    def length(self) -> timedelta:
        """The time from a window's start to its end."""
        return timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        unit = next(unit for unit in ("d", "h", "m") if self.seconds % _UNITS[unit] == 0)
        return f"{self.seconds // _UNITS[unit]}{unit}"


HOURLY = Window(3600)
DAILY = Window(_DAY_SECONDS)


def base(windows: Iterable[Window]) -> Window:
    """The longest window of which all of these can be merged."""
    return Window(math.gcd(*(window.seconds for window in windows)))


def floor(time: datetime, length: timedelta) -> datetime:
    """The start of the window of a length that a time lies in, at or before it."""
    return time - (time - MONDAY) % length


def last_end(now: datetime, settle: timedelta, length: timedelta) -> datetime:
    """The end of the latest window that has closed and settled: it is due when end + settle <= now."""
    return floor(now - settle, length)


def ends(after: datetime, until: datetime, length: timedelta) -> Iterator[datetime]:
    """The ends of the windows of a length that lie between two window ends."""
    while after < until:
        after += length
        yield after


def due(
    done: Collection[datetime], last: datetime, window: Window, lookback: timedelta, recompute: int
) -> list[datetime]:
    """The ends of the windows to scan, oldest first.

    They reach back to the midnight that starts the look-back, so that its days are complete. When any window is due,
    so are the last `recompute` before the latest one: rows that came late are then counted.
    """
    start = floor(last - lookback, DAY)
    missing = {end for end in ends(start, last, window.length) if end not in done}
    if missing:
        again = last - (recompute + 1) * window.length
        missing.update(ends(max(start, again), last, window.length))
    return sorted(missing)


def span(window_ends: Sequence[datetime], window: Window, longest: timedelta) -> tuple[datetime, datetime]:
    """The first stretch without a gap of sorted window ends, as start and end.

    Args:
        window_ends: the windows to cover; at least one.
        window: how long they are.
        longest: of the stretch, a part of a day; it is cut at multiples of it, a day's at midnight.
    """
    start = window_ends[0] - window.length
    end = window_ends[0]
    for window_end in window_ends[1:]:
        if window_end - window.length != end or floor(end, longest) == end:
            break
        end = window_end
    return start, end
