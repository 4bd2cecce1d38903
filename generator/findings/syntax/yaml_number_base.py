"""`010`, `0o10`, `0x1F`: readers don't agree on the base."""

from __future__ import annotations

import re

from generator.findings import Rule, Severity, quote

RULE = Rule("yaml-number-base", Severity.ERROR, "A number that is octal, hexadecimal or binary to some readers")

_NUMBER = re.compile(r"[-+]?0(?:[0-9]+|o[0-7]+|x[0-9a-fA-F]+|b[01]+)")


def recognise(text: str) -> tuple[str, str] | None:
    """Message and advice, when the unquoted `text` is such a number."""
    if not _NUMBER.fullmatch(text):
        return None
    return (
        f"{quote(text)} without quotes is octal, hexadecimal or binary to some YAML readers and decimal to others",
        f'write the number in decimal without leading zeros, or "{text}" with quotes if you mean the text',
    )
