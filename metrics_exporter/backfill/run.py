"""A backfill from its beginning to its end: windows that are missing, then samples, chunk by chunk."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from metrics_exporter import windows
from metrics_exporter.backfill.chunks import Chunk, chunks
from metrics_exporter.backfill.moments import Moment, moments
from metrics_exporter.backfill.openmetrics import text
from metrics_exporter.backfill.state import State, advanced
from metrics_exporter.backfill.stretches import Standing
from metrics_exporter.compute.refresh import Refresher, window_lengths
from metrics_exporter.compute.replay import Replay
from metrics_exporter.compute.schedule import Schedule
from metrics_exporter.config import Settings
from metrics_exporter.definitions import LOOK_BACK_SECONDS, Definitions
from metrics_exporter.errors import UserError
from metrics_exporter.files import replace_file
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.retention import Retention
from metrics_exporter.progress import Estimate
from metrics_exporter.serving.exposition import families
from metrics_exporter.sources import open_warehouse
from metrics_exporter.windows import DAILY, DAY

# What fired lately is remembered for twice the rules' look-back: whoever begins so long before has the same memory.
_WARM_UP = timedelta(seconds=3 * LOOK_BACK_SECONDS)
_FILE_TIME = "%Y%m%dT%H%MZ"


class BackfillError(UserError):
    """A backfill that can't be made; the message says why and what to do."""


@dataclass(frozen=True)
class Files:
    """Writes each chunk as an OpenMetrics file."""

    folder: Path
    target: Mapping[str, str]

    def __call__(self, chunk: Chunk, /) -> None:
        """Write its file; without samples there is none, as promtool refuses it."""
        if next(chunk.samples(), None) is None:
            return
        name = f"{chunk.start.strftime(_FILE_TIME)}-{chunk.end.strftime(_FILE_TIME)}.om"
        replace_file(self.folder / name, text(chunk, self.target))


def fingerprint(definitions: Definitions) -> str:
    """What tells definitions apart."""
    return hashlib.sha256(definitions.model_dump_json().encode()).hexdigest()[:12]


def fill(settings: Settings, definitions: Definitions, history: History, start: datetime, end: datetime) -> None:
    """Compute the windows that the history lacks, as an exporter would that began at `start`.

    Raises:
        BackfillError: a log could not be read, or the history can't hold as many windows.
    """
    days = math.ceil((end - start) / DAY) + settings.lookback_days
    logs = definitions.catalogue.logs
    missing = sum(_missing(definitions, log, history, end, days, retention=settings.retention) for log in logs)
    if not missing:
        return
    estimate = Estimate(f"computing {missing:,} windows")
    steps = 0

    def beat() -> None:
        nonlocal steps
        steps += 1
        estimate.reach(steps / (missing + 2 * days))  # a scan and a merge a day come to the windows

    refresher = Refresher(
        definitions,
        open_warehouse(settings.warehouse, threads=settings.query_threads, memory_limit=settings.query_memory),
        history,
        lookback_days=days,
        recompute=0,
        timeout_seconds=settings.query_timeout.total_seconds(),
        retention=settings.retention,
        beat=beat,
    )
    try:
        is_behind = True
        while is_behind:
            *_, reports = refresher.refresh(end)
            is_behind = any(report.is_behind for report in reports)
    finally:
        estimate.done()
    failures = [f"log {report.log}: {report.error}" for report in reports if report.error]
    if failures:
        raise BackfillError("; ".join(failures))


def _missing(
    definitions: Definitions, log: str, history: History, end: datetime, days: int, *, retention: Retention
) -> int:
    """How many windows of a log are to be computed."""
    settle = timedelta(seconds=definitions.catalogue.logs[log].settle_seconds)
    schedule = Schedule(window_lengths(definitions, log), settle, timedelta(days=days), 0)
    done = set(history.ends(log, schedule.scanned))
    last = schedule.last_end(end, schedule.scanned)
    due = windows.due(done, last, schedule.scanned, timedelta(days=days), 0)
    kept = retention.count(schedule.scanned)
    if due and len(done) + len(due) > kept:
        setting = "keep_short" if schedule.scanned < DAILY else "keep_long"
        raise BackfillError(
            f"log {log}: the history keeps {kept:,} windows of {schedule.scanned}, and {len(done):,} are there and "
            f"{len(due):,} missing; begin later, lower lookback_days, raise {setting}, or name another history"
        )
    return len(due)


def play(
    *,
    settings: Settings,
    definitions: Definitions,
    history: History,
    state: State,
    folder: Path,
    every: timedelta | None,
    take: Callable[[Chunk], None],
) -> None:
    """Hand over what is not done yet, chunk by chunk, and keep how far that has come."""
    if state.is_complete:
        return
    since = state.done - _WARM_UP
    replays = [Replay(definitions, log, history, state.end) for log in definitions.catalogue.logs]
    settle = {name: timedelta(seconds=log.settle_seconds) for name, log in definitions.catalogue.logs.items()}
    standing = Standing(families(definitions.catalogue.metrics), settle, state.start, every)
    estimate = Estimate("writing samples")
    span = state.end - state.start

    def told() -> Iterator[Moment]:
        for moment, groups in moments(definitions, replays, settings, since, state.end):
            estimate.reach((max(moment, state.done) - state.start) / span)
            yield moment, groups

    try:
        for chunk in chunks(told(), standing, state.done, state.end):
            take(chunk)
            advanced(folder, state, chunk.end)
    finally:
        estimate.done()
