"""A training reference whose profile isn't there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.registry import Declarations
from generator.spec.v1 import TrainingReference

RULE = Rule("profile-not-found", Severity.WARNING, "A training reference whose profile is not there")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each profile that isn't a file below the registry folder."""
    for entry, predictor in declared.valid_predictors():
        reference = predictor.reference
        if isinstance(reference, TrainingReference) and not _is_below(declared.folder, reference.profile):
            yield RULE.finding(
                entry.place("reference", "profile"),
                f"there is no file {quote(reference.profile)} below {quote(declared.folder.as_posix())}",
                "write its path from the registry folder, or commit the profile there",
            )


def _is_below(folder: Path, profile: str) -> bool:
    try:
        file = (folder / profile).resolve()
        return file.is_relative_to(folder.resolve()) and file.is_file()
    except OSError:  # such as a name that is too long for any file
        return False
