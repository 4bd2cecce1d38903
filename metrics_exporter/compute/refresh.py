"""A refresh: the windows due are scanned, kept in the history, and reported, log by log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from metrics_exporter import windows
from metrics_exporter.compute.vocabulary import Vocabulary
from metrics_exporter.definitions import Definitions, Kind, Log
from metrics_exporter.profiles.history import History, HistoryError
from metrics_exporter.profiles.profile import Series, WindowProfiles, merge_windows, with_absent
from metrics_exporter.sources import ScanTimeoutError, Warehouse, WarehouseError
from metrics_exporter.sources.scan import Scanned, ScanRequest, assemble, scan
from metrics_exporter.windows import DAY, HOUR

KNOWN_FOR = timedelta(days=7)  # a model, or a feature of a model, that had rows so recently is expected to have some
_ATTEMPTS = 3  # a single hour whose scan ran into its deadline so often is given up

logger = logging.getLogger(__name__)


def quiet() -> None:
    """Nobody wants to know that the work goes on."""


@dataclass(frozen=True)
class LogReport:
    """What there is to say of a log after a refresh.

    Attributes:
        log: its name in the definitions.
        latest: by window ("1h", "1d") the latest closed one there is, also when the last refresh failed.
        known: by predictor and model id, the end of the last hourly window with rows, of the last 7 days.
        unseen: by window, the share of values in categories that no daily profile of the preceding 4 weeks has.
        last_success: when a refresh last came to its end (`now` as it was given).
        query_seconds: what the last refresh spent in the warehouse; None: it had nothing to ask.
        error: of the last refresh, in plain words and without secrets.
        missed_windows: hourly windows since the start that were caught up late or given up.
        errors: refreshes since the start that failed.
        undated_rows: rows whose text is no time, in the whole log, when it was last asked; None: its times are no text.
    """

    log: str
    latest: dict[str, WindowProfiles]
    known: dict[tuple[str, str], datetime]
    unseen: dict[str, dict[Series, float]]
    last_success: datetime | None
    query_seconds: float | None
    error: str | None
    missed_windows: int
    errors: int
    undated_rows: int | None = None


@dataclass(frozen=True)
class Limits:
    """How far back to look, how many windows to compute again for late rows, and how long a scan may take."""

    lookback: timedelta
    recompute: int
    timeout_seconds: float


class Refresher:
    """Computes the windows due of all logs; used by one thread."""

    def __init__(
        self,
        definitions: Definitions,
        warehouse: Warehouse,
        history: History,
        *,
        lookback_days: int = 28,
        recompute: int = 3,
        timeout_seconds: float = 300,
        beat: Callable[[], None] = quiet,
    ):
        """Compute nothing yet.

        Args:
            definitions: what to run.
            warehouse: where the logs lie.
            history: where profiles are kept.
            lookback_days: how far back windows are computed that the history doesn't have.
            recompute: how many windows before the latest are computed again with it, as rows may have come late.
            timeout_seconds: the deadline of one scan, which covers a day at most.
            beat: called before each scan, and for each window that is read or written.
        """
        limits = Limits(timedelta(days=lookback_days), recompute, timeout_seconds)
        self._logs = [
            _LogRefresher(
                name,
                log,
                _declared_kinds(definitions, name),
                warehouse=warehouse,
                history=history,
                limits=limits,
                beat=beat,
            )
            for name, log in definitions.catalogue.logs.items()
        ]

    def refresh(self, now: datetime) -> tuple[LogReport, ...]:
        """Compute what is due at `now` (UTC), oldest first; a failure is in its log's report, the other logs go on."""
        return tuple(log.refresh(now) for log in self._logs)


def _declared_kinds(definitions: Definitions, log: str) -> dict[tuple[str, str], Kind]:
    return {
        (predictor.predictor, name): feature.kind
        for predictor in definitions.predictors.values()
        if predictor.log == log
        for name, feature in predictor.features.items()
        if feature.kind is not None
    }


