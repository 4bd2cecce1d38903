"""The demo's processes: each has a log file, is stopped by its own id, and none outlives the demo."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

_PATIENCE = 10.0  # seconds that a process has to end before it is killed
_Handler = Callable[[int, FrameType | None], object] | int | None
_TAIL = 15  # lines of a log file that explain a failure


class DemoError(Exception):
    """The demo can't go on; the message says why and what to do."""


class Processes:
    """A context: what was started in it is stopped, last first, when it is left, whatever ends it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[Process] = []
        self._handlers: dict[signal.Signals, _Handler] = {}

    def __enter__(self) -> Self:
        """Make the folder of the log files, and end like Ctrl-C on other signals that ask to end."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, _interrupt)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop all that still runs; a second Ctrl-C must not leave some of it behind."""
        earlier = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, *self._handlers)}
        try:
            while self._running:
                self._running.pop().stop()
        finally:
            for number, handler in {**earlier, **self._handlers}.items():
                signal.signal(number, handler)

    def start(self, name: str, command: Sequence[str]) -> Process:
        """Start a command in a session of its own, so that Ctrl-C reaches the demo alone."""
        log = self._folder / f"{name}.log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        process = Process(name, child, log)
        self._running.append(process)
        return process

    def ended(self) -> Process | None:
        """A process that ended by itself, if there is one."""
        return next((process for process in self._running if process.has_ended()), None)


class Process:
    """A started command and its log file."""

    def __init__(self, name: str, child: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self._child = child
        self._log = log

    def has_ended(self) -> bool:
        """Whether it ended, by itself or not."""
        return self._child.poll() is not None

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait for `ready`.

        Raises:
            DemoError: it ended before, or wasn't ready in time; with the end of its log.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if self.has_ended():
                raise DemoError(f"{self.name} ended with exit code {self._child.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise DemoError(f"{self.name} was not ready within {seconds:.0f} seconds:\n{self.tail()}")
            time.sleep(0.1)

    def tail(self) -> str:
        """The last lines of its log, and where the rest is."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL:]
        return "\n".join([*(f"  {line}" for line in lines), f"  (all of it: {self._log})"])

    def stop(self) -> None:
        """Ask it to end; kill it when it doesn't."""
        if self.has_ended():
            return
        self._child.terminate()
        try:
            self._child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def free_port(wanted: int) -> int:
    """The wanted port of the loopback interface, or any free one where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError("no free port on 127.0.0.1")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
