"""A date without quotes: a point in time to some YAML readers, text to others."""

from __future__ import annotations

import re

from generator.findings import Rule, Severity, quote

RULE = Rule("yaml-date", Severity.ERROR, "A date without quotes")

_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?")


def recognise(text: str) -> tuple[str, str] | None:
    """Message and advice, when the unquoted `text` is a date, with a time or without."""
    if not _DATE.fullmatch(text):
        return None
    return (
        f"{quote(text)} without quotes is a date to some YAML readers and text to others",
        f'write "{text}" with quotes',
    )