class _LogRefresher:
    """One log's windows: which are done, what they last said, and what failed."""

    def __init__(
        self,
        name: str,
        log: Log,
        declared: Mapping[tuple[str, str], Kind],
        *,
        warehouse: Warehouse,
        history: History,
        limits: Limits,
        beat: Callable[[], None],
    ):
        self._name, self._log, self._declared = name, log, declared
        self._warehouse, self._history, self._limits, self._beat = warehouse, history, limits, beat
        self._settle = timedelta(seconds=log.settle_seconds)
        self._last: datetime | None = None  # the end of the last hour that was due; None: nothing is loaded yet
        self._baseline: datetime | None = None  # a window after it that isn't the latest is late
        self._span_hours = 24
        self._attempts: dict[datetime, int] = {}
        self._missed: set[datetime] = set()
        self._errors = 0
        self._last_success: datetime | None = None
        self._query_seconds: float | None = None
        self._undated_rows: int | None = None

    def refresh(self, now: datetime) -> LogReport:
        """Compute what is due; whatever fails is in the report."""
        error = None
        self._query_seconds = None
        try:
            self._advance(now)
            self._last_success = now
        except (WarehouseError, HistoryError) as problem:
            error = str(problem)
        except Exception as problem:  # a defect in one log's data must not end the others' refresh
            logger.exception("log %s: the refresh failed", self._name)
            error = f"unexpected {type(problem).__name__}; the exporter's log has the details"
        if error is not None:
            self._errors += 1
        return self._report(error)

    def _advance(self, now: datetime) -> None:
        last = windows.last_end(now, self._settle, HOUR)
        if self._last is None or last < self._last:  # at the start, and when the clock was set back
            self._load(last)
        self._last = last
        given_up = {end for end, attempts in self._attempts.items() if attempts >= _ATTEMPTS}
        due = windows.due(self._hours | given_up, last, self._limits.lookback, self._limits.recompute)
        due = [end for end in due if end not in given_up]
        self._note_missed(due, last)
        last_day = windows.last_end(now, self._settle, DAY)
        self._merge_days(last_day)
        self._scan_all(due, last_day)

    def _load(self, last: datetime) -> None:
        """Take up what the history has until `last`; what is later comes from a clock that was ahead."""
        self._hours = {end for end in self._history.ends(self._name, "1h") if end <= last}
        self._days = {end for end in self._history.ends(self._name, "1d") if end <= last}
        self._kinds = {**self._history.kinds(self._name), **self._declared}
        self._latest: dict[str, WindowProfiles] = {}
        self._known: dict[tuple[str, str], datetime] = {}
        self._features: dict[tuple[str, str], dict[str, datetime]] = {}
        self._vocabulary = Vocabulary()
        self._fresh: dict[datetime, WindowProfiles] = {}  # the hours of the last scan, so that a day needs no reading
        self._baseline = max(self._hours, default=last)
        # Those that turn out to be unreadable are to be computed again.
        self._hours -= set(windows.ends(last - KNOWN_FOR, last, HOUR))
        for profiles in self._history.read(self._name, "1h", last - KNOWN_FOR, last):
            self._take(profiles)
        since = last - Vocabulary.SPAN - DAY
        self._days -= set(windows.ends(windows.floor(since, DAY), last, DAY))
        for profiles in self._history.read(self._name, "1d", since, last):
            self._take_day(profiles)

    def _note_missed(self, due: Iterable[datetime], last: datetime) -> None:
        self._missed.update(
            end for end in due if end not in self._hours and self._baseline and self._baseline < end < last
        )

    def _scan_all(self, due: list[datetime], last_day: datetime) -> None:
        while due:
            start, end = next(windows.spans(due, self._span_hours))
            try:
                scanned = self._scan(start, end)
            except ScanTimeoutError:
                if end - start == HOUR:
                    self._attempts[end] = self._attempts.get(end, 0) + 1
                    raise
                self._span_hours //= 2
                continue
            self._fresh = {profiles.end: self._keep(profiles) for profiles in scanned.windows}
            self._merge_days(last_day)
            due = [at for at in due if at > end]

    def _scan(self, start: datetime, end: datetime) -> Scanned:
        scanned = self._ask(start, end)
        self._undated_rows = scanned.undated_rows
        if scanned.new_kinds:
            self._kinds = {**self._kinds, **scanned.new_kinds}
            found = {key: kind for key, kind in self._kinds.items() if key not in self._declared}
            self._history.write_kinds(self._name, found)
        return self._ask(start, end) if scanned.must_repeat else scanned

    def _ask(self, start: datetime, end: datetime) -> Scanned:
        request = ScanRequest(self._log, start, end, self._kinds)
        self._beat()
        began = time.monotonic()
        try:
            rows = scan(self._warehouse, request, self._limits.timeout_seconds)
        finally:
            self._query_seconds = (self._query_seconds or 0.0) + time.monotonic() - began
        return assemble(self._name, request, rows)

    def _keep(self, profiles: WindowProfiles) -> WindowProfiles:
        expected = {
            model: [feature for feature, at in features.items() if profiles.end - KNOWN_FOR < at <= profiles.end]
            for model, features in self._features.items()
        }
        complete = with_absent(profiles, expected)
        self._history.write(complete)
        self._take(complete)
        self._days.discard(windows.floor(profiles.start, DAY) + DAY)  # it is to be merged again
        return complete

    def _take(self, profiles: WindowProfiles) -> None:
        """Remember an hourly window that is in the history."""
        self._beat()
        end = profiles.end
        self._hours.add(end)
        self._set_latest(profiles)
        for profile in profiles.profiles:
            model = (profile.series.predictor, profile.series.model_id)
            feature = profile.series.feature
            if feature is None:
                self._known[model] = max(end, self._known.get(model, end))
            elif profile.nulls < profile.rows or profile.defaults:
                seen = self._features.setdefault(model, {})
                seen[feature] = max(end, seen.get(feature, end))

    def _take_day(self, profiles: WindowProfiles) -> None:
        self._beat()
        self._days.add(profiles.end)
        self._set_latest(profiles)
        self._vocabulary.add(profiles)

    def _set_latest(self, profiles: WindowProfiles) -> None:
        latest = self._latest.get(profiles.window)
        if latest is None or latest.end <= profiles.end:
            self._latest[profiles.window] = profiles

    def _merge_days(self, last_day: datetime) -> None:
        """Merge each day that is new, or had hours computed again, and is complete but for hours given up."""
        first = windows.floor(last_day - self._limits.lookback, DAY)
        for end in windows.ends(first, last_day, DAY):
            hours = set(windows.ends(end - DAY, end, HOUR))
            missing = {hour for hour in hours - self._hours if self._attempts.get(hour, 0) < _ATTEMPTS}
            if end not in self._days and not missing and hours & self._hours:
                self._merge_day(end, hours & self._hours)

    def _merge_day(self, end: datetime, hours: set[datetime]) -> None:
        if hours <= self._fresh.keys():
            parts = [self._fresh[hour] for hour in sorted(hours)]
        else:
            parts = list(self._history.read(self._name, "1h", end - DAY, end))
        unreadable = hours - {part.end for part in parts}
        if unreadable:  # to be computed again
            self._hours -= unreadable
            return
        day = merge_windows(parts, "1d", end - DAY, end)
        self._history.write(day)
        self._take_day(day)
        for window in ("1h", "1d"):
            self._history.prune(self._name, window)

    def _report(self, error: str | None) -> LogReport:
        loaded = self._last is not None
        return LogReport(
            log=self._name,
            latest=dict(self._latest) if loaded else {},
            known={m: end for m, end in self._known.items() if end > self._last - KNOWN_FOR} if self._last else {},
            unseen={w: self._vocabulary.unseen(p) for w, p in self._latest.items()} if loaded else {},
            last_success=self._last_success,
            query_seconds=self._query_seconds,
            error=error,
            missed_windows=len(self._missed),
            errors=self._errors,
            undated_rows=self._undated_rows,
        )
