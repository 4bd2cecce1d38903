"""The registry folder → the text of its files; what can't be read is a finding."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generator.findings import Finding
from generator.findings.syntax import control_character, empty_registry, not_utf8, too_large, unreadable_file

JSONNET = ".jsonnet"

_SUFFIXES = frozenset({".yaml", ".yml", JSONNET})


@dataclass(frozen=True)
class Source:
    """A registry file; `name` is its path as findings show it."""

    path: Path
    name: str
    text: str


def read(folder: Path) -> tuple[list[Source], list[Finding]]:
    """All registry files below `folder`, sorted by path; hidden files and folders are left out."""
    found = [item if isinstance(item, Finding) else read_file(item) for item in _files(folder)]
    if not found:
        found.append(empty_registry.finding(display(folder)))
    sources = [item for item in found if isinstance(item, Source)]
    return sources, [item for item in found if isinstance(item, Finding)]


def display(path: Path) -> str:
    """A path as findings show it: on one line, and printable whatever its bytes are."""
    text = os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _files(folder: Path) -> Iterator[Path | Finding]:
    refused: list[OSError] = []
    for parent, folders, files in os.walk(folder, onerror=refused.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if (Path(parent) / name).is_symlink():
                yield unreadable_file.linked_folder(display(Path(parent) / name))
        yield from (Path(parent) / name for name in sorted(files) if _is_registry_file(name))
    for error in refused:
        if not isinstance(error, FileNotFoundError):
            yield unreadable_file.finding(display(Path(error.filename)), error)


def _is_registry_file(name: str) -> bool:
    return Path(name).suffix in _SUFFIXES and not name.startswith(".")


def read_file(path: Path) -> Source | Finding:
    """A file's text, or why it can't be read."""
    name = display(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return unreadable_file.no_file(name)
        with path.open("rb") as file:
            data = file.read(too_large.MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        return unreadable_file.finding(name, error)
    except UnicodeDecodeError as error:
        return not_utf8.finding(name, data, error)
    return too_large.find_in_bytes(name, data) or control_character.find(name, text) or Source(path, name, text)
