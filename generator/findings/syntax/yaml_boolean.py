"""`no`, `yes`, `on`, `off`, `n`, `y` without quotes: a word to some YAML readers, true or false to others."""

from __future__ import annotations

import re

from generator.findings import Rule, Severity, quote

RULE = Rule("yaml-boolean", Severity.ERROR, "An unquoted yes, no, on, off, y or n")

_WORDS = re.compile(r"(?i:yes|no|on|off|y|n)")


def recognise(text: str) -> tuple[str, str] | None:
    """Message and advice, when the unquoted `text` is one of the words."""
    if not _WORDS.fullmatch(text):
        return None
    return (
        f"{quote(text)} without quotes is a word to some YAML readers and true or false to others",
        f'write "{text}" with quotes if you mean the word; no key of the registry takes true or false',
    )
