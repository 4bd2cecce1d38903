"""An alert on a metric that the feature's declared kind doesn't have, such as the mean of a category."""

from __future__ import annotations

from collections.abc import Iterator

from generator.catalogue import BY_NAME, CatalogueMetric
from generator.findings import Finding, Rule, Severity, listing, quote
from generator.spec.derived import features_named, metric_name
from generator.spec.registry import Declarations
from metrics_exporter.definitions import Kind, Subject

RULE = Rule("kind-without-metric", Severity.ERROR, "An alert on a metric that the feature's kind doesn't have")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert that names declared features only of kinds that don't have its metric."""
    for declared_alert in declared.alerts():
        alert = declared_alert.alert
        metric = BY_NAME.get(metric_name(alert))
        if metric is None or metric.definition.subject is not Subject.FEATURE or alert.feature is None:
            continue
        features = declared_alert.spec.features
        kinds = [features[name].kind for name in features_named(alert, features)]
        if kinds and all(kind is not None and Kind(kind) not in metric.kinds for kind in kinds):
            others = [other.name.removeprefix("ml_") for other in _metrics_of(str(kinds[0]))]
            yield RULE.finding(
                declared_alert.place("metric"),
                f"{quote(alert.feature)} is {kinds[0]}, which has no {quote(alert.metric)}",
                f"use one of {listing(others)}, or mend the feature's `kind`",
            )


def _metrics_of(kind: str) -> list[CatalogueMetric]:
    return [
        metric
        for metric in BY_NAME.values()
        if metric.definition.subject is Subject.FEATURE and metric.samples and Kind(kind) in metric.kinds
    ]
