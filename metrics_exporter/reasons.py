"""Why a file could not be read, in words for a message."""

from __future__ import annotations


def reason(error: Exception) -> str:
    """What the system or a parser says, on one line and without the path."""
    if isinstance(error, RecursionError):
        return "nested too deep"
    return " ".join(str(getattr(error, "strerror", None) or error).split())
