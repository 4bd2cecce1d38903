"""A byte that isn't UTF-8."""

from __future__ import annotations

from generator.findings import Finding, Rule, Severity
from generator.findings.lines import place_at_end

RULE = Rule("not-utf8", Severity.ERROR, "A file that is not UTF-8")


def finding(file: str, data: bytes, error: UnicodeDecodeError) -> Finding:
    """The finding for the first byte that isn't UTF-8."""
    place = place_at_end(file, data[: error.start].decode("utf-8-sig"))
    return RULE.finding(
        place, f"byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8; it looks like another encoding"
    )
