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

    Of tables, the rows, each as what is exact and what was rounded. Atoms are those that were known when a window was
    scanned last, the grid is that of the other values.
    """
    found: dict[str, object] = {}
    for file in sorted(history.rglob("*")):
        name = str(file.relative_to(history))
        if file.suffix == ".parquet":
            found[name] = sorted(_parted(row) for row in pq.read_table(file).to_pylist())
        elif file.is_file() and file.name != "missed.json":
            found[name] = file.read_bytes()
    return found


def _parted(row: dict[str, object]) -> tuple[str, list[float]]:
    """What is equal whatever order the rows were added up in, and what is not."""
    kept = {key: value for key, value in row.items() if key not in _LEARNT}
    rounded = [value for value in kept.values() if isinstance(value, float)]
    return str({key: value for key, value in kept.items() if not isinstance(value, float)}), rounded


def _is_same(killed: object, clean: object) -> bool:
    """Whether a file of one history is that of the other."""
    if not isinstance(killed, list) or not isinstance(clean, list):
        return killed == clean
    if [exact for exact, _ in killed] != [exact for exact, _ in clean]:
        return False
    ours, theirs = ([value for _, rounded in rows for value in rounded] for rows in (killed, clean))
    return ours == pytest.approx(theirs, rel=1e-9, nan_ok=True)


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
    killed, clean = _content(place / "killed"), _content(place / "clean")
    assert killed.keys() == clean.keys()
    assert [(name, killed[name], clean[name]) for name in clean if not _is_same(killed[name], clean[name])] == []
