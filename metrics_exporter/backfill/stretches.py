"""Stretches: what a group showed, unchanged, from one moment to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from metrics_exporter.definitions import Subject
from metrics_exporter.profiles.table import Floats
from metrics_exporter.profiles.text import Text
from metrics_exporter.serving.exposition import Family, columns
from metrics_exporter.serving.view import Group
from metrics_exporter.statistics.kinds import Models
from metrics_exporter.windows import HOUR, MONDAY, Window

# When a live exporter is scraped each minute, the last sample of a series is from up to a minute before its end.
LAST = timedelta(minutes=1)

Place = tuple[str, Window | None]  # a log and a window's length


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """The shown rows of a subject.

    Attributes:
        labels: of each row, by label.
        columns: by metric and the value of the statistic's own label; infinite where there is no value.
    """

    labels: Mapping[str, Text]
    columns: Mapping[tuple[str, str], Floats]

    @property
    def size(self) -> int:
        """How many values it has room for."""
        return sum(len(column) for column in self.columns.values())


@dataclass(eq=False, slots=True)
class Stretch:
    """What a group showed.

    Attributes:
        group: as it was first; what is no longer needed of it is let go.
        since: the first moment.
        until: the first moment at which it was not shown any more; None: it still stands.
        step: the time after which each value is repeated, while it stands.
        offset: from which multiples of `step` are counted: the log's settling time.
        tables: by subject.
    """

    place: Place
    group: Group | None
    since: datetime
    step: timedelta
    offset: timedelta
    tables: Mapping[Subject, Table]
    until: datetime | None = None

    @property
    def size(self) -> int:
        """How many values it has room for."""
        return sum(table.size for table in self.tables.values())

    def times(self, first: datetime, end: datetime) -> list[datetime]:
        """When it is sampled, from `first` on and before `end`: at its beginning, and after each step."""
        last = end if self.until is None else min(end, self.until)
        begin = max(self.since, first)
        start = begin - (begin - MONDAY - self.offset) % self.step
        found = [self.since] if first <= self.since < last else []
        while start < last:
            if start >= begin and start > self.since:
                found.append(start)
            start += self.step
        return found


@dataclass(eq=False)
class Standing:
    """The stretches that stand, and those that did lately.

    Attributes:
        families: what is exported.
        settle: the settling time of each log.
        begin: when the samples begin: what stands then is sampled then.
        every: the longest time without a sample; None: what the generated queries need.
        held: all that were opened and not let go, oldest first.
    """

    families: Sequence[Family]
    settle: Mapping[str, timedelta]
    begin: datetime
    every: timedelta | None = None
    held: list[Stretch] = field(default_factory=list)
    _open: dict[Place, Stretch] = field(default_factory=dict)

    def show(self, moment: datetime, groups: Sequence[Group]) -> int:
        """Other groups are shown from a moment on; how many values are new."""
        now = {(group.log, group.window): group for group in groups}
        new = 0
        for place in [*self._open]:
            if place not in now or not _is_same(self._open[place].group, now[place]):
                ended = self._open.pop(place)
                ended.until, ended.group = moment, None
        for place, group in now.items():
            if place not in self._open:
                stretch = self._stretch(place, group, max(moment, self.begin))
                self._open[place] = stretch
                self.held.append(stretch)
                new += stretch.size
        return new

    def let_go(self, before: datetime) -> None:
        """Forget the stretches that ended before a moment, or at it."""
        self.held = [stretch for stretch in self.held if stretch.until is None or stretch.until > before]

    def _stretch(self, place: Place, group: Group, since: datetime) -> Stretch:
        log, window = place
        # As far back as queries look for it, and no further: a window and a margin, and an hour for what has no window.
        step = window.length if window else HOUR
        step = min(step, self.every) if self.every else step
        return Stretch(place, group, since, step, self.settle[log] % step, _tables(self.families, group))


def _tables(families: Sequence[Family], group: Group) -> dict[Subject, Table]:
    found: dict[Subject, dict[tuple[str, str], Floats]] = {}
    for family in families:
        for column in columns(family, group):
            values = np.where(column.there, column.values, np.inf)
            found.setdefault(family.metric.subject, {})[family.metric.name, column.own] = values
    return {subject: Table(_labels(families, group, subject), values) for subject, values in found.items()}


def _labels(families: Sequence[Family], group: Group, subject: Subject) -> dict[str, Text]:
    """The labels of the shown rows; the window is no label of a row."""
    wanted = {label for family in families if family.metric.subject is subject for label in family.labels} - {"window"}
    table, rows = group.table(subject), group.rows[subject]
    return {label: getattr(table, label).take(rows) for label in sorted(wanted)}


def _is_same(before: Group | None, now: Group) -> bool:
    """Whether a group shows the same values of the same series."""
    return (
        before is not None
        and before.profiles is now.profiles
        and before.readings is now.readings
        and all(np.array_equal(before.rows[subject], now.rows[subject]) for subject in Subject)
        and _are_same(before.models, now.models)
    )


def _are_same(before: Models, now: Models) -> bool:
    return (
        before.end == now.end
        and all(
            mine.words == theirs.words and np.array_equal(mine.codes, theirs.codes)
            for mine, theirs in ((before.predictor, now.predictor), (before.model_id, now.model_id))
        )
        and np.array_equal(before.rows, now.rows, equal_nan=True)
        and np.array_equal(before.silence, now.silence, equal_nan=True)
    )
