"""A fleet of 5,000 models, 250,000 profiles an hour: a round, a merged day, a start. Each in a process of its own.

Processor seconds, as what else runs on the machine only ever adds to the others. The profiles are synthetic: normal
values, every third feature with atoms, every tenth categorical.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.lines import Line

SIZES = (25_000, 100_000, 250_000)
_ROUND_SECONDS, _MERGE_SECONDS, _MERGE_MEGABYTES, _START_SECONDS, _EXPONENT = 15, 45, 2_000, 60, 1.05


def run() -> Iterator[Line]:
    """Measure rounds of three sizes, then merge a day and start with a week at the largest."""
    rounds: dict[int, float] = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            stages = _stage("round", size, folder)
        rounds[size] = sum(stages[name] for name in ("assemble", "write", "render"))
        parts = ", ".join(f"{name} {stages[name]:.1f}" for name in ("assemble", "write", "render"))
        goal, ok = (f"<= {_ROUND_SECONDS} s", rounds[size] <= _ROUND_SECONDS) if size == SIZES[-1] else ("", None)
        yield Line(f"fleet: round, {size:,} profiles", f"{rounds[size]:.1f} s busy", parts, "", goal, ok)
    exponent = math.log(rounds[SIZES[-1]] / rounds[SIZES[0]]) / math.log(SIZES[-1] / SIZES[0])
    yield Line("fleet: growth of a round", f"exponent {exponent:.2f}", "", "", f"<= {_EXPONENT}", exponent <= _EXPONENT)
    with tempfile.TemporaryDirectory() as folder:
        _stage("fill", SIZES[-1], folder)
        merged = _stage("merge", SIZES[-1], folder)
        ok = merged["merge"] <= _MERGE_SECONDS and merged["megabytes"] <= _MERGE_MEGABYTES
        ours = f"{merged['merge']:.0f} s, {merged['megabytes']:.0f} MB"
        goal = f"<= {_MERGE_SECONDS} s, {_MERGE_MEGABYTES} MB"
        yield Line("fleet: a day merged from 24 windows", ours, "", "", goal, ok)
        week = _stage("start", SIZES[-1], folder)["start"] * 7
        goal = f"<= {_START_SECONDS} s"
        yield Line(
            "fleet: start with a week of hours", f"{week:.0f} s (a day, × 7)", "", "", goal, week <= _START_SECONDS
        )


def _stage(name: str, size: int, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.fleet_worker", name, str(size), folder]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found
