"""Findings are data: what is wrong in a registry, where, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
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

    Line 0 is the file as a whole. What Jsonnet made has no line of its own: `key_path` names the key in the result.
    """

    file: str
    line: int = 0
    column: int = 0
    end_column: int = 0
    key_path: str = ""

    @property
    def begin(self) -> tuple[str, int, int, str]:
        """Where it begins, whatever its width."""
        return self.file, self.line, self.column, self.key_path

    def __str__(self) -> str:
        if self.key_path:
            return f"{self.file}: {self.key_path}"
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


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
    def explanation(self) -> str:
        """The command that explains it, wherever driftgauge is installed."""
        return f"driftgauge explain {self.code}"


@dataclass(frozen=True)
class Rule:
    """A kind of finding: its id, how much it matters, and what it is about in a line."""

    code: str
    severity: Severity
    summary: str

    def finding(self, place: Place, message: str, advice: str, related: tuple[Place, ...] = ()) -> Finding:
        """A finding of this kind."""
        return Finding(place, self.code, self.severity, message, advice, related)


def together(first: Sequence[Finding], more: Iterable[Finding]) -> list[Finding]:
    """The `first` findings, and those of `more` that are at other places: one mistake is one finding."""
    told = {finding.place.begin for finding in first}
    return [*first, *(finding for finding in more if finding.place.begin not in told)]


def quote(text: object) -> str:
    """A value as a message shows it: on one line, not too long, between backticks."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text)[:_LONGEST_QUOTE])
    return f"`{shown}…`" if len(str(text)) > _LONGEST_QUOTE else f"`{shown}`"


def listing(names: Iterable[str], most: int = 20) -> str:
    """Names as a message lists them; beyond `most` only how many more there are."""
    all_names = list(names)
    shown = ", ".join(quote(name) for name in all_names[:most])
    return f"{shown} and {len(all_names) - most} more" if len(all_names) > most else shown


def nearest(wrong: str, right: Iterable[str]) -> str | None:
    """The name that was probably meant, whatever its case; None when none is near."""
    by_letters = {name.lower(): name for name in reversed(list(right))}
    close = difflib.get_close_matches(wrong[:100].lower(), by_letters, n=1, cutoff=0.6)
    return by_letters[close[0]] if close else None


def did_you_mean(wrong: str, right: Iterable[str], otherwise: str = "") -> str:
    """Advice for a name that isn't one of `right`: the nearest, or all of them; `otherwise` is what else one can do."""
    names = list(right)
    if close := nearest(wrong, names):
        return f"did you mean {quote(close)}?" + (f" Otherwise {otherwise}" if otherwise else "")
    choice = f"use one of {listing(names)}" if names else ""
    return ", or ".join(part for part in (choice, otherwise) if part) or "there is none to choose from yet"
