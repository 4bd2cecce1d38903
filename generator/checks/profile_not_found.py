"""A training reference whose profile isn't there."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.spec import profiles
from generator.spec.registry import Declarations
from generator.spec.v1 import TrainingReference

RULE = Rule("profile-not-found", Severity.WARNING, "A training reference whose profile is not there")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each profile that isn't a file below the registry folder that can be read."""
    for entry, predictor in declared.valid_predictors():
        reference = predictor.reference
        if isinstance(reference, TrainingReference) and profiles.read(declared.folder, reference.profile) is None:
            yield RULE.finding(
                entry.place("reference", "profile"),
                f"there is no file {quote(reference.profile)} below {quote(declared.folder.as_posix())}",
                "write its path from the registry folder, or commit the profile there",
            )
