"""An alert on a metric that needs another key to name its series: `feature`, `quantile` or `evaluation`."""

from __future__ import annotations

from collections.abc import Iterator

from generator.catalogue import BY_NAME, CHOICES, CatalogueMetric
from generator.findings import Finding, Rule, Severity, quote
from generator.spec.derived import metric_name
from generator.spec.registry import Declarations
from metrics_exporter.definitions import Subject

RULE = Rule("missing-alert-key", Severity.ERROR, "An alert without a key that its metric needs")

_ADVICE = {
    "feature": "a feature's name, a glob, or `all`",
    **{choice.key: choice.advice for choice in CHOICES},
}


def needed(metric: CatalogueMetric) -> set[str]:
    """The keys that an alert on a metric must have."""
    keys = {"feature"} if metric.definition.subject is Subject.FEATURE else set()
    return keys | {metric.choice.key} if metric.choice else keys


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each key that an alert lacks."""
    for declared_alert in declared.alerts():
        alert = declared_alert.alert
        if metric := BY_NAME.get(metric_name(alert)):
            for key in sorted(needed(metric)):
                if getattr(alert, key) is None and not (key == "evaluation" and declared_alert.spec.evaluation is None):
                    message = f"the metric {quote(alert.metric)} needs to know which {key}"
                    yield RULE.finding(declared_alert.place("metric"), message, f"add `{key}:` with {_ADVICE[key]}")
