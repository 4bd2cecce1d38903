"""When Python is to look for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Searching for garbage would take longer than reading: a large registry's million objects all stay to the end.

    They must be gone before it ends, or the search that follows goes through them all. Rendering leaves no garbage that
    has to be searched for: what it is done with goes at once.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
