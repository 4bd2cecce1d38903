"""A file that is too large to be a registry file."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("too-large", Severity.ERROR, "A file, line or nesting that is too large")

MAX_BYTES = 10 * 2**20
MAX_LINE = 100_000
MAX_EVENTS = 1_500_000
MAX_ENTRIES = 20_000
MAX_DEPTH = 30

_ADVICE = "split the registry into a file a team; data doesn't belong in it"


def find_in_bytes(file: str, data: bytes) -> Finding | None:
    """The finding for a file of more than `MAX_BYTES`, or with a line of more than `MAX_LINE` bytes."""
    if len(data) > MAX_BYTES:
        return RULE.finding(Place(file), f"the file is larger than {MAX_BYTES // 2**20} MB", _ADVICE)
    for number, line in enumerate(data.split(b"\n"), start=1):
        if len(line) > MAX_LINE:
            return RULE.finding(Place(file, number, 1, 2), f"the line is longer than {MAX_LINE:,} bytes", _ADVICE)
    return None


def too_many(place: Place) -> Finding:
    """The finding for a file of more than `MAX_EVENTS` YAML elements."""
    return RULE.finding(place, f"the file has more than {MAX_EVENTS:,} elements", _ADVICE)


def too_long(place: Place) -> Finding:
    """The finding for a list or mapping of more than `MAX_ENTRIES` entries."""
    return RULE.finding(place, f"the list or mapping has more than {MAX_ENTRIES:,} entries", _ADVICE)


def too_deep(place: Place) -> Finding:
    """The finding for a nesting of more than `MAX_DEPTH` levels."""
    return RULE.finding(
        place, f"lists and mappings are nested more than {MAX_DEPTH} deep", "remove what doesn't belong here"
    )
