"""Chunks: all samples of some days, family by family, series by series, in the order of time.

A chunk lies in one of the blocks that Prometheus' storage has, so that promtool makes one block of it in one pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from metrics_exporter.backfill.moments import Moment
from metrics_exporter.backfill.stretches import LAST, Place, Standing, Stretch, Table
from metrics_exporter.definitions import Subject
from metrics_exporter.profiles.table import Floats, offsets_of
from metrics_exporter.profiles.text import Ints, Text, joined
from metrics_exporter.serving.exposition import Family
from metrics_exporter.windows import Window

# Prometheus' blocks are two hours long, or 3, 9, 27, 81 … times as long: a week, nearly. With the next shorter ones
# promtool takes a third longer, with two hours thirty times as long; with the next longer ones it takes more memory.
BLOCK = timedelta(hours=162)
_LEAST = timedelta(hours=2)
MOST_VALUES = 8_000_000  # beyond so many a chunk ends early, at the next multiple of two hours
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Samples:
    """The samples of a metric's series that have the same window, and the same value of the statistic's own label.

    Attributes:
        own: the value of the statistic's own label; empty where it has none.
        window: the value of the label `window`; None where there is none.
        labels: of each series, by label; without `window` and the statistic's own.
        series: of each sample; ascending, the samples of a series by time.
        values: of each sample.
        times: of each sample, in seconds since 1970.
    """

    family: Family
    own: str
    window: Window | None
    labels: Mapping[str, Text]
    series: Ints
    values: Floats
    times: Ints


@dataclass(frozen=True, eq=False)
class Chunk:
    """All samples from `start` on and before `end`."""

    start: datetime
    end: datetime
    stretches: tuple[Stretch, ...]
    families: Sequence[Family]

    def samples(self) -> Iterator[Samples]:
        """By metric, as the exposition has them; a series comes once."""
        places = _by_place(self.stretches)
        sheets = {key: _Sheet(parts, self.start, self.end) for key, parts in places.items()}
        for family in self.families:
            for ((_, window), subject), sheet in sheets.items():
                if subject is family.metric.subject:
                    yield from sheet.samples(family, window)


def chunks(moments: Iterable[Moment], standing: Standing, start: datetime, end: datetime) -> Iterator[Chunk]:
    """Cut what was shown into chunks, the last of which ends at `end`; what was shown before `start` is in none."""
    limit, new = min(_block_end(start), end), 0

    def cut() -> Chunk:
        nonlocal start, limit, new
        chunk = Chunk(start, limit, tuple(standing.held), standing.families)
        standing.let_go(limit)
        start, limit, new = limit, min(_block_end(limit), end), 0
        return chunk

    for moment, groups in moments:
        while moment - LAST >= limit and start < end:
            yield cut()
        size = standing.show(moment, groups)
        new += size if moment >= start else 0  # what came before counts nowhere, so that resuming cuts alike
        standing.let_go(start)
        if new > MOST_VALUES:
            limit = min(limit, _next(moment, _LEAST))
    while start < end:
        yield cut()


def _block_end(moment: datetime) -> datetime:
    return _next(moment, BLOCK)


def _next(moment: datetime, length: timedelta) -> datetime:
    """The first multiple of a length after a moment."""
    return moment + length - (moment - _EPOCH) % length


def _by_place(stretches: Iterable[Stretch]) -> dict[tuple[Place, Subject], list[tuple[Stretch, Table]]]:
    found: dict[tuple[Place, Subject], list[tuple[Stretch, Table]]] = {}
    for stretch in stretches:
        for subject, table in stretch.tables.items():
            found.setdefault((stretch.place, subject), []).append((stretch, table))
    return found


class _Sheet:
    """The tables of a place's stretches as one: a row is a series in a stretch, by series, then by time."""

    def __init__(self, parts: Sequence[tuple[Stretch, Table]], start: datetime, end: datetime) -> None:
        self._parts = parts
        sizes = [len(next(iter(table.columns.values()))) for _, table in parts]
        labels = {label: joined([table.labels[label] for _, table in parts]) for label in parts[0][1].labels}
        stretch = np.repeat(np.arange(len(parts)), sizes)
        keys = np.zeros(len(stretch), np.int64)
        for text in labels.values():
            keys = np.unique(keys * (len(text.words) + 1) + text.codes + 1, return_inverse=True)[1]
        self._order = np.lexsort((stretch, keys))
        self._stretch, self._series = stretch[self._order], keys[self._order]
        example = self._order[np.flatnonzero(np.diff(self._series, prepend=-1))]
        self._labels = {label: text.take(example) for label, text in labels.items()}
        self._since = np.array([_seconds(stretch.since) for stretch, _ in parts])
        # Of one that still stands, nothing follows and nothing has ended.
        self._until = np.array([_seconds(stretch.until) if stretch.until else -1 for stretch, _ in parts])
        times = [[_seconds(at) for at in stretch.times(start, end)] for stretch, _ in parts]
        self._offsets = offsets_of([len(each) for each in times])
        self._times = np.array([at for each in times for at in each], np.int64)
        self._start, self._end = _seconds(start), _seconds(end)

    def samples(self, family: Family, window: Window | None) -> Iterator[Samples]:
        """Those of a metric."""
        name = family.metric.name
        keys = dict.fromkeys(key for _, table in self._parts for key in table.columns if key[0] == name)
        for key in keys:
            values = np.concatenate([self._column(table, key) for _, table in self._parts])[self._order]
            rows = np.flatnonzero(~np.isinf(values))
            series, value_rows, times = self._sampled(rows)
            if len(times):
                labels = {label: self._labels[label] for label in family.labels if label != "window"}
                own = window if "window" in family.labels else None
                yield Samples(family, key[1], own, labels, series, values[value_rows], times)

    def _column(self, table: Table, key: tuple[str, str]) -> Floats:
        if key in table.columns:
            return table.columns[key]
        return np.full(len(next(iter(table.columns.values()))), np.inf)

    def _sampled(self, rows: Ints) -> tuple[Ints, Ints, Ints]:
        """The series, the row and the time of each sample of these rows."""
        stretch, series = self._stretch[rows], self._series[rows]
        counts = np.diff(self._offsets)[stretch]
        lasts = self._lasts(stretch, series)
        has_last = lasts >= 0
        offsets = offsets_of(counts + has_last)
        owner = np.repeat(np.arange(len(rows)), counts + has_last)
        place = np.arange(offsets[-1]) - offsets[:-1][owner]
        is_last = place == counts[owner]
        source = np.where(is_last, 0, self._offsets[:-1][stretch][owner] + place)
        regular = self._times[source] if len(self._times) else np.zeros(len(owner), np.int64)
        return series[owner], rows[owner], np.where(is_last, lasts[owner], regular)

    def _lasts(self, stretch: Ints, series: Ints) -> Ints:
        """When a series that ended was last seen, if that lies in the chunk and is no other sample's time; else -1."""
        until = self._until[stretch]
        goes_on = np.zeros(len(stretch), bool)
        goes_on[:-1] = (series[1:] == series[:-1]) & (self._since[stretch[1:]] == until[:-1])
        lasts = until - int(LAST.total_seconds())
        first, after = self._offsets[:-1][stretch], self._offsets[1:][stretch]
        newest = self._since[stretch]
        some = after > first
        newest[some] = np.maximum(newest[some], self._times[after[some] - 1])
        is_wanted: NDArray[np.bool_] = ~goes_on & (until >= 0) & (lasts > newest)
        is_wanted &= (lasts >= self._start) & (lasts < self._end)
        return np.where(is_wanted, lasts, -1)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
