"""A category of which bounds are expected, which only numbers have."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.registry import Declarations

RULE = Rule("category-with-bounds", Severity.WARNING, "Expected bounds of a category")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each `expect` of a categorical feature."""
    for entry, predictor in declared.valid_predictors():
        for name, feature in predictor.features.items():
            if feature.expect is not None and feature.kind == "categorical":
                yield RULE.finding(
                    entry.place("features", name, "expect", key=True),
                    f"{quote(name)} is categorical, so no value of it is below or above anything",
                    "remove `expect`, or mend the feature's `kind`",
                )
