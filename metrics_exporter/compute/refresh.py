"""A refresh: the windows due are scanned, kept in the history, and reported, log by log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyarrow.compute as pc

from metrics_exporter.compute.judging import Judge
from metrics_exporter.compute.memory import RECENT, Expected, Memory, lately, past, silences
from metrics_exporter.compute.references import References
from metrics_exporter.compute.schedule import Schedule
from metrics_exporter.compute.vocabulary import Vocabulary
from metrics_exporter.config import LOOKBACK_DAYS, QUERY_TIMEOUT, RECOMPUTE, RETENTION
from metrics_exporter.definitions import DEFAULT_CADENCE, Definitions, Kind, Log
from metrics_exporter.profiles.history import History, HistoryError
from metrics_exporter.profiles.retention import Retention
from metrics_exporter.profiles.table import WindowProfiles
from metrics_exporter.sources import ScanTimeoutError, Warehouse, WarehouseError
from metrics_exporter.sources.assemble import SEEN_NAMES, Scanned, assemble
from metrics_exporter.sources.scan import Explanation, ScanRequest, explain, scan
from metrics_exporter.statistics.readings import Readings
from metrics_exporter.windows import Window

_MOST_HELD = 48  # windows that wait for a history that can't be written; older ones are scanned again then

logger = logging.getLogger(__name__)


def quiet() -> None:
    """Nobody wants to know that the work goes on."""


def ignore(_: str | None) -> None:
    """Nobody wants to know which log is read."""


@dataclass(frozen=True, eq=False)
class LogReport:
    """What there is to say of a log after a refresh.

    Attributes:
        log: its name in the definitions.
        windows: the lengths of its windows, the one that is scanned first.
        latest: the latest closed window of each length, also when the last refresh failed.
        known: by predictor and model id, the end of the last scanned window with rows, of the last 28 days.
        silence: of registered and known models, the seconds from there to the end of the latest scanned window.
        readings: of the alerts on this log's predictors; of those on many features, the ones that matter.
        last_success: when a refresh last came to its end (`now` as it was given).
        query_seconds: what the last refresh spent in the warehouse; None: it had nothing to ask.
        error: of the last refresh, in plain words and without secrets.
        missed_windows: scanned windows that were caught up late or given up, ever since the history began.
        errors: refreshes since the start that failed.
        undated_rows: rows of the whole log without a time that can be read, when it was last asked; None: never.
        is_behind: there is more to scan at once; it was left for the next round so that this one ends, or ran into its
            deadline and is tried in smaller parts.
    """

    log: str
    windows: tuple[Window, ...]
    latest: Mapping[Window, WindowProfiles]
    known: Mapping[tuple[str, str], datetime]
    silence: Mapping[tuple[str, str], float]
    readings: Readings
    last_success: datetime | None
    query_seconds: float | None
    error: str | None
    missed_windows: int
    errors: int
    undated_rows: int | None = None
    is_behind: bool = False


@dataclass(frozen=True)
class Limits:
    """How far back to look and to keep, how many windows to compute again, and how long a round of a log may take."""

    lookback: timedelta
    recompute: int
    timeout_seconds: float
    retention: Retention


class Refresher:
    """Computes the windows due of all logs; used by one thread."""

    def __init__(
        self,
        definitions: Definitions,
        warehouse: Warehouse,
        history: History,
        *,
        lookback_days: int = LOOKBACK_DAYS,
        recompute: int = RECOMPUTE,
        timeout_seconds: float = QUERY_TIMEOUT.total_seconds(),
        retention: Retention = RETENTION,
        beat: Callable[[], None] = quiet,
        reading: Callable[[str | None], None] = ignore,
    ):
        """Compute nothing yet.

        Args:
            definitions: what to run.
            warehouse: where the logs lie.
            history: where profiles are kept.
            lookback_days: how far back windows are computed that the history doesn't have.
            recompute: how many windows before the latest are computed again with it, as rows may have come late.
            timeout_seconds: the deadline of one scan, which covers a day at most; a log begins none after it.
            retention: how long windows are kept.
            beat: called before each scan, and for each window that is read, written or removed.
            reading: called with the name of each log before it is read, and with None after the last.
        """
        self._reading = reading
        limits = Limits(timedelta(days=lookback_days), recompute, timeout_seconds, retention)
        self._logs = {
            name: _LogRefresher(definitions, name, log, warehouse=warehouse, history=history, limits=limits, beat=beat)
            for name, log in definitions.catalogue.logs.items()
        }

    def load(self, now: datetime) -> tuple[LogReport, ...]:
        """Take up what the history has at `now` (UTC), without a look at the warehouse."""
        return tuple(log.load(now) for log in self._logs.values())

    def refresh(self, now: datetime, set_aside: Collection[str] = ()) -> Iterator[tuple[LogReport, ...]]:
        """Compute what is due, oldest first; all reports after each log.

        A failure is in its log's report, the other logs go on. Of logs that are set aside, the report has what the
        history has.
        """
        reports = {name: log.report(None, now) for name, log in self._logs.items()}
        for name, log in self._logs.items():
            self._reading(name)
            reports[name] = log.refresh(now, is_set_aside=name in set_aside)
            yield tuple(reports.values())
        self._reading(None)

    def explain(self, now: datetime) -> Iterator[tuple[str, datetime, Explanation]]:
        """Of each log its name, the end of the newest window at `now`, and what its scan would ask.

        Raises:
            WarehouseError: a log can't be read.
            HistoryError: what is known from before can't be read.
        """
        for name, log in self._logs.items():
            yield name, *log.explain(now)

    def next_due(self, now: datetime) -> datetime:
        """When the next window of any log is due: its end, and the time that its rows take to settle."""
        return min(log.next_due(now) for log in self._logs.values())


def window_lengths(definitions: Definitions, log: str) -> set[Window]:
    """Those that the log's predictors want; who is not registered is shown in the same, or in the usual ones."""
    lengths = {
        window for predictor in definitions.predictors.values() if predictor.log == log for window in predictor.windows
    }
    return lengths or set(DEFAULT_CADENCE)


