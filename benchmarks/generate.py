"""`generate`: a large registry to files, beside grafanalib making as many panels and Sloth making as many rules.

The goals in seconds are those of a machine on which grafanalib takes `_GRAFANALIB_SECONDS`; a slower one is allowed as
much more as grafanalib takes there in the same run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from math import log
from pathlib import Path
from statistics import linear_regression

from benchmarks import registry_files, sloth
from benchmarks.lines import Line
from benchmarks.processes import DRIFTGAUGE, Cost, best, cost

SIZE = 1000
SIZES = (100, 300, SIZE, 3000)
_REPEATS = 3
_GRAFANALIB_SECONDS = 2.6
_MOST_SECONDS = 6
_MOST_CHANGED_SECONDS = 2
_MOST_MEGABYTES = 400
_MOST_GROWTH = 1.05

_GRAFANALIB = """
import json, sys
from grafanalib import core
from grafanalib._gen import DashboardEncoder
dashboards, panels = map(int, sys.argv[1:])
for number in range(dashboards):
    drawn = [
        core.TimeSeries(
            title=f"Panel {panel}",
            dataSource="prometheus",
            targets=[core.Target(expr=f'ml_feature_mean{{predictor="{number}",feature="{panel}"}}', refId="A")],
            gridPos=core.GridPos(h=8, w=12, x=0, y=8 * panel),
        )
        for panel in range(panels)
    ]
    board = core.Dashboard(title=f"Predictor {number}", panels=drawn).auto_panel_ids()
    json.dumps(board.to_json_data(), sort_keys=True, indent=2, cls=DashboardEncoder)
"""
_IMPORTS = "import grafanalib.core, duckdb, jinja2"


def run() -> Iterator[Line]:
    """All of it, then what has changed, then how it grows, then how fast a command is there at all."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Place(Path(scratch))
        first = place.generate(SIZE)
        panels = SIZE * place.panels(SIZE)
        theirs = best([sys.executable, "-c", _GRAFANALIB, str(SIZE), str(panels // SIZE)], _REPEATS)
        beside = f"{theirs}, grafanalib, {panels:,} panels"
        yield _timed(f"generate {SIZE:,} predictors", first, theirs, beside, _MOST_SECONDS)
        yield _beside_sloth(first, place.rules(SIZE))
        yield _limited("generate: memory", f"{first.megabytes:.0f} MB", first.megabytes, _MOST_MEGABYTES, "MB")
        check = best([*place.command(SIZE), "--check"], _REPEATS)
        yield _timed("generate --check", check, theirs, beside, _MOST_SECONDS)
        yield _timed("generate after one edit", place.after_an_edit(SIZE), theirs, beside, _MOST_CHANGED_SECONDS)
        yield _growth({size: first if size == SIZE else place.generate(size) for size in SIZES})
    yield _start()


class Place:
    """A folder with registries, their output, and what is remembered of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def registry(self, size: int) -> Path:
        """A registry of this many predictors."""
        folder = self._folder / f"registry-{size}" / "registry"
        if not folder.exists():
            registry_files.write(folder, size)
        return folder

    def output(self, size: int) -> Path:
        """Where it is generated to."""
        return self._folder / f"output-{size}"

    def command(self, size: int) -> Sequence[str | Path]:
        """What generates it."""
        return [DRIFTGAUGE, "generate", self.registry(size), "--output", self.output(size)]

    def generate(self, size: int) -> Cost:
        """The best of some first runs: nothing is there, and nothing is remembered."""
        return min(self._first(size) for _ in range(_REPEATS))

    def _first(self, size: int) -> Cost:
        for left in (self.output(size), self._memory):
            shutil.rmtree(left, ignore_errors=True)
        return cost(self.command(size), XDG_CACHE_HOME=str(self._memory))

    def after_an_edit(self, size: int) -> Cost:
        """The best of some runs after a threshold was changed."""
        return min(self._edited(size, threshold) for threshold in range(1, _REPEATS + 1))

    def _edited(self, size: int, threshold: int) -> Cost:
        file = self.registry(size) / "team_3.yaml"
        before, above, after = file.read_text(encoding="utf-8").partition("above: ")
        file.write_text(f"{before}{above}0.{threshold}1{after[after.index(chr(10)) :]}", encoding="utf-8")
        return cost(self.command(size), XDG_CACHE_HOME=str(self._memory))

    def panels(self, size: int) -> int:
        """How many a predictor's dashboard has."""
        dashboard = next(self.output(size).glob("dashboards/predictors/*.json"))
        return len(json.loads(dashboard.read_text(encoding="utf-8"))["panels"])

    def rules(self, size: int) -> int:
        """How many there are of Prometheus."""
        files = self.output(size).glob("prometheus/rules/*.yaml")
        return sum(file.read_text(encoding="utf-8").count("- alert: ") for file in files)

    @property
    def _memory(self) -> Path:
        return self._folder / "caches"


def _timed(name: str, ours: Cost, theirs: Cost, beside: str, most: int) -> Line:
    """A time that has a limit, on this machine."""
    allowed = most * max(theirs.seconds / _GRAFANALIB_SECONDS, 1)
    ratio = f"{ours.processor / theirs.processor:.2f}"
    return Line(name, str(ours), beside, ratio, f"<= {allowed:.1f} s here", ours.seconds <= allowed)


def _beside_sloth(ours: Cost, rules: int) -> Line:
    name = "generate: beside Sloth"
    try:
        theirs, made = sloth.generate(rules)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        return Line(name, str(ours), f"Sloth left out: {error}")
    return Line(name, str(ours), f"{theirs}, Sloth, {made:,} rules", f"{ours.processor / theirs.processor:.2f}")


def _growth(costs: dict[int, Cost]) -> Line:
    """The exponent with which the work grows: the slope of its logarithm over that of the number of predictors."""
    sizes, times = [log(size) for size in costs], [log(one.processor) for one in costs.values()]
    exponent = linear_regression(sizes, times).slope
    seconds = " ".join(f"{one.processor:.1f}" for one in costs.values())
    return Line(
        f"generate: growth to {max(costs):,}",
        f"{seconds} s busy",
        "exponent",
        f"{exponent:.2f}",
        f"<= {_MOST_GROWTH}",
        exponent <= _MOST_GROWTH,
    )


def _start() -> Line:
    """How long `--help` takes, beside importing what the generator and the exporter are made with."""
    ours, imports = best([DRIFTGAUGE, "--help"], 5), best([sys.executable, "-c", _IMPORTS], 5)
    most = 0.25 * imports.seconds + 0.1
    return Line(
        "driftgauge --help",
        f"{ours.seconds:.3f} s",
        f"{imports.seconds:.3f} s, its libraries' imports",
        f"{ours.seconds / imports.seconds:.2f}",
        f"<= {most:.3f} s",
        ours.seconds <= most,
    )


def _limited(name: str, shown: str, value: float, most: int, unit: str = "s") -> Line:
    """A figure that has a limit."""
    return Line(name, shown, goal=f"<= {most} {unit}", ok=value <= most)
