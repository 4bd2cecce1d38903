"""The demo's course: log, registry, output, exporter, and whatever else is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import isclose
from pathlib import Path
from typing import Any

import duckdb

from demo.answers import check_all, has_read_the_log
from demo.log import CACHE, Log, Say, ensure_log
from demo.processes import DemoError, Process, Processes
from demo.prometheus import Companion, run_alertmanager, run_prometheus
from demo.report import Check, Outcome, checked
from demo.terraform import check_terraform
from metrics_exporter.definitions import Definitions, DefinitionsError, load

DEFINITIONS = Path("output/metrics")

_NEEDED = ("registry", "output")
_TRAINED, _PROFILE = "arrival_delay", Path("registry/profiles/arrival_delay_v3.json")
_FIRST_WINDOWS = 300.0  # seconds that the exporter may need for the log's past
_DRIFTGAUGE = Path(sys.executable).with_name("driftgauge")
_LOOPBACK, _EVERY_INTERFACE = "127.0.0.1", "0.0.0.0"  # noqa: S104


@dataclass(frozen=True)
class Running:
    """A demo that runs: its log, what was checked, and what there is to look at."""

    log: Log
    checks: tuple[Check, ...]
    companions: tuple[Companion, ...]
    processes: Processes

    @property
    def fine(self) -> bool:
        """Whether no check failed."""
        return all(check.outcome is not Outcome.FAILED for check in self.checks)


@contextmanager
def running(host: str, port: int, say: Say) -> Iterator[Running]:
    """Run all of it and check what it answers; everything stops when the context is left.

    Raises:
        DemoError: it can't go on.
    """
    _require_clone()
    definitions = _definitions()
    log = built_log(say)
    before = [_describe(log), _profiled(log), _driftgauge("validate"), _driftgauge("generate", "--check")]
    folder = CACHE / "run" / str(port)  # no other demo that runs now has this one
    with Processes(folder) as processes:
        say("starting the exporter; the first time it computes four weeks of windows")
        url = f"http://{_LOOPBACK if host == _EVERY_INTERFACE else host}:{port}"
        _start_exporter(processes, log, f"{host}:{port}").wait_until(lambda: has_read_the_log(url), _FIRST_WINDOWS)
        answers = check_all(url, log.file, definitions)
        say("looking for Alertmanager, Prometheus and Terraform")
        routing, alertmanager = run_alertmanager(processes, folder)
        scraping, prometheus = run_prometheus(processes, folder, url, alertmanager)
        terraform = check_terraform(folder / "terraform")
        companions = [Companion("the status page", url), prometheus, alertmanager]
        yield Running(
            log,
            (*before, *answers, routing, *scraping, *terraform),
            tuple(companion for companion in companions if companion),
            processes,
        )


def built_log(say: Say) -> Log:
    """The log, built if need be.

    Raises:
        DemoError: what builds it isn't installed, or it can't be written.
    """
    try:
        return ensure_log(say=say)
    except ImportError as error:
        raise DemoError(f"{error.name} is missing; run `pip install 'driftgauge[demo]'`") from None
    except (duckdb.IOException, duckdb.TransactionException) as error:
        reason = str(error).partition("\n")[0]
        raise DemoError(f"the log can't be written ({reason}); make room for 400 MB") from None


def _require_clone() -> None:
    if missing := [name for name in _NEEDED if not Path(name).is_dir()]:
        raise DemoError(f"no {' and no '.join(missing)} in {Path.cwd()}; run the demo in a clone of driftgauge")


def _definitions() -> Definitions:
    try:
        return load(DEFINITIONS)
    except DefinitionsError as error:
        raise DemoError(str(error)) from None


def _describe(log: Log) -> Check:
    with duckdb.connect(str(log.file), read_only=True) as database:
        rows, models, latest = database.sql(
            "SELECT count(*), count(DISTINCT model_id), max(sent_at) FROM predictions"
        ).fetchall()[0]
    return checked("log", [], f"{rows:,} predictions of {models} models so far, the latest at {latest:%H:%M} UTC")


def _profiled(log: Log) -> Check:
    """What the primary model was trained on, profiled again: the committed file is what the command makes."""
    made = CACHE / _PROFILE.name
    source = [f"duckdb:{log.file}", "--table", f"training_{_TRAINED}", "--without", "label"]
    check = _driftgauge("profile", *source, "--predictor", _TRAINED, "--model", _PROFILE.stem, "--output", str(made))
    if check.outcome is not Outcome.OK:
        return replace(check, name="profile")
    is_same = _PROFILE.is_file() and _are_near(*(json.loads(file.read_bytes()) for file in (made, _PROFILE)))
    wrong = [] if is_same else [f"{_PROFILE} is not what `driftgauge profile` makes: see {made}"]
    return checked("profile", wrong, f"{_PROFILE}: what {_PROFILE.stem} was trained on")


def _are_near(one: Any, other: Any) -> bool:
    """Whether two documents say the same; how pandas reads the last digit of a number changes with its version."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_are_near(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_are_near, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-9)
    return bool(one == other)


def driftgauge_command() -> str:
    """How to call driftgauge from this folder, whether or not its environment is on PATH."""
    return os.path.relpath(_DRIFTGAUGE) if _DRIFTGAUGE.is_relative_to(Path.cwd()) else _DRIFTGAUGE.name


def _driftgauge(*arguments: str) -> Check:
    done = subprocess.run([_DRIFTGAUGE, *arguments], capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip().splitlines() or ["done"]
    wrong = [] if done.returncode == 0 else [f"exit {done.returncode}: {said[-1]}"]
    return checked(" ".join(arguments), wrong, said[-1])


def _start_exporter(processes: Processes, log: Log, listen: str) -> Process:
    return processes.start(
        "exporter",
        [
            str(_DRIFTGAUGE),
            "export",
            f"--definitions={DEFINITIONS}",
            f"--warehouse=duckdb:{log.file}",
            f"--history={_history(log)}",
            f"--listen={listen}",
        ],
    )


def _history(log: Log) -> Path:
    """A folder for the profiles of this log; those of a log that was built or shifted otherwise are not its past."""
    folder = CACHE / "history" / f"{log.fingerprint}-{log.weeks}"
    for other in folder.parent.glob("*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return folder
