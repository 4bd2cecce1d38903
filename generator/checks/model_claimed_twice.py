"""A model that two predictors name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from generator.findings import Finding, Place, Rule, Severity, quote
from generator.spec.registry import Declarations

RULE = Rule("model-claimed-twice", Severity.WARNING, "A model that two predictors name")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each model that an earlier predictor names, too; duplicates of a predictor are left out."""
    first: dict[str, tuple[str, Callable[[], Place]]] = {}
    for entry, predictor in declared.valid_predictors():
        named = [(predictor.models.primary, partial(entry.place, "models", "primary"))]
        named += [
            (shadow, partial(entry.place, "models", "shadows", number))
            for number, shadow in enumerate(predictor.models.shadows)
        ]
        for model_id, place in named:
            owner, earlier = first.setdefault(model_id, (entry.name, place))
            if owner != entry.name:
                yield RULE.finding(
                    place(),
                    f"the predictor {quote(owner)} names the model {quote(model_id)}, too",
                    "check which of them makes its predictions: a model belongs to one predictor as a rule",
                    (earlier(),),
                )
