"""Another count of restarts in bytes that are rendered already: nothing else changes."""

from __future__ import annotations

import pytest

from metrics_exporter.serving import exposition
from metrics_exporter.serving.restarts import counted, recounted
from metrics_exporter.serving.snapshot import Exposition, Snapshot, Snapshots
from metrics_exporter.serving.view import groups
from tests.exporter.serving.builders import MAX_AGE, NOW, definitions, profile, report, window


def snapshot(restarts: int) -> Snapshot:
    features = [profile(feature=f"f{number}") for number in range(50)]
    forged = profile(feature="x\ndriftgauge_worker_restarts_total 7")
    defined, reports = definitions(), [report(window([profile(), forged, *features]))]
    return Snapshots(restarts=restarts).make(defined, reports, groups(defined, reports, NOW, MAX_AGE), NOW)


def texts(exposition: Exposition) -> tuple[str, str]:
    return exposition.text.text(), exposition.openmetrics.text()


@pytest.mark.parametrize("read_bytes", [1 << 18, 100, 1])
def test_nothing_but_the_count_changes(monkeypatch: pytest.MonkeyPatch, read_bytes: int) -> None:
    monkeypatch.setattr(exposition, "_READ_BYTES", read_bytes)
    changed, wanted = recounted(snapshot(0), 12), snapshot(12)
    assert texts(changed.current) == texts(wanted.current)
    assert texts(changed.expired) == texts(wanted.expired)
    assert changed.current.text.size == wanted.current.text.size
    assert (changed.good_until, changed.series) == (wanted.good_until, wanted.series)


def test_the_count_alone() -> None:
    text, openmetrics = texts(counted(3))
    assert "\ndriftgauge_worker_restarts_total 3.0\n" in text
    assert openmetrics.endswith("\ndriftgauge_worker_restarts_total 3.0\n# EOF\n")
