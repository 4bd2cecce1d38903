"""An alert on a metric that the feature's declared kind doesn't have, such as the mean of a category."""

from __future__ import annotations

from collections.abc import Iterator

from generator.catalogue import BY_NAME, CatalogueMetric
from generator.findings import Finding, Rule, Severity, listing, quote
from generator.spec.derived import feature_text, features_named, metric_name
from generator.spec.registry import Declarations, DeclaredAlert
from metrics_exporter.definitions import Kind, Subject

RULE = Rule("kind-without-metric", Severity.ERROR, "An alert on a metric that the feature's kind doesn't have")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert all of whose features are declared, of kinds that don't have its metric."""
    for declared_alert in declared.alerts():
        alert = declared_alert.alert
        metric = BY_NAME.get(metric_name(alert))
        if metric is None or metric.definition.subject is not Subject.FEATURE or alert.feature is None:
            continue
        kinds = _kinds(declared, declared_alert)
        if kinds and all(kind is not None and Kind(kind) not in metric.kinds for kind in kinds):
            others = [other.name.removeprefix("ml_") for other in _metrics_of(str(kinds[0]))]
            yield RULE.finding(
                declared_alert.place("metric"),
                f"{quote(feature_text(alert))} is {kinds[0]}, which has no {quote(alert.metric)}",
                f"use one of {listing(others)}, or mend the feature's `kind`",
            )


def _kinds(declared: Declarations, declared_alert: DeclaredAlert) -> list[str | None]:
    """The declared kinds of the features that an alert watches; none where the log may have others under its glob."""
    alert, features = declared_alert.alert, declared_alert.spec.features
    seen = declared.seen.get(declared_alert.predictor.name)
    if seen is None and feature_text(alert) not in features:
        return []
    every = dict.fromkeys((*features, *(seen or ())))
    return [features[name].kind if name in features else None for name in features_named(alert, every)]


def _metrics_of(kind: str) -> list[CatalogueMetric]:
    return [
        metric
        for metric in BY_NAME.values()
        if metric.definition.subject is Subject.FEATURE and metric.samples and Kind(kind) in metric.kinds
    ]
