"""The reference profiles that a registry names: files below its folder."""

from __future__ import annotations

from pathlib import Path


def read(folder: Path, profile: str) -> bytes | None:
    """A profile's bytes, None where there is no such file below the registry `folder`, or it can't be read."""
    try:
        file = (folder / profile).resolve()
        return file.read_bytes() if file.is_relative_to(folder.resolve()) and file.is_file() else None
    except OSError:  # such as a name that is too long for any file
        return None
