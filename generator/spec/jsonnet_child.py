"""Evaluates one Jsonnet file, in a process of its own: `python -m generator.spec.jsonnet_child FILE FOLDER SECONDS`.

The process limits its own memory and processor time before it reads anything, so that a file that never ends, or never
stops growing, takes nothing with it. The exit code is an `Outcome`; what the limits stop ends by a signal or with
another code.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from enum import IntEnum
from pathlib import Path

MAX_SECONDS = 60  # a fleet of 1,000 predictors with 60 features each takes 1; 30 if it formats all names with `%`
MAX_MEMORY = 3 * 2**30  # of address space: Go reserves 1.6 GB of it before it begins
MAX_OUTPUT = 64 * 2**20
_MAX_STACK = 500


class Outcome(IntEnum):
    """How it went: what is on stdout is the JSON, Jsonnet's own words, or the name of an import."""

    FINE = 0
    FAILED = 10
    NOT_INSTALLED = 11
    IMPORT_OUTSIDE = 12
    IMPORT_MISSING = 13
    TOO_LARGE = 14


class _Imports:
    """Reads imports from below the registry folder, and remembers the first that it can't read.

    In place of that one it gives Jsonnet an error: one that is raised here comes out garbled.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.failed: tuple[Outcome, str] | None = None

    def __call__(self, base: str, name: str) -> tuple[str, bytes]:
        path = Path(os.path.normpath(Path(base) / name))
        if not path.resolve().is_relative_to(self.folder):
            return self._fail(Outcome.IMPORT_OUTSIDE, name)
        try:
            return str(path), path.read_bytes()
        except OSError:
            return self._fail(Outcome.IMPORT_MISSING, name)

    def _fail(self, outcome: Outcome, name: str) -> tuple[str, bytes]:
        self.failed = self.failed or (outcome, name)
        return name, b"error 'not imported'"


def evaluate(file: Path, folder: Path) -> tuple[Outcome, str]:
    """How evaluating `file`, with imports from below `folder`, went; and the JSON or what is wrong."""
    try:
        import _gojsonnet  # noqa: PLC0415 - an extra
    except ImportError:
        return Outcome.NOT_INSTALLED, ""
    imports = _Imports(folder)
    try:
        result = _gojsonnet.evaluate_snippet(
            str(file), file.read_text(encoding="utf-8-sig"), import_callback=imports, max_stack=_MAX_STACK
        )
    except (RuntimeError, ValueError) as error:
        return imports.failed or (Outcome.FAILED, str(error))
    if imports.failed:
        return imports.failed
    return (Outcome.TOO_LARGE, "") if len(result) > MAX_OUTPUT else (Outcome.FINE, result)


def _limit(seconds: int) -> None:
    """Limit processor time and memory; where the system has no such limits, the parent's patience is left."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on every system

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


def main(file: str, folder: str, seconds: str) -> int:
    """Evaluate under the limits, write to stdout, and say how it went."""
    _limit(int(seconds))
    outcome, words = evaluate(Path(file), Path(folder))
    sys.stdout.buffer.write(words.encode("utf-8", "backslashreplace"))
    return outcome


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
