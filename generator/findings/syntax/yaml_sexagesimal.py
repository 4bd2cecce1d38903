"""`12:30`: old YAML readers count in sixties and make 750 of it."""

from __future__ import annotations

import re

from generator.findings import Rule, Severity, quote

RULE = Rule("yaml-sexagesimal", Severity.ERROR, "Digits with colons, which old YAML readers count in sixties")

_NUMBER = re.compile(r"[-+]?[0-9]{1,9}(?::[0-5]?[0-9]){1,5}(?:\.[0-9]*)?")


def recognise(text: str) -> tuple[str, str] | None:
    """Message and advice, when the unquoted `text` is such a number."""
    if not _NUMBER.fullmatch(text):
        return None
    total = 0
    for part in text.lstrip("+-").split(".")[0].split(":"):
        total = total * 60 + int(part)
    return (
        f"{quote(text)} without quotes is counted in sixties by old YAML readers, which make {total} of it",
        f'write "{text}" with quotes; a duration is written like 30m or 12h',
    )
