"""Reports → an immutable snapshot: everything that a scrape or a look at the status page is answered with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.config import MAX_AGE, SERIES_LIMIT
from metrics_exporter.definitions import Definitions
from metrics_exporter.digests import digests
from metrics_exporter.serving import limit
from metrics_exporter.serving.exposition import Encoded, Encoder, encode, families, render
from metrics_exporter.serving.limit import Size
from metrics_exporter.serving.own_metrics import OwnMetrics
from metrics_exporter.serving.view import Group, expiry


@dataclass(frozen=True, slots=True)
class Exposition:
    """The same samples in text 0.0.4 and in OpenMetrics 1.0."""

    text: Encoded
    openmetrics: Encoded


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is served until the next one.

    Attributes:
        current: everything.
        expired: the exporter's own metrics alone; served from `good_until` on, should no other snapshot come.
        good_until: when the first of its values is too old to be shown; None: it has none.
        series: how many series of predictors it has.
        dropped: why predictors were left out, by predictor.
    """

    current: Exposition
    expired: Exposition
    good_until: datetime | None
    series: int
    dropped: Mapping[str, str]

    def exposition(self, now: datetime) -> Exposition:
        """What is to be served now."""
        return self.expired if self.good_until and now >= self.good_until else self.current


@dataclass
class Snapshots:
    """Makes snapshots, and remembers how large the predictors were when they were last exported.

    Attributes:
        restarts: how many worker processes there were before this one.
    """

    max_age: timedelta = MAX_AGE
    series_limit: int = SERIES_LIMIT
    restarts: int = 0
    _before: dict[str, Size] = field(default_factory=dict)

    def make(
        self, definitions: Definitions, reports: Sequence[LogReport], shown: Sequence[Group], now: datetime
    ) -> Snapshot:
        """Render the groups and the exporter's own metrics.

        Raises:
            DefinitionsError: the catalogue asks for what can't be extracted.
        """
        wanted = families(definitions.catalogue.metrics)
        encoder = Encoder()
        series = render(wanted, shown, encoder)
        sizes = limit.sizes(shown, series)
        out = limit.too_large(sizes, self._before, self.series_limit)
        dropped = {name: limit.explain(name, sizes[name], self._size_before(name), self.series_limit) for name in out}
        if dropped:
            encoder = Encoder()
            render(wanted, [group.without(dropped) for group in shown], encoder)
        self._before.update({name: size for name, size in sizes.items() if name not in dropped})
        kept = {name: count for name, count in series.items() if name not in dropped}
        over = {name: series[name] for name in dropped}
        own = OwnMetrics(tuple(reports), kept, over, digests(definitions), self.restarts)
        return Snapshot(
            Exposition(encoder.finish(own.text()), encoder.finish(own.openmetrics())),
            Exposition(encode(own.text()), encode(own.openmetrics())),
            good_until(definitions, reports, now, self.max_age),
            sum(kept.values()),
            dropped,
        )

    def _size_before(self, name: str) -> Size:
        return self._before.get(name, limit.EMPTY)


def good_until(
    definitions: Definitions, reports: Iterable[LogReport], now: datetime, max_age: timedelta
) -> datetime | None:
    """When the first of the reports' values is too old to be shown; None: none will be."""
    ends = (
        expiry(window, latest.end, definitions.catalogue.logs[report.log].settle_seconds, max_age)
        for report in reports
        for window, latest in report.latest.items()
    )
    return min((end for end in ends if end > now), default=None)
