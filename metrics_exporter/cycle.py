"""One round of the exporter's work: definitions, refresh, snapshot, status page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from metrics_exporter import definitions as contract
from metrics_exporter.compute.refresh import LogReport, Refresher, ignore, quiet
from metrics_exporter.config import Settings
from metrics_exporter.definitions import Definitions, DefinitionsError, Predictor
from metrics_exporter.logs import event
from metrics_exporter.profiles.history import History
from metrics_exporter.serving.exposition import Encoded, families
from metrics_exporter.serving.page import News, Page
from metrics_exporter.serving.page.trails import Trails
from metrics_exporter.serving.snapshot import Snapshot, Snapshots
from metrics_exporter.serving.view import groups
from metrics_exporter.sources import open_warehouse

_RETRIES = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 240, 480, 600))

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Update:
    """What a round yields.

    Attributes:
        page: the status page; None: it could not be made, the last one is still good.
        failures: what went wrong, in words.
        windows: how many windows of logs there are to show.
        wake: when the next round is to begin.
        is_behind: there are windows due that this round left for the next.
    """

    snapshot: Snapshot
    page: Encoded | None
    failures: tuple[str, ...]
    windows: int
    wake: datetime
    is_behind: bool


class Cycle:
    """What lasts from one round to the next.

    Attributes:
        refresher: what computes the windows, of the definitions as they are now.
        set_aside: logs that are not read, because workers died of them; what the history has of them is shown.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        restarts: int = 0,
        beat: Callable[[], None] = quiet,
        reading: Callable[[str | None], None] = ignore,
        set_aside: frozenset[str] = frozenset(),
    ) -> None:
        """Read the definitions and open warehouse and history.

        Args:
            settings: the exporter's.
            restarts: how often this was begun anew, because the process before died or hung.
            beat: called at each step of a round, however long it takes.
            reading: called with the name of each log before it is read, and with None after the last.
            set_aside: see the attribute.

        Raises:
            DefinitionsError: the definitions can't be run.
            WarehouseError: there is no such warehouse.
        """
        self._settings = settings
        self._definitions = contract.load(settings.definitions)
        self._warehouse = open_warehouse(
            settings.warehouse,
            password=settings.warehouse_login,
            threads=settings.query_threads,
            memory_limit=settings.query_memory,
        )
        self._history = History(settings.history)
        self._history.clear_leftovers()
        self._beat, self._reading, self.set_aside = beat, reading, set_aside
        self._snapshots = Snapshots(settings.max_age, settings.series_limit, restarts)
        self._page = Page(Trails(self._history, settings.recompute, beat))
        self.refresher = self._new_refresher()
        self._definitions_errors: tuple[str, ...] = ()
        self._failed_rounds = 0
        self._is_loaded = False

    def run(self, now: datetime) -> Iterator[Update]:
        """Compute what is due and render it: first what the history has, then again after each log."""
        self._reload()
        if not self._is_loaded:
            self._is_loaded = True
            reports = self.refresher.load(now)
            if any(report.latest for report in reports):
                yield self._update(reports, now)
        failed = False
        for reports in self.refresher.refresh(now, self.set_aside):
            failed = any(self._failures(reports))
            yield self._update(reports, now)
        self._failed_rounds = self._failed_rounds + 1 if failed else 0

    def _update(self, reports: Sequence[LogReport], now: datetime) -> Update:
        failures = tuple(self._failures(reports))
        shown = groups(self._definitions, reports, now, self._settings.max_age)
        snapshot = self._snapshots.make(self._definitions, reports, shown, now)
        problems = (*failures, *snapshot.dropped.values())
        due = self.refresher.next_due(now)
        page = self._draw(
            News(self._definitions, reports, shown, problems, snapshot.series, now, due, self._settings.grafana_url)
        )
        windows = sum(len(report.latest) for report in reports)
        is_behind = any(report.is_behind for report in reports)
        return Update(snapshot, page, failures, windows, self._wake(reports, now, snapshot), is_behind)

    def _draw(self, news: News) -> Encoded | None:
        """The status page; whatever is wrong with it must not take the metrics down."""
        try:
            return self._page.render(news)
        except Exception as error:
            event(_log, logging.ERROR, "status page failed", error=f"{type(error).__name__}: {error}")
            return None

    def _reload(self) -> None:
        """Take up changed definitions; broken ones leave those before in force, all or those of one predictor."""
        try:
            fresh = contract.load(self._settings.definitions)
            families(fresh.catalogue.metrics)
        except DefinitionsError as error:
            self._definitions_errors = (f"the definitions before are kept: {error}",)
            return
        self._definitions_errors = fresh.broken
        if fresh.broken:
            fresh = _with_those_before(fresh, self._definitions.predictors)
        if fresh != self._definitions:
            self._definitions = fresh
            self.refresher = self._new_refresher()
            self._is_loaded = False
            event(_log, logging.INFO, "definitions changed", predictors=len(fresh.predictors))

    def _new_refresher(self) -> Refresher:
        settings = self._settings
        return Refresher(
            self._definitions,
            self._warehouse,
            self._history,
            lookback_days=settings.lookback_days,
            recompute=settings.recompute,
            timeout_seconds=settings.query_timeout.total_seconds(),
            retention=settings.retention,
            beat=self._beat,
            reading=self._reading,
        )

    def _failures(self, reports: Iterable[LogReport]) -> Iterable[str]:
        yield from self._definitions_errors
        for report in reports:
            if report.error:
                yield f"log {report.log}: {report.error}"

    def _wake(self, reports: Sequence[LogReport], now: datetime, snapshot: Snapshot) -> datetime:
        moments = [self.refresher.next_due(now)]
        if any(report.is_behind for report in reports):
            moments.append(now)
        if not self._page.complete:
            moments.append(now)
        if snapshot.good_until:
            moments.append(snapshot.good_until)
        if any(self._failures(reports)):
            moments.append(now + _RETRIES[min(self._failed_rounds, len(_RETRIES) - 1)])
        return min(moments)


def _with_those_before(fresh: Definitions, before: Mapping[str, Predictor]) -> Definitions:
    """Definitions in which predictors whose files are broken now are as they were when these were not."""
    known = {name: predictor for name, predictor in before.items() if predictor.log in fresh.catalogue.logs}
    return fresh.model_copy(update={"predictors": known | fresh.predictors})
