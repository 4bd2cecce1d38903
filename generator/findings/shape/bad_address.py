"""A runbook that is no address."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from generator.findings import Rule, Severity, quote
from generator.findings.refusal import refuse

RULE = Rule("bad-address", Severity.ERROR, "A runbook that is no web address")

_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]+")  # letters of any alphabet, or an IP address


def accept(url: str) -> str:
    """The address itself.

    Raises:
        PydanticCustomError: it is no complete http or https address.
    """
    try:
        parts = urlsplit(url)
        complete = parts.scheme in {"http", "https"} and bool(_HOST.fullmatch(parts.hostname or ""))
        complete &= parts.port != 0  # a port that is none raises
    except ValueError:
        complete = False
    if not complete or not url.isprintable() or " " in url:
        raise refuse(
            RULE,
            f"{quote(url)} is no web address",
            "write it in full, such as https://runbooks.example.com/ml",
        )
    return url
