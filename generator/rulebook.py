"""All kinds of findings that there are, and the checks among them: a new module is found by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from generator import checks
from generator.findings import Finding, Rule, shape, syntax
from generator.findings.kinds import Kind, kinds
from generator.spec.registry import Declarations


class Check(Kind, Protocol):
    """A module that looks at the registry as a whole."""

    def check(self, declared: Declarations, /) -> Iterable[Finding]:
        """What is wrong."""


CHECKS: list[Check] = kinds(checks)

_OF_ONE_FILE: list[Kind] = [*kinds(syntax), *kinds(shape)]

RULES: dict[str, Rule] = {kind.RULE.code: kind.RULE for kind in (*_OF_ONE_FILE, *CHECKS)}
