"""Validating a large registry, beside PyYAML reading the same files with libyaml and looking at nothing in them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import registry_files
from benchmarks.lines import Line
from benchmarks.processes import DRIFTGAUGE, best

_SIZES = (100, 300, 1000)
_GOAL_SECONDS = 3
_REPEATS = 3

_PYYAML = """
import sys, yaml
from pathlib import Path
for file in Path(sys.argv[1]).glob("*.yaml"):
    yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
"""


def run() -> Iterator[Line]:
    """Fleets of growing size; the goal is for the largest."""
    with tempfile.TemporaryDirectory() as scratch:
        for size in _SIZES:
            folder = Path(scratch) / str(size)
            registry_files.write(folder, size)
            yield _line(size, folder)


def _line(size: int, folder: Path) -> Line:
    ours = best([DRIFTGAUGE, "validate", folder], _REPEATS)
    pyyaml = best([sys.executable, "-c", _PYYAML, folder], _REPEATS)
    largest = size == max(_SIZES)
    return Line(
        name=f"validate {size:,} predictors",
        ours=str(ours),
        reference=f"{pyyaml}, PyYAML alone",
        ratio=f"{ours.processor / pyyaml.processor:.2f}",
        goal=f"<= {_GOAL_SECONDS} s" if largest else "",
        ok=ours.seconds <= _GOAL_SECONDS if largest else None,
    )
