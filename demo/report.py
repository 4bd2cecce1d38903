"""What the demo found out, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from textwrap import shorten

_LONGEST = 300


class Outcome(StrEnum):
    """How a check went; what could not be run is no failure."""

    OK = "ok"
    FAILED = "FAILED"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """One thing that was checked, and what was seen; a skipped one says what one would gain."""

    name: str
    outcome: Outcome
    detail: str


def checked(name: str, failures: Sequence[str], detail: str) -> Check:
    """A check that failed if there are failures: the first of them is shown, and how many more there are."""
    if not failures:
        return Check(name, Outcome.OK, detail)
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return Check(name, Outcome.FAILED, shorten(failures[0], _LONGEST, placeholder=" …") + more)


def table(checks: Sequence[Check]) -> str:
    """The checks, a line each."""
    width = max(len(check.name) for check in checks)
    return "\n".join(f"  {check.name:<{width}}  {check.outcome:<7}  {check.detail}" for check in checks)
