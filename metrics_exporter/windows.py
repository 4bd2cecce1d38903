"""Which windows are due: those that have closed, have settled, and are not in the history yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def floor(time: datetime, length: timedelta) -> datetime:
    """The last full `length` since 1970 in UTC, at or before `time`."""
    return time - (time - _EPOCH) % length


def last_end(now: datetime, settle: timedelta, length: timedelta) -> datetime:
    """The end of the latest window that has closed and settled: it is due when end + settle <= now."""
    return floor(now - settle, length)


def ends(after: datetime, until: datetime, length: timedelta) -> Iterator[datetime]:
    """The ends of the windows of a length that lie between two window ends."""
    while after < until:
        after += length
        yield after


def due(done: Collection[datetime], last: datetime, lookback: timedelta, recompute: int) -> list[datetime]:
    """The ends of the hourly windows to compute, oldest first.

    They reach back to the midnight that starts the look-back, so that its days are complete. When any window is due,
    so are the last `recompute` before the latest one: rows that came late are then counted.
    """
    start = floor(last - lookback, DAY)
    missing = {end for end in ends(start, last, HOUR) if end not in done}
    if missing:
        missing.update(ends(max(start, last - (recompute + 1) * HOUR), last, HOUR))
    return sorted(missing)


def spans(window_ends: Iterable[datetime], hours: int) -> Iterator[tuple[datetime, datetime]]:
    """Coalesce sorted hourly window ends to (start, end) ranges.

    Args:
        window_ends: the windows to cover.
        hours: at most so many in a range, a divisor of 24; ranges are cut at multiples of it, 24: at each midnight.
    """
    block = hours * HOUR
    start = end = None
    for window_end in window_ends:
        if start is not None and end is not None and (window_end - HOUR != end or floor(end, block) == end):
            yield start, end
            start = None
        if start is None:
            start = window_end - HOUR
        end = window_end
    if start is not None and end is not None:
        yield start, end
