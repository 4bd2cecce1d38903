"""Edited registry files → disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from generator.discover.files import FileEdit
from generator.errors import UserError

_BOM = b"\xef\xbb\xbf"


def write(changed: Iterable[FileEdit]) -> None:
    """Write all files; each is whole at any time, and none is touched unless all could be prepared.

    Raises:
        UserError: a file has changed since it was read, or the file system refused.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for edit in changed:
            target = edit.path.resolve()  # what a link leads to is replaced, not the link
            current = _current(edit, target)
            staged.append((_beside(target), target))
            _fill(staged[-1][0], edit, target, current)
        for temporary, target in staged:
            temporary.replace(target)
    except OSError as error:
        where = error.filename or "the new content"
        raise UserError(f"{where}: {error.strerror}; the registry can't be written") from None
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


def _current(edit: FileEdit, target: Path) -> bytes | None:
    current = target.read_bytes() if target.exists() else None
    if (current is None) != (edit.before is None) or (current or b"").decode("utf-8-sig") != (edit.before or ""):
        raise UserError(f"{edit.path}: has changed since it was read; run the command again")
    return current


def _beside(target: Path) -> Path:
    """A hidden file beside the target, which no reader of the registry takes for its own."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".driftgauge-", suffix=".tmp", dir=target.parent)
    os.close(handle)
    return Path(name)


def _fill(temporary: Path, edit: FileEdit, target: Path, current: bytes | None) -> None:
    """Write the new content, with the byte order mark and the permissions that the target has."""
    mark = _BOM if current is not None and current.startswith(_BOM) else b""
    temporary.write_bytes(mark + edit.after.encode())
    if current is None:
        temporary.chmod(0o666 & ~_umask())
    else:
        shutil.copymode(target, temporary)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
