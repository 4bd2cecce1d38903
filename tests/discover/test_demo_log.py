"""The demo's log: what is registered there is recognised, and what isn't comes out right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from demo.log import CACHE, ensure_log
from generator.load import load_repository
from metrics_exporter.definitions import Kind
from tests.real_parts import ROOT, driftgauge

pytestmark = pytest.mark.slow


def test_taxi_time(tmp_path: Path) -> None:
    url = f"duckdb:{ensure_log(ROOT / CACHE).file}"
    file = tmp_path / "registry" / "new.yaml"
    shutil.copytree(ROOT / "registry", file.parent)
    # It prints the new file and nothing else: what the repository says of the log's features is right.
    file.write_text(driftgauge("discover", file.parent, "--warehouse", url), encoding="utf-8")
    loaded = load_repository(file.parent)
    assert loaded.registry is not None
    assert loaded.findings == ()
    by_id = {predictor.id: predictor for predictor in loaded.registry.predictors}
    taxi = by_id["taxi_time"]
    assert set(by_id) == {"arrival_delay", "cancellation", "taxi_time"}
    assert (taxi.task, taxi.team.id) == ("regression", "unowned")
    assert [model.id for model in taxi.models] == ["taxi_time_v1"]
    kinds = {feature.name: feature.kind for feature in taxi.features}
    assert len(kinds) >= 20
    assert kinds["distance"] is Kind.NUMERIC
    assert kinds["carrier"] is Kind.CATEGORICAL
    assert kinds["weekend"] is Kind.BOOLEAN
    assert driftgauge("discover", file.parent, "--warehouse", url) == ""
