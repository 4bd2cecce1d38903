"""`scan`: one window of 1 M rows × 20 features, from the log to profiles, beside numpy and the peers.

Ours begins with a closed database file and ends with profiles. The floor is numpy's description of the same columns,
which it has in memory already; `scan_worker.floor` says what it computes. Each figure is the best of some runs in a
process of its own, ours and the floor's in turns. Both want a machine that does nothing else: ours uses all cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import scan_data
from benchmarks.lines import Line

_WORKER = Path(__file__).with_name("scan_worker.py")
_ROUNDS, _RUNS = 3, 5
_MOST_MB = 600
# peer: (Python package, what else its environment needs); versions that the peers can run with
_PEERS = {
    "evidently": ("evidently>=0.7,<0.8", "pandas<3", "pyarrow"),
    "whylogs": ("whylogs>=1.6,<1.7", "numpy<2", "pandas<3", "pyarrow<19"),
}


def run() -> Iterator[Line]:
    """The goal, then what is only reported."""
    table = scan_data.table()
    seconds, megabytes, floor = _beside_floor("map of numbers", table)
    yield Line(
        "scan: time",
        f"{seconds:.2f} s",
        f"numpy describe + 20 bins {floor:.2f} s",
        f"{seconds / floor:.2f}",
        "ratio <= 1.0",
        seconds <= floor,
    )
    yield Line("scan: memory", f"{megabytes:.0f} MB", goal=f"<= {_MOST_MB} MB", ok=megabytes <= _MOST_MB)
    trusting, _ = _measure(sys.executable, "trusting floor", table, _RUNS)
    yield Line("scan: time", f"{seconds:.2f} s", f"numpy blind to NaN {trusting:.2f} s", f"{seconds / trusting:.2f}")
    for layout in list(scan_data.LAYOUTS)[1:]:
        other, memory, beside = _beside_floor(layout, table)
        yield Line(
            f"scan: {layout}", f"{other:.2f} s, {memory:.0f} MB", f"numpy {beside:.2f} s", f"{other / beside:.2f}"
        )
    for peer in _PEERS:
        yield _peer(peer, table, seconds)


def _beside_floor(layout: str, table: Path) -> tuple[float, float, float]:
    """Our best seconds and peak MB, and the floor's best seconds, in turns."""
    database = scan_data.database(layout)
    ours, floors = [], []
    for _ in range(_ROUNDS):
        ours.append(_measure(sys.executable, "ours", database, _RUNS))
        floors.append(_measure(sys.executable, "floor", table, _RUNS)[0])
    return min(seconds for seconds, _ in ours), max(megabytes for _, megabytes in ours), min(floors)


def _peer(peer: str, table: Path, seconds: float) -> Line:
    try:
        python = _environment(peer)
        theirs, megabytes = _measure(str(python), peer, table, 1)
    except subprocess.CalledProcessError as error:
        reason = (error.stderr or "").strip().splitlines()[-1:] or ["no reason given"]
        return Line(f"scan: {peer}", "skipped", f"can't be had here: {reason[0][:80]}")
    return Line(
        f"scan: {peer}", f"{seconds:.2f} s", f"{peer} {theirs:.1f} s, {megabytes:.0f} MB", f"{seconds / theirs:.3f}"
    )


def _environment(peer: str) -> Path:
    """The Python of a virtual environment with the peer in it, made once."""
    folder = scan_data.CACHE / "environments" / peer
    python, done = folder / "bin" / "python", folder / "done"
    if not done.exists():
        print(f"scan: installing {peer} into {folder}, once", file=sys.stderr, flush=True)
        _quiet(sys.executable, "-m", "venv", "--clear", str(folder))
        _quiet(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_PEERS[peer])
        done.touch()
    return python


def _measure(python: str, job: str, file: Path, runs: int) -> tuple[float, float]:
    """Best seconds and peak MB of a job in a process of its own."""
    best, megabytes = _quiet(python, str(_WORKER), job, str(file), str(runs)).split()[-2:]
    return float(best), float(megabytes)


def _quiet(*command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "DO_NOT_TRACK": "1"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
