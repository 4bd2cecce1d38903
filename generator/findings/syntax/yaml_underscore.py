"""`1_000`: a number to some YAML readers, text to others."""

from __future__ import annotations

import re

from generator.findings import Rule, Severity, quote

RULE = Rule("yaml-underscore", Severity.ERROR, "A number with underscores")

_NUMBER = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?")
_LEADING_ZEROS = re.compile(r"^([-+]?)0+(?=[0-9])")


def recognise(text: str) -> tuple[str, str] | None:
    """Message and advice, when the unquoted `text` is such a number."""
    if not _NUMBER.fullmatch(text):
        return None
    number = _LEADING_ZEROS.sub(r"\1", text.replace("_", ""))
    return (
        f"{quote(text)} is a number to some YAML readers and text to others",
        f'write {number}, or "{text}" with quotes if you mean the text',
    )
