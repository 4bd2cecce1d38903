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
        if not isinstance(predictor.reference, TrainingReference):
            continue
        for keys, profile in _named(predictor.reference.profile):
            if profiles.read(declared.folder, profile) is None:
                yield RULE.finding(
                    entry.place("reference", "profile", *keys),
                    f"there is no file {quote(profile)} below {quote(declared.folder.as_posix())}",
                    "write its path from the registry folder, or commit the profile there",
                )


def _named(profile: str | dict[str, str]) -> list[tuple[tuple[str, ...], str]]:
    """Each profile that is named, behind the keys below `profile` that it stands at."""
    return [((), profile)] if isinstance(profile, str) else [((model_id,), path) for model_id, path in profile.items()]
