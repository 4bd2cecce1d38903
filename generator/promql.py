"""Small pieces of PromQL that rules and panels share: string literals, selectors, globs as regular expressions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# Grafana replaces `$name`, `${name}` and `[[name]]` even inside PromQL strings: both are spelt as escapes.
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "$": "\\u0024"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")
_BEYOND_ASCII = re.compile(r"[\x80-\uffff]")
_TOKEN = re.compile(r"\[[*?\[]\]|.", re.DOTALL)  # of a glob
_REGEX_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


@lru_cache(4096)
def quote(text: str) -> str:
    """A PromQL string literal that means `text`, whatever it holds, and that Grafana leaves alone."""
    escaped = text.translate(_ESCAPES)
    if not unicodedata.is_normalized("NFC", text):  # Terraform composes all strings: what is decomposed is spelt out
        escaped = _BEYOND_ASCII.sub(lambda match: f"\\u{ord(match[0]):04x}", escaped)
    escaped = _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", escaped).replace("[[", "\\u005b\\u005b")
    return f'"{escaped}"'


def matcher(label: str, value: str) -> str:
    """`label="value"`."""
    return f"{label}={quote(value)}"


def regex_matcher(label: str, pattern: str) -> str:
    """`label=~"pattern"`, for a pattern made of `regex_any` or `glob_regex`."""
    return f"{label}=~{quote(pattern)}"


def any_matcher(label: str, values: Iterable[str]) -> str:
    """A matcher for one of the values; plain equality where there is only one."""
    distinct = list(dict.fromkeys(values))
    return matcher(label, distinct[0]) if len(distinct) == 1 else regex_matcher(label, regex_any(distinct))


def glob_matcher(label: str, glob: str) -> str:
    """A matcher for the values that a glob names; plain equality where it has no wildcard."""
    return regex_matcher(label, glob_regex(glob)) if is_glob(glob) else matcher(label, glob)


def selector(metric: str, *matchers: str) -> str:
    """`metric{matchers}`."""
    return f"{metric}{{{','.join(matchers)}}}" if matchers else metric


def regex_escape(text: str) -> str:
    """`text` as an RE2 regular expression that matches it and nothing else."""
    return _REGEX_SPECIAL.sub(lambda match: f"\\{match[0]}", text)


def regex_any(values: Iterable[str]) -> str:
    """An RE2 regular expression that matches exactly these values."""
    return "|".join(regex_escape(value) for value in values)


def glob_regex(glob: str) -> str:
    """The RE2 regular expression of a glob, anchored by PromQL: `*` any text, `?` one character, `[*]` a character."""
    wildcards = {"*": ".*", "?": "."}
    return "".join(wildcards.get(token) or regex_escape(token[len(token) // 2]) for token in _TOKEN.findall(glob))


def is_glob(text: str) -> bool:
    """Whether it has wildcards, and so may name many values."""
    return "*" in text or "?" in text
