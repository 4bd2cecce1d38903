"""What a history holds, and what it lacks: the windows of each log by their length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from metrics_exporter.profiles.history import History
from metrics_exporter.windows import Window, ends, floor


@dataclass(frozen=True, slots=True)
class Kept:
    """The windows of one length that there are of a log; `sizes` has each one's bytes by its end."""

    log: str
    window: Window
    sizes: Mapping[datetime, int]

    @property
    def first(self) -> datetime:
        """The end of the oldest."""
        return min(self.sizes)

    @property
    def last(self) -> datetime:
        """The end of the newest."""
        return max(self.sizes)

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(self.sizes.values())


@dataclass(frozen=True, slots=True)
class Gap:
    """Windows in a row that are missing, from the start of the first to the end of the last."""

    log: str
    window: Window
    start: datetime
    end: datetime

    @property
    def count(self) -> int:
        """How many they are."""
        return (self.end - self.start) // self.window.length


def kept(history: History, log: str | None = None) -> list[Kept]:
    """What there is of each log, or of one, by length, the shortest first."""
    logs = history.logs() if log is None else [log]
    found = (Kept(name, window, history.sizes(name, window)) for name in logs for window in history.lengths(name))
    return [each for each in found if each.sizes]


def gaps(there: Sequence[Kept], until: datetime | None = None) -> list[Gap]:
    """What is missing of each log and length: from its oldest window on, to `until`.

    None stands for the end of the log's newest window of any length: what the other lengths lack before it is a gap.
    """
    newest: dict[str, datetime] = {}
    for each in there:
        newest[each.log] = max(each.last, newest.get(each.log, each.last))
    return [gap for each in there for gap in _gaps(each, until or newest[each.log])]


def _gaps(each: Kept, until: datetime) -> Iterator[Gap]:
    length = each.window.length
    missing = (end for end in ends(each.first, floor(until, length), length) if end not in each.sizes)
    for start, end in _joined((end - length, end) for end in missing):
        yield Gap(each.log, each.window, start, end)


def _joined(spans: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Spans in order; those that touch are one."""
    begin: datetime | None = None
    last: datetime | None = None
    for start, end in spans:
        if begin is not None and last is not None and start != last:
            yield begin, last
            begin = start
        begin, last = begin or start, end
    if begin is not None and last is not None:
        yield begin, last
