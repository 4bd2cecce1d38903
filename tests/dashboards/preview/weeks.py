"""A Prometheus that has two weeks of the demo's log behind it: incidents in its last hours, and a promotion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

from tests.e2e import world
from tests.real_parts import ROOT, Prometheus, PrometheusBinaries, prometheus, wait_until

CHOSEN = {"predictor": "arrival_delay", "model": "arrival_delay_v3", "feature": "departure_delay"}

_SHOWN = timedelta(days=15)  # a week, the week before it, and a day for its first window
_PROMOTED = timedelta(days=3)
_STEP = timedelta(minutes=5)
_RULES = ROOT / "output" / "prometheus" / "rules"
_TARGET = {"job": "driftgauge", "instance": "driftgauge"}


@contextmanager
def demo_weeks(folder: Path) -> Iterator[Prometheus]:
    """Run it, with the generated rules evaluated once; takes about a minute."""
    now = datetime.now(UTC)
    log, samples = folder / "log.duckdb", folder / "samples.openmetrics"
    world.make_log(log, now, world.INCIDENTS)
    world.write_openmetrics(samples, _replay(log, folder, now), _TARGET)
    binaries = PrometheusBinaries.require("3")
    world.backfill(binaries, samples, folder / "data")
    with prometheus(binaries, {"global": {}, "rule_files": [str(_quick_rules(folder))]}, folder) as server:
        wait_until("evaluation of the rules", lambda: _evaluated(server), timeout=120, every=1)
        yield server


def _replay(log: Path, folder: Path, now: datetime) -> Iterator[tuple[datetime, str]]:
    """What the exporter would have shown; gauges of windows every half hour only, for they stand."""
    before = folder / "before"
    copytree(world.DEFINITIONS, before)
    file = before / "predictors" / "cancellation.yaml"
    roles = file.read_text(encoding="utf-8").replace("v1, role: primary", "v1, role: shadow")
    file.write_text(roles.replace("v2, role: shadow", "v2, role: primary"), encoding="utf-8")
    moments = [now - _STEP * back for back in range(_SHOWN // _STEP, -1, -1)]
    for definitions, past in ((before, True), (world.DEFINITIONS, False)):
        of_these = [moment for moment in moments if (moment < now - _PROMOTED) is past]
        for index, (moment, text) in enumerate(world.replay(log, folder / "history", of_these, definitions)):
            lines = [line for line in text.splitlines() if index % 6 == 0 or "window=" not in line]
            yield moment, "\n".join(lines)


def _quick_rules(folder: Path) -> Path:
    """The generated rules, which here need not wait for a minute; the pattern of their files."""
    rules = folder / "rules"
    rules.mkdir()
    for file in _RULES.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        (rules / file.name).write_text(text.replace("interval: 1m", "interval: 1s"), encoding="utf-8")
    return rules / "*.yaml"


def _evaluated(server: Prometheus) -> bool:
    return all(rule["health"] == "ok" for group in server.api("rules")["groups"] for rule in group["rules"])
