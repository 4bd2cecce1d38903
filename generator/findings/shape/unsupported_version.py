"""A file that is written for a newer driftgauge."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from generator.findings import Finding, Place, Rule, Severity, quote

RULE = Rule("unsupported-version", Severity.ERROR, "A version of the registry file that can't be read")


def finding(place: Place, version: Any, readable: Collection[int], of: str = "the registry") -> Finding:
    """The finding for a version that is none of those this driftgauge reads; `of` is what is versioned."""
    newest = max(readable)
    if isinstance(version, int) and not isinstance(version, bool) and version > newest:
        return RULE.finding(
            place,
            f"the file is written for version {quote(version)} of {of}; this driftgauge reads up to {newest}",
            "upgrade driftgauge here; nothing else in this file was read",
        )
    return RULE.finding(place, f"{quote(version)} is no version of {of}", f"write `version: {newest}`")
