"""Findings are data: what is wrong in a registry, where, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_LONGEST_QUOTE = 60


class Severity(StrEnum):
    """How much a finding matters: an error stops `generate`, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, order=True)
class Place:
    """A span in a registry file; lines and columns count from 1, `end_column` is exclusive.

    What Jsonnet made has no line of its own: there `key_path` names the key in the result, and the span is empty.
    """

    file: str
    line: int = 1
    column: int = 1
    end_column: int = 1
    key_path: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.key_path}" if self.key_path else f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, order=True)
class Finding:
    """One finding: `message` says what is wrong, `advice` what to write instead; `related` are other places."""

    place: Place
    code: str
    severity: Severity
    message: str
    advice: str
    related: tuple[Place, ...] = ()

    @property
    def doc(self) -> str:
        """Where the finding is explained, relative to the documentation's root."""
        return f"findings/{self.code}.md"


@dataclass(frozen=True)
class Rule:
    """A kind of finding: its id, how much it matters, and what it is about in a line."""

    code: str
    severity: Severity
    summary: str

    def finding(self, place: Place, message: str, advice: str, related: tuple[Place, ...] = ()) -> Finding:
        """A finding of this kind."""
        return Finding(place, self.code, self.severity, message, advice, related)


def quote(text: object) -> str:
    """A value as a message shows it: on one line, not too long, between backticks."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text)[:_LONGEST_QUOTE])
    return f"`{shown}…`" if len(str(text)) > _LONGEST_QUOTE else f"`{shown}`"


def listing(names: Iterable[str], most: int = 12) -> str:
    """Names as a message lists them; beyond `most` only how many more there are."""
    all_names = list(names)
    shown = ", ".join(quote(name) for name in all_names[:most])
    return f"{shown} and {len(all_names) - most} more" if len(all_names) > most else shown


def nearest(wrong: str, right: Iterable[str]) -> str | None:
    """The name that was probably meant, None when none is near."""
    candidates = {name.lower(): name for name in sorted(right, reverse=True)}
    close = difflib.get_close_matches(wrong[:100].lower(), candidates, n=1, cutoff=0.6)
    return candidates[close[0]] if close else None


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """Advice for a name that isn't one of `right`: the nearest, or all of them."""
    names = list(right)
    if close := nearest(wrong, names):
        return f"did you mean {quote(close)}?"
    return f"use one of {listing(names)}" if names else "there is none to choose from yet"
