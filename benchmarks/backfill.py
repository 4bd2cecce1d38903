"""`backfill`: 60 days of 1,000 hourly series and as many daily ones, from the history to files that promtool has taken.

Ours is the whole command: history read, alerts judged, samples written. Beside it is what promtool takes for the same
files, and a run after which nothing is left to do. Processor seconds count, as what else runs on the machine only ever
adds to the others.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.lines import Line
from benchmarks.processes import DRIFTGAUGE, Cost, cost
from benchmarks.profiles import numeric
from generator.catalogue import METRICS
from metrics_exporter.definitions import Alert, Catalogue, Comparison, Definitions, Log, Model, Predictor, Role
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.table import WindowProfiles
from metrics_exporter.windows import DAILY, HOURLY

_DAYS = 60
_FEATURES = 20
_MODELS = [(f"predictor_{place}", f"predictor_{place}_v{model}") for place in range(2) for model in range(2)]
_START = datetime(2026, 1, 5, tzinfo=UTC)
_MOST_SECONDS = 15


def run() -> Iterator[Line]:
    """Fill a history, backfill it, and hand the files to promtool, if there is one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _fill(History(str(folder / "history")))
        _write_definitions(folder / "definitions")
        command = [
            DRIFTGAUGE,
            "backfill",
            f"--from={_START.isoformat()}",
            f"--to={(_START + timedelta(days=_DAYS)).isoformat()}",
            "--history-only",
            "--warehouse=duckdb:none",
            f"--history={folder / 'history'}",
            f"--definitions={folder / 'definitions'}",
            f"--out={folder / 'out'}",
        ]
        ours = cost(command)
        files = sorted((folder / "out").glob("*.om"))
        megabytes = sum(file.stat().st_size for file in files) / 1e6
        theirs = _promtool(files, folder / "data")
        beside = "promtool: not on PATH" if theirs is None else f"promtool {theirs}, {len(files)} files"
        ratio = "" if theirs is None else f"{ours.processor / theirs.processor:.2f}"
        goal, ok = f"<= {_MOST_SECONDS} s busy", ours.processor <= _MOST_SECONDS
        yield Line(f"backfill: {_DAYS} d, 1,000 series", str(ours), beside, ratio, goal, ok)
        yield Line("backfill: memory", f"{ours.megabytes:.0f} MB, {megabytes:.0f} MB of text")
        yield Line("backfill: nothing left to do", str(cost(command)))


def _promtool(files: list[Path], data: Path) -> Cost | None:
    promtool = shutil.which("promtool")
    if promtool is None:
        return None
    script = (
        "import subprocess, sys\n"
        "for file in sys.argv[3:]:\n"
        "    subprocess.run([sys.argv[1], 'tsdb', 'create-blocks-from', 'openmetrics', '--max-block-duration=162h', "
        "file, sys.argv[2]], check=True)"
    )
    return cost([sys.executable, "-c", script, promtool, data, *files])


def _fill(history: History) -> None:
    random_numbers = np.random.default_rng(0)
    for hour in range(1, _DAYS * 24 + 1):
        end = _START + hour * timedelta(hours=1)
        history.write(WindowProfiles("default", HOURLY, end, 4_000, 0, numeric(_MODELS, _FEATURES, random_numbers)))
        if hour % 24 == 0:
            history.write(WindowProfiles("default", DAILY, end, 96_000, 0, numeric(_MODELS, _FEATURES, random_numbers)))


def _write_definitions(folder: Path) -> None:
    """Each predictor with an alert on all features, and one that compares with past weeks."""
    metrics = tuple(metric.definition for metric in METRICS)
    catalogue = Catalogue(schema_version=1, logs={"default": Log(table="predictions")}, metrics=metrics)
    defined = Definitions(catalogue=catalogue, predictors={name: _predictor(name) for name, _ in _MODELS})
    (folder / "predictors").mkdir(parents=True)
    (folder / "catalogue.yaml").write_text(yaml.safe_dump(defined.catalogue.model_dump(mode="json")), encoding="utf-8")
    for name, each in defined.predictors.items():
        text = yaml.safe_dump(each.model_dump(mode="json"))
        (folder / "predictors" / f"{name}.yaml").write_text(text, encoding="utf-8")


def _predictor(name: str) -> Predictor:
    primary, shadow = (model for predictor, model in _MODELS if predictor == name)
    shared: dict[str, Any] = {"window": HOURLY, "models": (primary, shadow), "severity": "page", "consecutive": 2}
    return Predictor(
        schema_version=1,
        predictor=name,
        title=name,
        team="ours",
        models=(Model(id=primary, role=Role.PRIMARY), Model(id=shadow, role=Role.SHADOW)),
        alerts=(
            Alert(
                id="defaults",
                title="Defaults",
                metric="ml_feature_default_ratio",
                feature="*",
                comparison=Comparison.ABOVE,
                high=0.08,
                **shared,
            ),
            Alert(
                id="mean",
                title="Mean",
                metric="ml_prediction_mean",
                comparison=Comparison.CHANGE_ABOVE,
                high=1.0,
                **shared,
            ),
        ),
    )
