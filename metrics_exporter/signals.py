"""Signals as something to wait for: they interrupt nothing, so that none is lost and nothing is left half done."""

from __future__ import annotations

import signal
import socket
from contextlib import suppress
from types import FrameType

HANDLED = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


class Signals:
    """Notes the signals of its process from the moment it is made.

    Attributes:
        stop: SIGTERM or SIGINT has asked for the end.
        ready: can be read when there was a signal.
    """

    def __init__(self) -> None:
        self.stop = False
        self._reload = False
        self.ready, self._writer = socket.socketpair()
        for end in (self.ready, self._writer):
            end.setblocking(False)
        for number in HANDLED:
            signal.signal(number, self._note)
        # Written at once, while `_note` has to wait for the interpreter, which may be about to begin a wait.
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)

    def take_reload(self) -> bool:
        """Whether SIGHUP has asked for a reload since the last call."""
        with suppress(BlockingIOError):
            while self.ready.recv(1024):
                pass
        if not self._reload:
            return False
        self._reload = False
        return True

    def _note(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._reload = True
        else:
            self.stop = True
