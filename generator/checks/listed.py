"""The checks of a registry as a whole, in the order in which a person would make them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from generator.checks.meaning import unknown_team
from generator.findings import Finding, Rule
from generator.spec.registry import Declarations


class Check(Protocol):
    """A module of `generator.checks.meaning`."""

    RULE: Rule

    def check(self, declared: Declarations) -> Iterable[Finding]:
        """What is wrong."""


MEANING: tuple[Check, ...] = (unknown_team,)
