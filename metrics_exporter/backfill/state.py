"""What a backfill was asked for and how far it has come, in a file beside its output: so it goes on where it was."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from metrics_exporter.errors import UserError
from metrics_exporter.files import replace_file

_FILE = "backfill.json"
_LOCK = ".lock"


class StateError(UserError):
    """A folder that this backfill can't use; the message says why and what to do."""


@dataclass(frozen=True)
class State:
    """A backfill.

    Attributes:
        request: what was asked for, as it was written: the same again is to go on.
        start: the first moment that has samples.
        end: the first moment that has none any more.
        done: the samples before it are complete.
    """

    request: Mapping[str, str]
    start: datetime
    end: datetime
    done: datetime

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.done >= self.end


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder, and keep other backfills out of it.

    Raises:
        StateError: another one is at work there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateError(
                f"{folder}: another backfill is at work here; wait for it, or name another folder with --out"
            ) from None
        yield


def resumed(folder: Path, fresh: State) -> State:
    """The backfill that was begun in the folder, or a fresh one where there is none.

    Raises:
        StateError: another one was begun there, or what is kept of it can't be read.
    """
    file = folder / _FILE
    try:
        kept = _read(file)
    except FileNotFoundError:
        return fresh
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StateError(f"{file}: can't be read ({error}); remove the folder, or name another with --out") from None
    if kept.request == fresh.request:
        return kept
    differing = sorted(
        name for name in {*kept.request, *fresh.request} if kept.request.get(name) != fresh.request.get(name)
    )
    raise StateError(
        f"{folder}: holds another backfill, with another {' and '.join(differing)}; "
        "remove the folder, or name another with --out"
    )


def advanced(folder: Path, state: State, done: datetime) -> State:
    """Keep that the samples before a moment are complete."""
    new = replace(state, done=done)
    content = {
        "request": dict(new.request),
        "start": new.start.isoformat(),
        "end": new.end.isoformat(),
        "done": new.done.isoformat(),
    }
    replace_file(folder / _FILE, [f"{json.dumps(content, indent=1)}\n".encode()])
    return new


def _read(file: Path) -> State:
    content = json.loads(file.read_text(encoding="utf-8"))
    start, end, done = (datetime.fromisoformat(content[name]) for name in ("start", "end", "done"))
    return State({str(name): str(value) for name, value in content["request"].items()}, start, end, done)
