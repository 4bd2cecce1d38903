"""NUL and other characters that no text has."""

from __future__ import annotations

import re

from generator.findings import Finding, Rule, Severity
from generator.findings.lines import place_at_end

RULE = Rule("control-character", Severity.ERROR, "A control character")

_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def find(file: str, text: str) -> Finding | None:
    """The finding for the first character that YAML refuses, None when there is none."""
    if not (found := _REFUSED.search(text)):
        return None
    return RULE.finding(
        place_at_end(file, text[: found.start()]),
        f"U+{ord(found[0]):04X} is a control character, which no registry file may hold",
        "delete it; an editor that shows invisible characters finds it",
    )
