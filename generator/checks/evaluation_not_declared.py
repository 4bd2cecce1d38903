"""An alert on an evaluation that the predictor doesn't ask for."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, did_you_mean, quote
from generator.spec.registry import Declarations, DeclaredAlert

RULE = Rule("evaluation-not-declared", Severity.ERROR, "An alert on an evaluation metric that is not asked for")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert on an evaluation that nothing would compute."""
    for declared_alert in declared.alerts():
        if declared_alert.alert.metric.startswith("evaluation"):
            yield from _check(declared_alert)


def _check(declared_alert: DeclaredAlert) -> Iterator[Finding]:
    wanted, evaluation = declared_alert.alert.evaluation, declared_alert.spec.evaluation
    if evaluation is None:
        yield RULE.finding(
            declared_alert.place("metric"),
            f"{quote(declared_alert.predictor.name)} has no `evaluation`, so nothing emits this metric",
            "add `evaluation:` with the query for the actual values and the metrics wanted",
        )
    elif wanted is not None and wanted not in evaluation.metrics:
        yield RULE.finding(
            declared_alert.place("evaluation"),
            f"the evaluation of {quote(declared_alert.predictor.name)} doesn't have {quote(wanted)}",
            did_you_mean(wanted, evaluation.metrics, "add it to the `metrics` of `evaluation:`"),
        )