def _declared_kinds(definitions: Definitions, log: str) -> dict[tuple[str, str], Kind]:
    return {
        (predictor.predictor, name): feature.kind
        for predictor in definitions.predictors.values()
        if predictor.log == log
        for name, feature in predictor.features.items()
        if feature.kind is not None
    }


class _Refused:
    """What the history refused, of several things that are to be tried all the same; the first tells why."""

    def __init__(self) -> None:
        self.first: HistoryError | None = None

    def tried(self, work: Callable[[], None]) -> bool:
        """Do it, and whether the history let it be done."""
        try:
            work()
        except HistoryError as error:
            self.first = self.first or error
            return False
        return True


class _LogRefresher:
    """One log: its schedule, what is remembered of it, and where its rows and windows are."""

    def __init__(
        self,
        definitions: Definitions,
        name: str,
        log: Log,
        *,
        warehouse: Warehouse,
        history: History,
        limits: Limits,
        beat: Callable[[], None],
    ):
        self._name, self._definitions, self._limits, self._beat = name, definitions, limits, beat
        self._source = _Source(name, log, warehouse, limits.timeout_seconds, beat)
        self._history = history
        self._schedule = Schedule(
            window_lengths(definitions, name), timedelta(seconds=log.settle_seconds), limits.lookback, limits.recompute
        )
        self._references = References(definitions, name, history, self._schedule, beat)
        self._memory = self._new_memory()
        self._held: dict[tuple[Window, datetime], WindowProfiles | None] = {}  # None: too many to remember
        self._has_new_kinds = self._has_new_names = False  # that are still to be written
        self._judge = Judge(definitions, name, history, self._schedule, held=self._held)
        self._latest: dict[Window, WindowProfiles] = {}
        self._missed_before = self._errors = 0
        self._last_success: datetime | None = None
        self._is_behind = False

    def next_due(self, now: datetime) -> datetime:
        """When its next window is due."""
        return self._schedule.next_due(now)

    def load(self, now: datetime) -> LogReport:
        """Take up the history, if that is still to be done."""
        return self.report(self._failure_of(lambda: self._load(now)), now)

    def refresh(self, now: datetime, *, is_set_aside: bool = False) -> LogReport:
        """Compute what is due; whatever fails is in the report."""
        self._source.seconds, self._is_behind = None, False
        error = self._failure_of(lambda: self._advance(now, is_set_aside=is_set_aside))
        if error is None:
            self._last_success = now
        else:
            self._errors += 1
        return self.report(error, now)

    def explain(self, now: datetime) -> tuple[datetime, Explanation]:
        """The end of the newest window, and what its scan would ask."""
        self._load(now)
        end = self._schedule.last_end(now, self._schedule.scanned)
        return end, self._source.explain(end - self._schedule.scanned.length, end, self._schedule.scanned, self._memory)

    def report(self, error: str | None, now: datetime) -> LogReport:
        """What there is to say at `now`."""
        scanned = self._latest.get(self._schedule.scanned)
        known, silence = self._memory.known, {}
        if scanned:
            begin = self._schedule.first_end or scanned.end
            silence = silences(self._definitions, self._name, known, begin, scanned.end)
        return LogReport(
            log=self._name,
            windows=self._schedule.lengths,
            latest=dict(self._latest),
            known=lately(known, scanned.end) if scanned else {},
            silence=silence,
            readings=self._judge.readings(self._latest, silence, now),
            last_success=self._last_success,
            query_seconds=self._source.seconds,
            error=error,
            missed_windows=self._missed_before + len(self._schedule.missed),
            errors=self._errors,
            undated_rows=self._source.undated_rows,
            is_behind=self._is_behind,
        )

    def _failure_of(self, work: Callable[[], None]) -> str | None:
        try:
            work()
        except (WarehouseError, HistoryError) as problem:
            return str(problem)
        except Exception as problem:  # a defect in one log's data must not end the others' refresh
            logger.exception("log %s: the refresh failed", self._name)
            return f"unexpected {type(problem).__name__}; the exporter's log has the details"
        return None

    def _new_memory(self) -> Memory:
        return Memory(_declared_kinds(self._definitions, self._name), Expected.of(self._definitions, self._name))

    def _load(self, now: datetime) -> None:
        """Take up what the history has, all of it or nothing."""
        if not self._schedule.is_new(now):
            return
        try:
            self._take_up(now)
        except BaseException:
            self._schedule.reset()
            raise

    def _take_up(self, now: datetime) -> None:
        history, name, scanned = self._history, self._name, self._schedule.scanned
        done = {window: history.ends(name, window) for window in self._schedule.lengths}
        memory = self._new_memory()
        memory.kinds.update({k: v for k, v in history.kinds(name).items() if k not in memory.kinds})
        self._latest = {}
        self._schedule.begin(done, now)
        self._missed_before = history.missed(name) if not self._missed_before else self._missed_before
        last = self._schedule.last_end(now, scanned)
        read = set()
        for profiles, count in past(history, name, self._schedule.lengths, last):
            self._beat()
            memory.take(profiles, count)
            if profiles.window == scanned:
                read.add(profiles.end)
        memory.vocabulary = Vocabulary(history.vocabulary(name, SEEN_NAMES))
        self._memory = memory
        self._schedule.forget(scanned, {end for end in done[scanned] if last - RECENT < end <= last} - read)
        for window in self._schedule.lengths:
            self._set_latest(window, now)
        if scanned in self._latest:
            memory.learn_atoms(self._latest[scanned])

    def _set_latest(self, window: Window, now: datetime) -> None:
        """The newest window of a length that can be read."""
        until = self._schedule.last_end(now, window)
        for end in reversed(self._schedule.ends(window, 3, until)):
            for profiles in self._history.read(self._name, window, end - window.length, end):
                self._latest[window] = profiles
                return
            self._schedule.forget(window, {end})

    def _advance(self, now: datetime, *, is_set_aside: bool) -> None:
        self._load(now)
        if is_set_aside:
            raise WarehouseError("set aside, as the worker died each time that it read it; it is tried again later")
        started = time.monotonic()
        refused = _Refused()
        refused.tried(self._save)
        due = self._schedule.due(now, {end for _, end in self._held})
        refused.tried(self._save_missed)
        refused.tried(lambda: self._merge(now))
        while due:
            if time.monotonic() - started > self._limits.timeout_seconds:
                self._is_behind = True
                break
            start, end = self._schedule.span(due)
            self._take(self._scan(start, end), refused)
            refused.tried(lambda: self._merge(now))
            due = [at for at in due if at > end]
        refused.tried(self._prune)
        if refused.first is not None:
            raise refused.first

    def _scan(self, start: datetime, end: datetime) -> Scanned:
        try:
            return self._scan_until_known(start, end)
        except ScanTimeoutError:
            self._schedule.failed(start, end)
            self._is_behind = end - start > self._schedule.scanned.length  # half of it is to be tried at once
            raise

    def _scan_until_known(self, start: datetime, end: datetime) -> Scanned:
        scanned = self._ask(start, end)
        if scanned.new_kinds:
            self._memory.kinds.update(scanned.new_kinds)
            self._has_new_kinds = True
        is_first = not self._memory.atoms.num_rows  # later, a value that is new waits for the next window
        if not scanned.must_repeat and not (is_first and scanned.repeated.num_rows):
            return scanned
        self._memory.count(scanned.repeated)
        return self._ask(start, end)

    def _ask(self, start: datetime, end: datetime) -> Scanned:
        return self._source.ask(start, end, self._schedule.scanned, self._memory)

    def _take(self, scanned: Scanned, refused: _Refused) -> None:
        """Take up windows that were just scanned: they are shown, too, where the history can't be written."""
        for found in scanned.windows:
            here = pc.equal(scanned.names["last"], int(found.end.timestamp()))
            self._memory.vocabulary.learn(found, scanned.names.filter(here))
        self._has_new_names = True
        is_writable = True
        for found in scanned.windows:
            window = self._references.compared(replace(found, profiles=self._memory.complete(found)))
            self._beat()
            self._memory.take(found)
            self._has_new_kinds |= self._memory.learn(found)
            self._held[window.window, window.end] = window
            self._show(window)
            is_writable = is_writable and refused.tried(self._save)
        self._memory.count(scanned.repeated)
        for key in sorted(self._held)[:-_MOST_HELD]:
            self._held[key] = None

    def _save(self) -> None:
        """Write the windows that are held, after what they were read with: whoever has them has that, too."""
        if self._has_new_kinds:
            self._history.write_kinds(self._name, self._memory.found)
            self._has_new_kinds = False
        if self._has_new_names:
            self._history.write_vocabulary(self._name, self._memory.vocabulary.table)
            self._has_new_names = False
        there = [(key, window) for key in sorted(self._held) if (window := self._held[key]) is not None]
        for (length, end), window in there:
            self._history.write(window)
            self._schedule.set_done(length, end)
            del self._held[length, end]
        self._held.clear()  # the others are due again

    def _save_missed(self) -> None:
        if self._schedule.missed:
            self._history.write_missed(self._name, self._missed_before + len(self._schedule.missed))

    def _show(self, window: WindowProfiles) -> None:
        self._judge.forget(window.window, window.end)
        latest = self._latest.get(window.window)
        if latest is None or latest.end <= window.end:
            self._latest[window.window] = window

    def _merge(self, now: datetime) -> None:
        """Merge each longer window that is new, or had parts computed again, and is complete."""
        scanned = self._schedule.scanned
        for window, end, parts in list(self._schedule.mergeable(now)):
            self._beat()
            merged, unreadable = self._history.merged(self._name, scanned, parts, window, end)
            self._schedule.forget(scanned, unreadable)
            if merged is not None:
                merged = self._references.compared(merged)
                self._show(merged)
                self._history.write(merged)
                self._schedule.set_done(window, end)

    def _prune(self) -> None:
        """Remove the oldest windows beyond those that are kept; which there are is known without a listing.

        Of alerts that look farther back than windows are kept, what they look at stays.
        """
        for window in self._schedule.lengths:
            kept = max(self._limits.retention.count(window), self._judge.reach(window))
            for end in self._schedule.beyond(window, kept):
                self._beat()
                self._history.remove(self._name, window, end)
                self._schedule.forget(window, {end})


