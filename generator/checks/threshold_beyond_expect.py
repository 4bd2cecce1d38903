"""A threshold beyond the values that its feature is expected to have: the two are often in different units."""

from __future__ import annotations

from collections.abc import Iterator

from generator.checks.threshold_unreachable import UPPER, thresholds
from generator.findings import Finding, Rule, Severity, quote
from generator.spec.derived import feature_text
from generator.spec.registry import Declarations, DeclaredAlert
from generator.spec.v1 import Feature

RULE = Rule("threshold-beyond-expect", Severity.WARNING, "A threshold beyond the feature's expected values")

# Those that lie among the values. An alert on the least or greatest value may be meant for what is not expected.
_METRICS = frozenset({"feature_mean", "feature_quantile"})


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each threshold on a mean or percentile that lies beyond the feature's expected values."""
    for declared_alert in declared.alerts():
        alert = declared_alert.alert
        feature = declared_alert.spec.features.get(feature_text(alert) or "")
        if alert.metric in _METRICS and feature is not None:
            yield from _beyond(declared_alert, feature)


def _beyond(declared_alert: DeclaredAlert, feature: Feature) -> Iterator[Finding]:
    low, high = (feature.expect.min, feature.expect.max) if feature.expect else (None, None)
    for path, threshold in thresholds(declared_alert.alert):
        if high is not None and threshold > high:
            yield _finding(declared_alert, path, f"at most {high:g}", feature.unit, never=path[-1] in UPPER)
        elif low is not None and threshold < low:
            yield _finding(declared_alert, path, f"at least {low:g}", feature.unit, never=path[-1] not in UPPER)


def _finding(
    declared_alert: DeclaredAlert, path: tuple[str, ...], bound: str, unit: str | None, never: bool
) -> Finding:
    of_unit = f" {unit}" if unit else ""
    return RULE.finding(
        declared_alert.place(*path),
        f"{quote(feature_text(declared_alert.alert))} is expected to be {bound}{of_unit}, so this "
        f"{'never' if never else 'always'} fires while its values are as expected",
        f"write the threshold in the feature's unit{f' ({unit})' if unit else ''}, or mend its `expect`",
    )
