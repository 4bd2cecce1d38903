"""A profile of a model that the predictor doesn't have."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, did_you_mean, quote
from generator.spec.derived import model_ids, training_profiles
from generator.spec.registry import Declarations

RULE = Rule("unknown-model", Severity.ERROR, "A profile of a model that the predictor doesn't have")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each model of a training reference that is none of the predictor's."""
    for entry, predictor in declared.valid_predictors():
        known = model_ids(predictor)
        for model_id in training_profiles(predictor):
            if model_id not in known:
                yield RULE.finding(
                    entry.place("reference", "profile", model_id, key=True),
                    f"{quote(entry.name)} has no model {quote(model_id)}",
                    did_you_mean(model_id, known, "add it to `models:`, or remove its profile"),
                )
