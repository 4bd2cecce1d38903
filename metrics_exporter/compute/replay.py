"""A log's past, as its exporter would have reported it: window by window, from the history alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from metrics_exporter.compute.judging import Judge
from metrics_exporter.compute.memory import add_models, lately, past, silences
from metrics_exporter.compute.refresh import LogReport, window_lengths
from metrics_exporter.compute.schedule import Schedule
from metrics_exporter.definitions import Definitions
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.table import WindowProfiles
from metrics_exporter.windows import Window


class Replay:
    """Plays one log's history; used once.

    A window is published when it has ended and settled. One that the history lacks is one that nobody could compute.
    """

    def __init__(self, definitions: Definitions, log: str, history: History, until: datetime) -> None:
        """List the windows that were published before `until`; read none yet."""
        self._definitions, self._log, self._history = definitions, log, history
        self._settle = timedelta(seconds=definitions.catalogue.logs[log].settle_seconds)
        self._schedule = Schedule(window_lengths(definitions, log), self._settle, timedelta(), 0)
        before = until - timedelta.resolution  # what is published at that moment comes after the past that is played
        self._schedule.begin({window: history.ends(log, window) for window in self._schedule.lengths}, before)
        self._judge = Judge(definitions, log, history, self._schedule, remembers=True)
        self._known: dict[tuple[str, str], datetime] = {}
        self._latest: dict[Window, WindowProfiles] = {}

    @property
    def published(self) -> list[datetime]:
        """When windows were published, oldest first."""
        ends = {end for window in self._schedule.lengths for end in self._schedule.all_ends(window)}
        return sorted(end + self._settle for end in ends)

    def reports(self, since: datetime) -> Iterator[tuple[datetime, LogReport]]:
        """What was reported, and from when on: first what stood at `since`, if anything did."""
        moments = self.published
        begin = max((moment for moment in moments if moment <= since), default=since)
        self._take_up(begin)
        for moment in moments:
            if moment >= begin and self._publish(moment):
                yield moment, self._report(moment)

    def _take_up(self, begin: datetime) -> None:
        """What was known before a moment."""
        for window in self._schedule.lengths:
            for end in reversed(self._schedule.all_ends(window)):
                if end + self._settle < begin and self._read(window, end):
                    break
        scanned = self._latest.get(self._schedule.scanned)
        if scanned is not None:
            for profiles, _ in past(self._history, self._log, self._schedule.lengths, scanned.end):
                add_models(self._known, profiles)

    def _publish(self, moment: datetime) -> bool:
        """Read the windows that were published at a moment; whether there are any."""
        end = moment - self._settle
        there = [window for window in self._schedule.lengths if self._schedule.is_done(window, end)]
        return sum(self._read(window, end) for window in there) > 0

    def _read(self, window: Window, end: datetime) -> bool:
        found = self._history.read_some(self._log, window, end, None)
        if found is None:
            return False
        self._latest[window] = found
        if window == self._schedule.scanned:
            add_models(self._known, found)
        return True

    def _report(self, moment: datetime) -> LogReport:
        scanned = self._latest.get(self._schedule.scanned)
        silence: dict[tuple[str, str], float] = {}
        if scanned is not None:
            begin = self._schedule.first_end or scanned.end
            silence = silences(self._definitions, self._log, self._known, begin, scanned.end)
        return LogReport(
            log=self._log,
            windows=self._schedule.lengths,
            latest=dict(self._latest),
            known=lately(self._known, scanned.end) if scanned else {},
            silence=silence,
            readings=self._judge.readings(self._latest, silence, moment),
            last_success=moment,
            query_seconds=None,
            error=None,
            missed_windows=0,
            errors=0,
        )
