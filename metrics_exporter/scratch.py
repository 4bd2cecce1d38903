"""Folders for temporary files that don't outlive their process for long: what a killed one leaves, the next removes."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

_PREFIX = "driftgauge-scratch-"
_NAME = re.compile(rf"{_PREFIX}\w{{8}}", re.ASCII)


@dataclass(frozen=True)
class Scratch:
    """A folder that is its process' own while `lock`, an open file, is."""

    path: Path
    lock: int

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.lock)


def make() -> Scratch:
    """A new folder; those of processes that are gone are removed.

    Raises:
        OSError: there is no place for one.
    """
    _clear()
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        try:
            lock = _lock(path)
        except (FileNotFoundError, BlockingIOError):  # another process takes it for left behind
            continue
        except OSError:  # this file system has no locks, so that nobody takes it for left behind
            return Scratch(path, os.open(path, os.O_RDONLY))
        if path.exists():
            return Scratch(path, lock)
        os.close(lock)


def _clear() -> None:
    for path in Path(tempfile.gettempdir()).iterdir():
        if _NAME.fullmatch(path.name) and _is_ours(path):
            try:
                lock = _lock(path)
            except OSError:  # it is in use, or already gone
                continue
            Scratch(path, lock).remove()


def _is_ours(path: Path) -> bool:
    try:
        return path.lstat().st_uid == os.getuid()
    except OSError:
        return False


def _lock(path: Path) -> int:
    """Lock a folder for this process; the system lets go of it when the process ends, however it does."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(folder)
        raise
    return folder
