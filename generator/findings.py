"""Findings are data: what is wrong in a registry, where, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters: an error stops `generate`, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, order=True)
class Place:
    """A span in a registry file; lines and columns count from 1, `end_column` is exclusive."""

    file: str
    line: int
    column: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


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
