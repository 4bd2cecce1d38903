"""URLs in messages: without the secrets that they may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote

# A password with a slash makes a URL that no standard knows; people write it all the same. `host:80/a@b` has none.
# Each part is bounded, so that no text takes long.
_LOGIN = r"[^\s/?#'\"<>]{0,300}|[^\s/?#'\"<>:]{0,100}:(?!\d+/)[^\s'\"<>]{0,300}"
_URL = re.compile(
    rf"(?P<scheme>(?:[A-Za-z][\w+.-]+:)+(?://)?)(?:(?P<user>{_LOGIN})@)?(?P<rest>[^?#]*)(?:[?#](?P<query>.*))?", re.S
)
_SHORTEST = 4  # a query's value of fewer characters, such as `on`, is no secret, and is part of many words

# A user of these is a name, which their messages need; elsewhere it may be a key that opens all by itself.
_NAMED_USERS = re.compile(r"\b(?:postgres(?:ql)?|trino|clickhouse)(?:\+\w+)?://\Z", re.I)

# What a text may hold whose URLs nobody knows: user and password (a whole URL may be percent-encoded, too), a query,
# and a password as drivers write it.
_USER = re.compile(rf"(?P<scheme>\b[A-Za-z][\w+.-]{{0,30}}(?::|%3A)(?:/|%2F){{2}})(?:{_LOGIN})(?:@|%40)", re.I)
_QUERY = re.compile(r"(?P<address>\b[A-Za-z][\w+.-]{0,30}://[^\s?#'\"<>]{0,1000})[?#][^\s'\"<>)]+")
_NAMED = re.compile(
    r"(?P<name>\b\w{0,40}(?:password|passwd|pwd|secret|token|api_?key|access_?key)\s?=\s?)(?:'[^']*'|\"[^\"]*\"|[^\s&;,'\"]+)",
    re.I,
)


def is_url(place: str) -> bool:
    """Whether a place is no path on this machine."""
    return _URL.fullmatch(place) is not None


def shown(url: str) -> str:
    """A URL without user, password and query; a plain path stays as it is."""
    found = _URL.fullmatch(url)
    return f"{found['scheme']}{found['rest']}" if found else url


def secrets(url: str) -> tuple[str, ...]:
    """The parts of a URL that no message may show, as they are written there and as they are meant; longest first."""
    found = _URL.fullmatch(url)
    if found is None:
        return ()
    user, query = found["user"] or "", found["query"] or ""
    password = user.partition(":")[2]
    if not password and _NAMED_USERS.search(found["scheme"]):
        user = ""
    written = {user, password, query, *(pair.partition("=")[2] for pair in query.split("&"))}
    meant = {unquote(part) for part in written} | {value for _, value in parse_qsl(query)}
    whole = {user, password, query} - {""}
    values = {part for part in written | meant if len(part) >= _SHORTEST}
    return tuple(sorted(whole | values, key=len, reverse=True))


def scrubbed(text: str, url: str) -> str:
    """A text that tells of a URL, such as a driver's error, without the URL's secrets."""
    return without_secrets(without(text.replace(url, shown(url)), secrets(url)))


def without(text: str, hidden: Iterable[str]) -> str:
    """A text in which `…` stands for what is to be hidden, the first of them first."""
    for secret in hidden:
        text = text.replace(secret, "…")
    return text


def without_secrets(text: str) -> str:
    """A text without users, passwords and queries of the URLs that it holds, whoever wrote it."""
    text = _USER.sub(r"\g<scheme>", text)
    text = _QUERY.sub(r"\g<address>", text)
    return _NAMED.sub(r"\g<name>…", text)
