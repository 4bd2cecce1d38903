"""A training profile of another model."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.derived import earlier_ids, model_ids
from generator.spec.registry import Declarations

RULE = Rule("foreign-profile", Severity.ERROR, "A training profile of another model")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each profile that was made of another predictor or model than the one that names it."""
    for named in declared.training_profiles():
        facts = named.facts
        if facts is None or facts.problem is not None or named.model_id not in model_ids(named.spec):
            continue
        owners = {named.entry.name, *earlier_ids(named.spec)}
        if facts.predictor not in owners or facts.model_id != named.model_id:
            yield RULE.finding(
                named.place,
                f"{quote(named.path)} is the profile of {quote(facts.model_id)} of {quote(facts.predictor)}, "
                f"not of {quote(named.model_id)} of {quote(named.entry.name)}",
                f"name the profile of {quote(named.model_id)}; `driftgauge profile` makes it from what that was "
                "trained on",
            )
