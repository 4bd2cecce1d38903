"""A call to a driver, in a thread of its own: it ends at its deadline, and what waits for it can be interrupted."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

HOPELESS_SECONDS = 30.0  # an interrupt is a matter of moments
_AGAIN_SECONDS = 0.1

logger = logging.getLogger(__name__)
T = TypeVar("T")


def call(work: Callable[[], T], timeout_seconds: float, interrupt: Callable[[], None], place: str) -> T:
    """What `work` returns or raises.

    Args:
        work: the call.
        timeout_seconds: how long it may take.
        interrupt: has it end; called again and again until it has, as one between two statements reaches neither.
        place: what it works on, for people.

    Raises:
        TimeoutError: it took longer; it has ended.
    """
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(work)
        try:
            return running.result(timeout_seconds)
        finally:
            _stop(running, interrupt, place)


def _stop(running: Future[Any], interrupt: Callable[[], None], place: str) -> None:
    """Wait for the end of a call that nobody wants any more.

    Python can't leave a thread behind that hangs in a call: only the end of the process ends it.
    """
    hopeless = time.monotonic() + HOPELESS_SECONDS
    while not running.done():
        if time.monotonic() > hopeless:
            logger.critical(
                "%s: a read from it hangs, and nothing stops it; see to the disk or network that it is on", place
            )
            os._exit(1)
        interrupt()
        wait([running], _AGAIN_SECONDS)
