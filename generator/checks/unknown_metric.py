"""An alert on something that is no metric, or none that has thresholds."""

from __future__ import annotations

from collections.abc import Iterator

from generator.catalogue import BY_NAME
from generator.findings import Finding, Rule, Severity, did_you_mean, listing, quote
from generator.spec.derived import metric_name
from generator.spec.registry import Declarations
from generator.spec.v1 import ALERT_METRICS, PREFIX

RULE = Rule("unknown-metric", Severity.ERROR, "An alert on a metric that nothing emits")

_DRIFT = ("js_distance", "ks", "wasserstein_ratio")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert whose metric can't have one."""
    for declared_alert in declared.alerts():
        metric = declared_alert.alert.metric
        if metric not in ALERT_METRICS:
            yield RULE.finding(declared_alert.place("metric"), *_words(metric, metric_name(declared_alert.alert)))


def _words(metric: str, full_name: str) -> tuple[str, str]:
    if metric.removeprefix(PREFIX) in ALERT_METRICS:
        return f"{quote(metric)} has the prefix that all metrics share", f"write {quote(metric.removeprefix(PREFIX))}"
    if metric.endswith(_DRIFT):
        score = f"{metric.partition('_')[0]}_drift_score"
        return (
            f"of drift, this version of driftgauge computes the PSI alone, so nothing emits {quote(full_name)}",
            f"use {quote(score)}, or one of {listing(ALERT_METRICS)}",
        )
    if full_name in BY_NAME:
        return f"{quote(metric)} is no metric that a threshold makes sense for", did_you_mean("", ALERT_METRICS)
    return f"there is no metric {quote(metric)}", did_you_mean(metric, ALERT_METRICS)
