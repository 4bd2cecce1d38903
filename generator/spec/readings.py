"""What earlier runs read: a large registry's `generate` reads again only the files whose text has changed.

Only what `quick_reader` finds is kept, which has nothing wrong in it. `generate --check`, which is the judge, does
without.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generator import memory
from generator.spec import quick_reader

LEAST_CHARACTERS = 1_000_000  # of a registry; less is read before a person notices


class Readings:
    """The data of a registry's files, as JSON by the digest of their text; `read` stands for `quick_reader.read`."""

    def __init__(self, registry: Path) -> None:
        self._file = memory.place("read", registry)
        self._made_by = memory.made_by("pyyaml")
        self._known = dict(line.split(b" ", 1) for line in (memory.recall(self._file) or b"").splitlines())
        self._now: dict[bytes, bytes] = {}
        self._characters = 0

    def read(self, text: str) -> Any:
        """What a file's text says, or `quick_reader.ODD`."""
        self._characters += len(text)
        key = memory.digest(f"{self._made_by}{text}".encode()).encode()
        if known := self._known.get(key):
            self._now[key] = known
            return json.loads(known)
        data = quick_reader.read(text)
        if data is not quick_reader.ODD:
            self._now[key] = json.dumps(data, check_circular=False).encode()
        return data

    def keep(self) -> None:
        """Remember what has been read, and nothing else."""
        if self._characters >= LEAST_CHARACTERS and self._now != self._known:
            memory.remember(self._file, b"".join(b"%b %b\n" % line for line in self._now.items()))
