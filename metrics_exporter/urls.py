"""URLs in messages: without the secrets that they may hold."""

from __future__ import annotations

import re

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][\w+.-]+:(?://)?)(?:(?P<user>[^/?#]*)@)?(?P<rest>[^?#]*)(?:[?#](?P<query>.*))?", re.S
)


def is_url(place: str) -> bool:
    """Whether a place is no path on this machine."""
    return _URL.fullmatch(place) is not None


def shown(url: str) -> str:
    """A URL without user, password and query; a plain path stays as it is."""
    found = _URL.fullmatch(url)
    return f"{found['scheme']}{found['rest']}" if found else url


def scrubbed(text: str, url: str) -> str:
    """A text that tells of a URL, such as a driver's error, without the URL's secrets."""
    found = _URL.fullmatch(url)
    if found is None:
        return text
    user, query = found["user"] or "", found["query"] or ""
    text = text.replace(url, shown(url))
    for secret in filter(None, (user, user.partition(":")[2], query)):
        text = text.replace(secret, "…")
    return text
