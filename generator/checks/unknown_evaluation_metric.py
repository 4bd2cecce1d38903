"""An evaluation metric that the predictor's task doesn't have."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, did_you_mean, quote
from generator.spec.registry import Declarations
from generator.spec.v1 import EVALUATION_METRICS

RULE = Rule("unknown-evaluation-metric", Severity.ERROR, "An evaluation metric that the task doesn't have")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each metric that the task doesn't have, and each training figure of a metric not asked for."""
    for entry, predictor in declared.valid_predictors():
        if predictor.evaluation is None:
            continue
        possible = EVALUATION_METRICS[predictor.task]
        for number, metric in enumerate(predictor.evaluation.metrics):
            if metric not in possible:
                yield RULE.finding(
                    entry.place("evaluation", "metrics", number),
                    f"{quote(metric)} is no evaluation metric of the task {quote(predictor.task)}",
                    did_you_mean(metric, possible),
                )
        for metric in predictor.evaluation.training:
            if metric not in predictor.evaluation.metrics:
                yield RULE.finding(
                    entry.place("evaluation", "training", metric, key=True),
                    f"{quote(metric)} is not among the `metrics`, so the training figure stands alone",
                    did_you_mean(metric, predictor.evaluation.metrics, "add it to `metrics`"),
                )
