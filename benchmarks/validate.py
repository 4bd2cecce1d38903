"""Validating a large registry, beside PyYAML reading the same files with libyaml and looking at nothing in them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import fleet
from benchmarks.lines import Line

_SIZES = (100, 300, 1000)
_GOAL_SECONDS = 3
_REPEATS = 3

_DRIFTGAUGE = Path(sys.executable).with_name("driftgauge")
_PYYAML = """
import sys, yaml
from pathlib import Path
for file in Path(sys.argv[1]).glob("*.yaml"):
    yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
"""


class Cost(NamedTuple):
    """What a process took: the seconds that passed, and how many of them a processor worked for it."""

    seconds: float
    processor: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s ({self.processor:.2f} busy)"


def run() -> Iterator[Line]:
    """Fleets of growing size; the goal is for the largest."""
    with tempfile.TemporaryDirectory() as scratch:
        for size in _SIZES:
            folder = Path(scratch) / str(size)
            fleet.write(folder, size)
            yield _line(size, folder)


def _line(size: int, folder: Path) -> Line:
    ours = _best([_DRIFTGAUGE, "validate", folder])
    pyyaml = _best([sys.executable, "-c", _PYYAML, folder])
    largest = size == max(_SIZES)
    return Line(
        name=f"validate {size:,} predictors",
        ours=str(ours),
        reference=f"{pyyaml}, PyYAML alone",
        ratio=f"{ours.processor / pyyaml.processor:.2f}",
        goal=f"<= {_GOAL_SECONDS} s" if largest else "",
        ok=ours.seconds <= _GOAL_SECONDS if largest else None,
    )


def _best(command: Sequence[str | Path]) -> Cost:
    """The fastest of some runs: what else the machine does only ever adds."""
    return min(_cost(command) for _ in range(_REPEATS))


def _cost(command: Sequence[str | Path]) -> Cost:
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(map(str, command)))
    return Cost(seconds, usage.ru_utime + usage.ru_stime)
