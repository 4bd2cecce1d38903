"""A non-breaking space, pasted from a web page or a chat, where YAML wants a plain one."""

from __future__ import annotations

import re
import unicodedata

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("odd-space", Severity.ERROR, "A space that YAML takes for a letter")

_ODD = "\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff"
_BEFORE_A_VALUE = re.compile(rf"(?:[ {_ODD}]*(?:-[ {_ODD}]+)?)(?:[\w.-]+[ {_ODD}]*:[ {_ODD}]*)?")


def find(file: str, number: int, line: str) -> Finding | None:
    """The finding for the first such space in the indentation or around the colon of a line, counted from 1."""
    before = _BEFORE_A_VALUE.match(line)
    odd = re.search(f"[{_ODD}]", before[0]) if before else None
    if odd is None:
        return None
    name = unicodedata.name(odd[0]).lower()
    return RULE.finding(
        Place(file, number, odd.start() + 1, odd.end() + 1),
        f"U+{ord(odd[0]):04X} ({name}) is a letter to YAML, and no space",
        "write plain spaces; text that was copied from a web page or a chat often has others",
    )