class _Source:
    """Where a log's rows are asked for.

    Attributes:
        seconds: spent in the warehouse since this was set to None.
        undated_rows: as the last answer said.
    """

    def __init__(
        self, name: str, log: Log, warehouse: Warehouse, timeout_seconds: float, beat: Callable[[], None]
    ) -> None:
        self._name, self._log, self._warehouse = name, log, warehouse
        self._timeout_seconds, self._beat = timeout_seconds, beat
        self.seconds: float | None = None
        self.undated_rows: int | None = None

    def ask(self, start: datetime, end: datetime, window: Window, memory: Memory) -> Scanned:
        """The windows of a stretch of the log."""
        request = self._request(start, end, window, memory)
        self._beat()
        began = time.monotonic()
        try:
            answer = scan(self._warehouse, request, self._timeout_seconds)
        finally:
            self.seconds = (self.seconds or 0.0) + time.monotonic() - began
        scanned = assemble(self._name, request, answer)
        self.undated_rows = scanned.undated_rows
        return scanned

    def explain(self, start: datetime, end: datetime, window: Window, memory: Memory) -> Explanation:
        """What would be asked of a stretch of the log."""
        return explain(self._warehouse, self._request(start, end, window, memory), self._timeout_seconds)

    def _request(self, start: datetime, end: datetime, window: Window, memory: Memory) -> ScanRequest:
        return ScanRequest(self._log, start, end, memory.kinds, window, memory.atoms, memory.vocabulary.before(start))
