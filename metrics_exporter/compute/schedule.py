"""Which windows of a log are done, which are due, and which are given up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from metrics_exporter import windows
from metrics_exporter.windows import DAY, Window

_ATTEMPTS = 3  # a single window whose scan ran into its deadline so often is given up


class Schedule:
    """The windows of one log: the shortest are scanned, the longer ones merged from them.

    Attributes:
        scanned: the length of those that are scanned.
        merged: the longer ones, shortest first.
        missed: ends of scanned windows that were due while the exporter did not run, or failed.
    """

    def __init__(self, lengths: Iterable[Window], settle: timedelta, lookback: timedelta, recompute: int) -> None:
        """Know of no window yet; `begin` says which there are."""
        wanted = sorted(set(lengths))
        self.scanned = min(windows.base(wanted), windows.DAILY)
        self.merged = tuple(window for window in wanted if window != self.scanned)
        self.missed: set[datetime] = set()
        self._settle, self._lookback, self._recompute = settle, lookback, recompute
        self._done: dict[Window, set[datetime]] = {}
        self._last: datetime | None = None
        self._newest: datetime | None = None  # of those that there were at the beginning; later ones can be missed
        self._longest = DAY
        self._attempts: dict[datetime, int] = {}

    @property
    def lengths(self) -> tuple[Window, ...]:
        """All of them, the scanned one first."""
        return self.scanned, *self.merged

    @property
    def first_end(self) -> datetime | None:
        """The end of the first scanned window that there is."""
        return min(self._done.get(self.scanned, ()), default=None)

    def is_done(self, window: Window, end: datetime) -> bool:
        """Whether the history has a window."""
        return end in self._done.get(window, ())

    def last_end(self, now: datetime, window: Window) -> datetime:
        """The end of the latest window that has closed and settled."""
        return windows.last_end(now, self._settle, window.length)

    def next_due(self, now: datetime) -> datetime:
        """When the next scanned window will have closed and settled."""
        return self.last_end(now, self.scanned) + self.scanned.length + self._settle

    def is_new(self, now: datetime) -> bool:
        """Whether `begin` is to be called: at the start, and when the clock was set back."""
        return self._last is None or self.last_end(now, self.scanned) < self._last

    def begin(self, done: Mapping[Window, Iterable[datetime]], now: datetime) -> None:
        """Take up which windows there are; those in the future come from a clock that was ahead."""
        self._done = {w: {end for end in ends if end <= self.last_end(now, w)} for w, ends in done.items()}
        self._last = self.last_end(now, self.scanned)
        self._newest = max(self._done[self.scanned], default=self._last)

    def reset(self) -> None:
        """Forget which windows there are: `begin` is to be called again."""
        self._last = None

    def due(self, now: datetime, held: Collection[datetime] = ()) -> list[datetime]:
        """The ends of the windows to scan now, oldest first; those that are held were scanned, and only not kept."""
        self._last = last = self.last_end(now, self.scanned)
        done = self._done[self.scanned]
        given_up = {end for end, attempts in self._attempts.items() if attempts >= _ATTEMPTS}
        due = windows.due(done | given_up | set(held), last, self.scanned, self._lookback, self._recompute)
        due = [end for end in due if end not in given_up]
        if self._newest:
            self.missed.update(end for end in due if end not in done and self._newest < end < last)
        return due

    def span(self, due: list[datetime]) -> tuple[datetime, datetime]:
        """What to scan first: as much of what is due as a scan was able to do lately."""
        return windows.span(due, self.scanned, self._longest)

    def failed(self, start: datetime, end: datetime) -> None:
        """A scan ran into its deadline: the next is half as long; a single window is given up one day."""
        if end - start > self.scanned.length:
            half = self._longest / 2
            self._longest = self.scanned.length if half % self.scanned.length else half
        else:
            self._attempts[end] = self._attempts.get(end, 0) + 1

    def set_done(self, window: Window, end: datetime) -> None:
        """A window is in the history; longer ones around a scanned one are to be merged again."""
        self._done[window].add(end)
        if window == self.scanned:
            for longer in self.merged:
                around = windows.floor(end - window.length, longer.length) + longer.length
                self._done[longer].discard(around)

    def forget(self, window: Window, ends: Iterable[datetime]) -> None:
        """Windows that turned out to be unreadable are to be computed again."""
        self._done[window].difference_update(ends)

    def ends(self, window: Window, count: int, until: datetime) -> list[datetime]:
        """The last `count` ends that there are, oldest first, not after `until`."""
        return [end for end in self.all_ends(window) if end <= until][-count:]

    def beyond(self, window: Window, kept: int) -> list[datetime]:
        """The ends that there are before the newest `kept`, oldest first."""
        there = self._done.get(window, ())
        return self.all_ends(window)[:-kept] if len(there) > kept else []

    def all_ends(self, window: Window) -> list[datetime]:
        """The ends that there are, oldest first."""
        return sorted(self._done.get(window, ()))

    def mergeable(self, now: datetime) -> Iterator[tuple[Window, datetime, list[datetime]]]:
        """Longer windows that are new or have changed and are complete but for what is given up, with their parts."""
        for window in self.merged:
            last = self.last_end(now, window)
            first = windows.floor(last - self._lookback, window.length)
            for end in windows.ends(first, last, window.length):
                if end in self._done[window]:
                    continue
                parts = set(windows.ends(end - window.length, end, self.scanned.length))
                there = parts & self._done[self.scanned]
                if there and not any(self._attempts.get(at, 0) < _ATTEMPTS for at in parts - there):
                    yield window, end, sorted(there)
