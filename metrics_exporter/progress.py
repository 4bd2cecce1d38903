"""A line on stderr that tells of long work, when a terminal watches."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_PAUSE_SECONDS = 0.2
_CLEAR_LINE = "\r\x1b[K"


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say what is being done, and for how long, until it is done."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    teller = threading.Thread(target=_tell, args=(what, done), daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


class Estimate:
    """A line on stderr of how far long work is and how long it will still take, when a terminal watches."""

    def __init__(self, what: str) -> None:
        """Nothing is done yet."""
        self._what = what
        self._started = self._told = time.monotonic()
        self._first: float | None = None

    def reach(self, share: float) -> None:
        """So much of the work is done, from 0 to 1; what was done before the first call took no time."""
        now = time.monotonic()
        self._first = share if self._first is None else self._first
        if not sys.stderr.isatty() or now - self._told < _PAUSE_SECONDS or share <= self._first:
            return
        self._told = now
        left = (now - self._started) / (share - self._first) * max(1 - share, 0)
        sys.stderr.write(f"{_CLEAR_LINE}{self._what} … {min(share, 1):.0%}, about {_spoken(left)} left")
        sys.stderr.flush()

    def done(self) -> None:
        """Clear the line."""
        if sys.stderr.isatty():
            sys.stderr.write(_CLEAR_LINE)
            sys.stderr.flush()


def _spoken(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _tell(what: str, done: threading.Event) -> None:
    started = time.monotonic()
    while not done.wait(_PAUSE_SECONDS):
        sys.stderr.write(f"{_CLEAR_LINE}{what} … {time.monotonic() - started:.0f} s")
        sys.stderr.flush()
    sys.stderr.write(_CLEAR_LINE)
    sys.stderr.flush()
