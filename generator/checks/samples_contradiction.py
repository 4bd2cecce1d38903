"""A threshold that can't be passed while there are as many samples as the alert asks for."""

from __future__ import annotations

from collections.abc import Iterator

from generator.catalogue import BY_NAME
from generator.findings import Finding, Rule, Severity, quote
from generator.spec.derived import metric_name
from generator.spec.registry import Declarations

RULE = Rule("samples-contradiction", Severity.ERROR, "A threshold and a `min_samples` that never both hold")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert on too few samples that is silent on too few samples."""
    for declared_alert in declared.alerts():
        alert = declared_alert.alert
        metric = BY_NAME.get(metric_name(alert))
        counts_itself = metric is not None and metric.samples == metric.name
        low = alert.outside.min if alert.outside else alert.below
        if counts_itself and low is not None and 0 < low <= alert.min_samples:
            yield RULE.finding(
                declared_alert.place("min_samples"),
                f"{quote(alert.metric)} is the number of samples itself: below {low:g} "
                f"there are never {alert.min_samples}",
                "remove `min_samples`",
            )
