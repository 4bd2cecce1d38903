"""What a command costs, from its start to its end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

DRIFTGAUGE = Path(sys.executable).with_name("driftgauge")

Command = Sequence[str | Path]


class Cost(NamedTuple):
    """What a process took: the seconds that passed, how many of them a processor worked for it, and its peak memory."""

    seconds: float
    processor: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s ({self.processor:.2f} busy)"


def cost(command: Command, **environment: str) -> Cost:
    """Run a command, with these variables beside those there are.

    Raises:
        CalledProcessError: it failed.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(map(str, command)))
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def best(command: Command, repeats: int, **environment: str) -> Cost:
    """The fastest of some runs: what else the machine does only ever adds."""
    return min(cost(command, **environment) for _ in range(repeats))
