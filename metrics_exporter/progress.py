"""A line on stderr that counts the seconds of long work, when a terminal watches."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

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


def _tell(what: str, done: threading.Event) -> None:
    started = time.monotonic()
    while not done.wait(0.2):
        sys.stderr.write(f"{_CLEAR_LINE}{what} … {time.monotonic() - started:.0f} s")
        sys.stderr.flush()
    sys.stderr.write(_CLEAR_LINE)
    sys.stderr.flush()
