"""An alert with a key that its metric has no use for, so that it can't mean what it says."""

from __future__ import annotations

from collections.abc import Iterator

from generator.catalogue import BY_NAME, CHOICES
from generator.checks.missing_alert_key import needed
from generator.findings import Finding, Rule, Severity, nearest, quote
from generator.spec.derived import metric_name
from generator.spec.registry import Declarations
from generator.spec.v1 import ALERT_METRICS

RULE = Rule("needless-alert-key", Severity.ERROR, "An alert with a key that its metric has no use for")

_KEYS = sorted(["feature", *(choice.key for choice in CHOICES)])


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each such key."""
    for declared_alert in declared.alerts():
        alert = declared_alert.alert
        if not (metric := BY_NAME.get(metric_name(alert))):
            continue
        for key in _KEYS:
            if key not in needed(metric) and getattr(alert, key) is not None:
                yield RULE.finding(
                    declared_alert.place(key),
                    f"the metric {quote(alert.metric)} has no {key}",
                    _advice(key, alert.metric),
                )


def _advice(key: str, metric: str) -> str:
    wanted = {
        "feature": metric.replace("prediction", "feature") if metric.startswith("prediction_") else "feature_values",
        "quantile": metric.rpartition("_")[0] + "_quantile",
        "evaluation": "evaluation",
    }[key]
    other = wanted if wanted in ALERT_METRICS else nearest(wanted, ALERT_METRICS)
    return f"remove {quote(key)}, or write `metric: {other}`"
