"""One round of the exporter's work: definitions, refresh, snapshot, status page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
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

_HOUR = timedelta(hours=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
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
    """

    snapshot: Snapshot
    page: Encoded | None
    failures: tuple[str, ...]
    windows: int
    wake: datetime


class Cycle:
    """What lasts from one round to the next.

    Attributes:
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
            settings.warehouse, threads=settings.query_threads, memory_limit=settings.query_memory
        )
        self._history = History(settings.history)
        self._history.clear_leftovers()
        self._beat, self._reading, self.set_aside = beat, reading, set_aside
        self._snapshots = Snapshots(settings.max_age, settings.series_limit, restarts)
        self._page = Page(Trails(self._history, settings.recompute, beat))
        self._refresher = self._new_refresher()
        self._definitions_errors: tuple[str, ...] = ()
        self._failed_rounds = 0

    def run(self, now: datetime) -> Update:
        """Compute what is due and render it."""
        self._reload()
        reports = self._refresher.refresh(now, self.set_aside)
        failures = tuple(self._failures(reports))
        self._failed_rounds = self._failed_rounds + 1 if failures else 0
        shown = groups(self._definitions, reports, now, self._settings.max_age)
        snapshot = self._snapshots.make(self._definitions, reports, shown, now)
        problems = (*failures, *snapshot.dropped.values())
        due = next_due(self._definitions, now)
        page = self._draw(News(self._definitions, reports, shown, problems, snapshot.series, now, due))
        windows = sum(len(report.latest) for report in reports)
        return Update(snapshot, page, failures, windows, self._wake(now, snapshot))

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
            self._refresher = self._new_refresher()
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
            beat=self._beat,
            reading=self._reading,
        )

    def _failures(self, reports: Iterable[LogReport]) -> Iterable[str]:
        yield from self._definitions_errors
        for report in reports:
            if report.error:
                yield f"log {report.log}: {report.error}"

    def _wake(self, now: datetime, snapshot: Snapshot) -> datetime:
        moments = [next_due(self._definitions, now)]
        if not self._page.complete:
            moments.append(now)
        if snapshot.good_until:
            moments.append(snapshot.good_until)
        if self._failed_rounds:
            moments.append(now + _RETRIES[min(self._failed_rounds, len(_RETRIES)) - 1])
        return min(moments)


def _with_those_before(fresh: Definitions, before: Mapping[str, Predictor]) -> Definitions:
    """Definitions in which predictors whose files are broken now are as they were when these were not."""
    known = {name: predictor for name, predictor in before.items() if predictor.log in fresh.catalogue.logs}
    return fresh.model_copy(update={"predictors": known | fresh.predictors})


def next_due(definitions: Definitions, now: datetime) -> datetime:
    """When the next hour of any log is due: its end, and the time that its rows take to settle."""
    settles = {timedelta(seconds=log.settle_seconds) for log in definitions.catalogue.logs.values()}
    return min(_EPOCH + ((now - settle - _EPOCH) // _HOUR + 1) * _HOUR + settle for settle in settles)
