"""A model that its predictor names twice: as primary and shadow, or twice as shadow."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.registry import Declarations

RULE = Rule("shadow-is-primary", Severity.ERROR, "A shadow that is the primary model, or named twice")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each shadow that the predictor has named before."""
    for entry, predictor in declared.valid_predictors():
        seen: dict[str, tuple[str | int, ...]] = {predictor.models.primary: ("models", "primary")}
        for number, shadow in enumerate(predictor.models.shadows):
            keys = ("models", "shadows", number)
            if shadow in seen:
                role = "the primary model" if shadow == predictor.models.primary else "a shadow already"
                place, first = entry.place(*keys), entry.place(*seen[shadow])
                yield RULE.finding(place, f"{quote(shadow)} is {role}", "remove it from the shadows", (first,))
            seen.setdefault(shadow, keys)
