"""When something else was to be seen on `/metrics`, and what."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.compute.replay import Replay
from metrics_exporter.config import Settings
from metrics_exporter.definitions import Definitions
from metrics_exporter.serving.snapshot import good_until
from metrics_exporter.serving.view import Group, groups

Moment = tuple[datetime, tuple[Group, ...]]
_Reports = tuple[datetime, Mapping[str, LogReport]]


def moments(
    definitions: Definitions, replays: Sequence[Replay], settings: Settings, since: datetime, until: datetime
) -> Iterator[Moment]:
    """What was shown, and from when on; the first may be from before `since`, as it stood then."""
    for now, reports in _with_expiries(definitions, replays, settings, since, until):
        yield now, groups(definitions, reports.values(), now, settings.max_age)


def _with_expiries(
    definitions: Definitions, replays: Sequence[Replay], settings: Settings, since: datetime, until: datetime
) -> Iterator[_Reports]:
    """The reports at each publication, and again when values vanish because nothing followed them."""
    standing: _Reports | None = None
    for published in _published(replays, since):
        if standing is not None:
            yield standing
            yield from _expiries(definitions, standing, settings, published[0])
        standing = published
    if standing is not None:
        yield standing
        yield from _expiries(definitions, standing, settings, until)


def _published(replays: Sequence[Replay], since: datetime) -> Iterator[_Reports]:
    """All logs' reports whenever one of them has a new one."""
    found = heapq.merge(*(replay.reports(since) for replay in replays), key=lambda published: published[0])
    reports: dict[str, LogReport] = {}
    for moment, new in groupby(found, key=lambda published: published[0]):
        reports.update({report.log: report for _, report in new})
        yield moment, dict(reports)


def _expiries(definitions: Definitions, standing: _Reports, settings: Settings, until: datetime) -> Iterator[_Reports]:
    now, reports = standing
    while (end := good_until(definitions, reports.values(), now, settings.max_age)) is not None and end < until:
        yield end, reports
        now = end
