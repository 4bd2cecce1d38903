"""An exporter that is killed again and again leaves the history of one that is not."""

from __future__ import annotations

import multiprocessing
import random
import signal
import statistics
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from metrics_exporter import config
from metrics_exporter.cycle import Cycle
from metrics_exporter.windows import HOURLY, Window
from tests.exporter.serving.builders import SETTLE_SECONDS, definitions, predictor, write_definitions

KILLS = 100
START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
_MOMENTS = [START + step * HOUR + timedelta(seconds=SETTLE_SECONDS) for step in range(10)]
_LEARNT = {"atoms", "atom_counts", "grid", "grid_rows"}
CADENCE = (Window.parse("5m"), HOURLY)
_CONTEXT = multiprocessing.get_context("forkserver")  # a new process has all imported


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Definitions and a log with numbers, categories that come and go, and a kind that is to be found."""
    write_definitions(tmp_path / "metrics", definitions(predictor(windows=CADENCE)))
    with duckdb.connect(str(tmp_path / "log.duckdb")) as database:
        database.execute(
            "CREATE TABLE predictions AS SELECT ?::TIMESTAMP + INTERVAL (i * 20) SECOND AS sent_at, "
            "'id' || i AS prediction_id, 'eta' AS predictor_name, ['eta_v1', 'eta_v2'][1 + i % 2] AS model_id, "
            "(hash(i) % 100000) / 7.0 AS prediction_result, "
            "MAP {'distance': ((hash(i) % 99991) / 3.0)::VARCHAR, "
            "'city': 'city ' || (i // 180 % 9 + i % 3)} AS features, "
            "[]::VARCHAR[] AS default_values_used FROM range(0, 6480) r(i)",
            [(START - 24 * HOUR).replace(tzinfo=None)],
        )
    return tmp_path


def _export(place: Path, history: str, now: datetime, pipe: Connection) -> None:
    """What `driftgauge export --once --now` computes."""
    options = {"warehouse": f"duckdb:{place / 'log.duckdb'}", "definitions": str(place / "metrics")}
    options |= {"history": str(place / history), "lookback_days": "1", "query_threads": "1"}
    settings = config.read(options, {}, None)
    pipe.send(None)
    cycle = Cycle(settings)
    *_, update = cycle.run(now)
    while update.is_behind:
        *_, update = cycle.run(now)
    if update.failures:
        raise AssertionError(update.failures)


def _content(history: Path) -> dict[str, object]:
    """The files there are and what they hold, without the count of what was late.

    Atoms are those that were known when a window was scanned last, the grid is that of the other values, and sums are
    rounded by the order of their rows.
    """
    found: dict[str, object] = {}
    for file in sorted(history.rglob("*")):
        name = str(file.relative_to(history))
        if file.suffix == ".parquet":
            found[name] = sorted(str(_row(row)) for row in pq.read_table(file).to_pylist())
        elif file.is_file() and file.name != "missed.json":
            found[name] = file.read_bytes()
    return found


def _row(row: dict[str, object]) -> dict[str, object]:
    rounded = {key: float(f"{value:.9g}") if isinstance(value, float) else value for key, value in row.items()}
    return {key: value for key, value in rounded.items() if key not in _LEARNT}


def _started(place: Path, history: str, now: datetime) -> multiprocessing.process.BaseProcess:
    """An exporter that has begun."""
    pipe, theirs = _CONTEXT.Pipe()
    worker = _CONTEXT.Process(target=_export, args=(place, history, now, theirs))
    worker.start()
    pipe.recv()
    return worker


def _finish(place: Path, history: str, now: datetime) -> float:
    """Let one do its work, and say how many seconds it took."""
    worker = _started(place, history, now)
    began = time.monotonic()
    worker.join(60)
    assert worker.exitcode == 0
    return time.monotonic() - began


@pytest.mark.slow
def test_killed_at_a_hundred_moments(place: Path) -> None:
    _CONTEXT.set_forkserver_preload([__name__])
    took = statistics.median([_finish(place, "clean", now) for now in _MOMENTS])
    rng = random.Random(20260302)
    for now in _MOMENTS:
        kills = 0
        while kills < KILLS // len(_MOMENTS):
            worker = _started(place, "killed", now)
            worker.join(rng.uniform(0, took))
            worker.kill()
            worker.join(60)
            kills += worker.exitcode == -signal.SIGKILL
        _finish(place, "killed", now)
    assert list((place / "killed").rglob("*.tmp")) == []
    assert _content(place / "killed") == _content(place / "clean")
