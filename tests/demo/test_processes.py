"""Processes of the demo: started, waited for, explained when they fail, and never left behind."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from demo import processes as processes_module
from demo.processes import DemoError, Process, Processes, free_port

SLEEPS = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]


def _is_up(folder: Path, name: str) -> bool:
    return "up" in (folder / f"{name}.log").read_text(encoding="utf-8")


def _start(processes: Processes, folder: Path, name: str, command: list[str]) -> Process:
    process = processes.start(name, command)
    process.wait_until(lambda: _is_up(folder, name), 20)
    return process


def test_all_are_stopped_when_the_context_is_left(tmp_path: Path) -> None:
    with Processes(tmp_path) as running:
        started = [_start(running, tmp_path, name, SLEEPS) for name in ("one", "two")]
        assert running.ended() is None
    assert all(process.has_ended() for process in started)


def test_all_are_stopped_when_an_error_leaves_it(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Processes(tmp_path) as running:
        process = _start(running, tmp_path, "one", SLEEPS)
        raise ZeroDivisionError
    assert process.has_ended()


def test_who_ignores_the_request_to_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes_module, "_PATIENCE", 0.3)
    with Processes(tmp_path) as running:
        process = _start(running, tmp_path, "stubborn", STUBBORN)
    assert process.has_ended()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_that_ask_to_end_stop_all_and_mean_afterwards_what_they_meant(
    tmp_path: Path, number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), Processes(tmp_path) as running:
        process = _start(running, tmp_path, "one", SLEEPS)
        os.kill(os.getpid(), number)
        time.sleep(5)
    assert process.has_ended()
    assert signal.getsignal(number) is before


def test_a_process_that_ends_too_early_is_explained(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('the disk is full')"]
    with Processes(tmp_path) as running:
        process = running.start("exporter", command)
        with pytest.raises(DemoError, match=r"exporter ended with exit code 1:\n  the disk is full\n.*exporter\.log"):
            process.wait_until(lambda: False, 20)
        assert running.ended() is process


def test_a_process_that_is_never_ready_is_explained(tmp_path: Path) -> None:
    with Processes(tmp_path) as running:
        process = _start(running, tmp_path, "exporter", SLEEPS)
        with pytest.raises(DemoError, match=r"exporter was not ready within 0 seconds:\n  up"):
            process.wait_until(lambda: False, 0.3)


def test_a_taken_port_is_replaced() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port
