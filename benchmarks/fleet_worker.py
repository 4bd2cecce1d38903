"""A stage of the fleet's benchmark, in a process of its own: prints its processor seconds and peak memory as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from generator.catalogue import METRICS
from metrics_exporter.compute.memory import Expected, Memory
from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import Catalogue, Definitions, Kind, Log
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.table import GRID, WindowProfiles
from metrics_exporter.serving.snapshot import Snapshots
from metrics_exporter.serving.view import groups
from metrics_exporter.sources.assemble import assemble
from metrics_exporter.sources.scan import RESULT, ScanRequest
from metrics_exporter.statistics.readings import all_readings
from metrics_exporter.windows import DAILY, HOURLY, Window

_START = datetime(2026, 3, 2, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_FEATURES = 49  # and the predictions: 50 series a model
_MODELS = 12  # of a predictor, more or less
_ROWS = 5_000
_CATEGORIES = 10


def main(stage: str, size: int, folder: str) -> None:
    """Run one stage."""
    _STAGES[stage](size, folder)
    _seconds["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(_seconds))


_seconds: dict[str, float] = {}


@contextmanager
def _measured(name: str) -> Iterator[None]:
    before = time.process_time()
    yield
    _seconds[name] = time.process_time() - before


def _round(size: int, folder: str) -> None:
    answer, request = _answer(size, 0)
    memory = Memory({}, Expected({}, {}))
    with _measured("assemble"):
        (window,) = assemble("log", request, answer).windows
        memory.complete(window)
        memory.take(window)
        memory.learn(window)
    assert len(window.profiles) == size
    with _measured("write"):
        History(folder).write(window)
    definitions = Definitions(
        catalogue=Catalogue(
            schema_version=1, logs={"log": Log(table="t")}, metrics=tuple(metric.definition for metric in METRICS)
        ),
        predictors={},
    )
    now = window.end + timedelta(minutes=15)
    report = _report({HOURLY: window}, memory, now)
    with _measured("render"):
        shown = groups(definitions, [report], now, timedelta(hours=3))
        snapshot = Snapshots(series_limit=10**8).make(definitions, [report], shown, now)
    assert snapshot.series > size


def _report(latest: dict[Window, WindowProfiles], memory: Memory, now: datetime) -> LogReport:
    return LogReport(
        log="log",
        windows=(HOURLY,),
        latest=latest,
        known=memory.known,
        silence=dict.fromkeys(memory.known, 0.0),
        readings=all_readings([]),
        last_success=now,
        query_seconds=1.0,
        error=None,
        missed_windows=0,
        errors=0,
    )


def _fill(size: int, folder: str) -> None:
    history = History(folder)
    for hour in range(24):
        answer, request = _answer(size, hour)
        history.write(assemble("log", request, answer).windows[0])


def _merge(size: int, folder: str) -> None:
    ends = [_START + (hour + 1) * _HOUR for hour in range(24)]
    with _measured("merge"):
        day, unreadable = History(folder).merged("log", HOURLY, ends, DAILY, ends[-1])
    assert day is not None
    assert not unreadable
    assert len(day.profiles) == size


def _start(_: int, folder: str) -> None:
    memory = Memory({}, Expected({}, {}))
    with _measured("start"):
        for window in History(folder).read_counts("log", HOURLY, _START, _START + 24 * _HOUR):
            memory.take(window)


_STAGES: dict[str, Callable[[int, str], None]] = {"round": _round, "fill": _fill, "merge": _merge, "start": _start}


def _answer(size: int, hour: int) -> tuple[pa.Table, ScanRequest]:
    """What a warehouse answers for an hour: models, their numeric features, and their categorical ones."""
    rng = np.random.default_rng(hour)
    models = size // (_FEATURES + 1)
    model = np.arange(models)
    predictors = np.char.add("predictor_", (model // _MODELS).astype(str))
    names = np.char.add("model_", model.astype(str))
    feature = np.tile(np.arange(_FEATURES), models)
    owner = np.repeat(model, _FEATURES)
    categorical = feature % 10 == 9
    request = ScanRequest(
        Log(table="t"),
        _START + hour * _HOUR,
        _START + (hour + 1) * _HOUR,
        {
            (name, f"feature_{number}"): Kind.CATEGORICAL if number % 10 == 9 else Kind.NUMERIC
            for name in set(predictors.tolist())
            for number in range(_FEATURES)
        },
    )
    numeric = ~categorical
    labels = np.repeat(np.flatnonzero(categorical), _CATEGORIES)
    parts = [
        _rows("model", hour, predictors, names, None, category=None, rng=rng),
        _rows(
            "series", hour, predictors[owner[numeric]], names[owner[numeric]], feature[numeric], category=None, rng=rng
        ),
        _rows(
            "series",
            hour,
            predictors[owner[labels]],
            names[owner[labels]],
            feature[labels],
            category=np.tile(np.arange(_CATEGORIES), int(categorical.sum())),
            rng=rng,
        ),
    ]
    return pa.concat_tables(parts), request


def _rows(  # type: ignore[no-untyped-def]
    part: str, hour: int, predictor, model, feature, *, category, rng: np.random.Generator
) -> pa.Table:
    size = len(predictor)
    is_number = category is None
    count = np.full(size, _ROWS if is_number else _ROWS // _CATEGORIES)
    grid = np.sort(rng.normal(size=(size if is_number else 0, len(GRID))), axis=1)
    with_atoms = np.arange(size) % 3 == 0 if is_number else np.zeros(size, bool)
    offsets = np.concatenate(([0], np.cumsum(np.where(with_atoms, 5, 0))))
    atoms = pa.array(grid[with_atoms[: len(grid)], 10:60:10].ravel())
    columns = {
        "part": pa.array([part] * size),
        "window_number": np.full(size, int(_START.timestamp()) // 3600 + hour),
        "predictor": pa.array(predictor),
        "model_id": pa.array(model),
        "feature": pa.nulls(size, pa.string())
        if feature is None
        else pa.array(np.char.add("feature_", feature.astype(str))),
        "category": pa.nulls(size, pa.string())
        if is_number
        else pa.array(np.char.add("category_", category.astype(str))),
        "present": count,
        "usable": count,
        "numbers": count if is_number else np.zeros(size, int),
        "infinities": np.zeros(size, int),
        "mean": pa.array(grid.mean(axis=1)) if is_number else pa.nulls(size, pa.float64()),
        "squared_deviations": pa.array(count.astype(float)) if is_number else pa.nulls(size, pa.float64()),
        "minimum": pa.array(grid[:, 0] - 1) if is_number else pa.nulls(size, pa.float64()),
        "maximum": pa.array(grid[:, -1] + 1) if is_number else pa.nulls(size, pa.float64()),
        "grid": pa.ListArray.from_arrays(np.arange(size + 1) * len(GRID), grid.ravel())
        if is_number
        else pa.nulls(size, pa.list_(pa.float64())),
        "grid_rows": count,
        "atoms": pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), atoms),
        "atom_counts": pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(np.full(len(atoms), 50))),
        "unseen": np.zeros(size, int),
        "names": pa.nulls(size, pa.list_(pa.string())),
    }
    return pa.table({name: columns[name] for name in RESULT.names}).cast(RESULT)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
