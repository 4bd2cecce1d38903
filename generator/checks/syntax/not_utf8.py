"""A byte that isn't UTF-8."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("not-utf8", Severity.ERROR, "A file that is not UTF-8")


def finding(file: str, data: bytes, error: UnicodeDecodeError) -> Finding:
    """The finding for the first byte that isn't UTF-8."""
    before = data[: error.start]
    line_start = before.rfind(b"\n") + 1
    column = len(before[line_start:].decode("utf-8", "replace")) + 1
    place = Place(file, before.count(b"\n") + 1, column, column + 1)
    return RULE.finding(
        place, f"byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8; it looks like another encoding"
    )
