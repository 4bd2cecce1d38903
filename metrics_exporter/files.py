"""Files: those that people write (settings, definitions, passwords, certificates) are read, ours are written whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import yaml

from metrics_exporter.reasons import reason

_FAST_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml: ten times faster
_DEEP = 5_000  # levels of nesting; from some 20,000 on, libyaml's reader takes the process down


def read_text(path: Path) -> str:
    """The text of a regular file, which must be UTF-8.

    Raises:
        OSError: it can't be read, or is no regular file: a FIFO would hold up its reader until somebody writes into it.
        UnicodeDecodeError: it is not UTF-8.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a FIFO is opened at once, with a writer or without
    with os.fdopen(descriptor, encoding="utf-8") as file:
        _require_regular(descriptor)
        return file.read()


def read_yaml(path: Path) -> object:
    """What a YAML file holds.

    Raises:
        OSError: it can't be read, or is no regular file.
        ValueError: it is not YAML; the message has the place and the problem, and nothing of what the file holds.
    """
    try:
        text = read_text(path)
        return yaml.load(text, Loader=_loader(text))  # noqa: S506
    except (ValueError, LookupError, AttributeError, RecursionError, yaml.YAMLError) as error:
        raise ValueError(reason(error)) from None  # all but the last two come of a tag, such as `!!int x`


def require_regular(path: Path) -> None:
    """Refuse what is no regular file, for a reader that takes the path alone.

    Raises:
        OSError: it can't be read, or is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        _require_regular(descriptor)
    finally:
        os.close(descriptor)


def _require_regular(descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError("not a regular file")


def _loader(text: str) -> type[yaml.SafeLoader]:
    """The fast reader, or Python's own for what may be nested so deep that only an exception should come of it.

    Each level takes a bracket, or a column more than the level around it.
    """
    levels = text.count("[") + text.count("{") + max(map(len, text.splitlines()), default=0)
    return yaml.SafeLoader if levels > _DEEP else _FAST_LOADER


def replace_file(file: Path, pieces: Iterator[bytes] | list[bytes]) -> None:
    """Write a file whole or not at all, also when the process is killed: under another name first."""
    temporary = file.with_name(f"{file.name}.tmp")
    try:
        with temporary.open("wb") as out:
            for piece in pieces:
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(file)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
