"""What earlier runs found out, in files in the user's cache folder; one that is missing or broken costs time alone.

Whoever keeps something there keeps it under a digest of all that it was made from, `made_by` included: so nothing that
is found there is out of date.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from metrics_exporter import definitions


def digest(content: bytes) -> str:
    """A name that no other content has."""
    return hashlib.sha256(content).hexdigest()


def made_by(*libraries: str) -> str:
    """A digest of the code, and the versions of the libraries that it works with."""
    return json.dumps([_code(), *map(version, libraries)])


@cache
def _code() -> str:
    package = Path(__file__).parent
    code = hashlib.sha256(Path(definitions.__file__).read_bytes())
    for module in sorted(package.rglob("*.py")):
        code.update(f"{module.relative_to(package)}\0".encode())
        code.update(module.read_bytes())
    return code.hexdigest()


def place(kind: str, folder: Path) -> Path:
    """The file that remembers something of a folder."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    return caches / "driftgauge" / kind / f"{digest(os.fsencode(folder.resolve()))[:32]}.json"


def recall(file: Path) -> bytes | None:
    """What was remembered; None where the file is not whole."""
    try:
        first, _, content = file.read_bytes().partition(b"\n")
    except OSError:
        return None
    return content if first.decode(errors="replace") == digest(content) else None


def remember(file: Path, content: bytes) -> None:
    """Keep what a later run is to recall."""
    staged = file.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # a home that can't be written to: the next run takes its time
        file.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(digest(content).encode() + b"\n" + content)
        staged.replace(file)
