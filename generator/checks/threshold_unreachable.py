"""A threshold that the metric's values never reach, or always have passed."""

from __future__ import annotations

from collections.abc import Iterator

from generator.catalogue import BY_NAME, EVALUATION, CatalogueMetric
from generator.findings import Finding, Rule, Severity, quote
from generator.model import SHARE_UNITS
from generator.spec.derived import feature_text, metric_name
from generator.spec.registry import Declarations, DeclaredAlert
from generator.spec.v1 import EVALUATION_RANGES, Alert, Outside
from metrics_exporter.definitions import Statistic, Subject

RULE = Rule("threshold-unreachable", Severity.ERROR, "A threshold outside the metric's range")

UPPER = frozenset({"above", "max"})  # the keys of thresholds that a value has to be above
Range = tuple[float | None, float | None]


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each threshold by which the alert would never or always fire."""
    for declared_alert in declared.alerts():
        if metric := BY_NAME.get(metric_name(declared_alert.alert)):
            yield from _alert(declared_alert, _range(declared_alert, metric))


def _alert(declared_alert: DeclaredAlert, bounds: Range) -> Iterator[Finding]:
    alert = declared_alert.alert
    for path, threshold in thresholds(alert):
        upper = path[-1] in UPPER
        if problem := _problem(threshold, upper, *bounds):
            shown = f"{quote(alert.metric)} {problem}"
            advice = _advice(threshold, upper, bounds)
            if alert.outside and problem.endswith("never fires"):
                advice += f", or in place of `outside` only `{_other_side(alert.outside, upper)}`"
            yield RULE.finding(declared_alert.place(*path), shown, advice)


def thresholds(alert: Alert) -> Iterator[tuple[tuple[str, ...], float]]:
    """Each threshold of an alert on the value itself, by its keys."""
    if alert.above is not None:
        yield ("above",), alert.above
    if alert.below is not None:
        yield ("below",), alert.below
    if alert.outside:
        yield ("outside", "max"), alert.outside.max
        yield ("outside", "min"), alert.outside.min


def _other_side(outside: Outside, upper: bool) -> str:
    return f"below: {outside.min:g}" if upper else f"above: {outside.max:g}"


def _range(declared_alert: DeclaredAlert, metric: CatalogueMetric) -> Range:
    """The least and the greatest value that the alert's series can have; None: unbounded."""
    alert, predictor = declared_alert.alert, declared_alert.spec
    if metric.choice is EVALUATION and alert.evaluation is not None:
        return EVALUATION_RANGES.get(alert.evaluation, (None, None))
    subject, feature = metric.definition.subject, predictor.features.get(feature_text(alert) or "")
    share = subject is Subject.PREDICTION and predictor.unit in SHARE_UNITS
    if share or (metric.unit == "value" and feature is not None and feature.kind == "boolean"):
        return 0, 0.5 if metric.definition.statistic is Statistic.STDDEV else 1
    return metric.low, metric.high


def _problem(threshold: float, upper: bool, low: float | None, high: float | None) -> str | None:
    if upper and high is not None and threshold >= high:
        return f"is never above {high:g}, so this never fires"
    if upper and low is not None and threshold < low:
        return f"is never below {low:g}, so this always fires"
    if not upper and low is not None and threshold <= low:
        return f"is never below {low:g}, so this never fires"
    if not upper and high is not None and threshold > high:
        return f"is never above {high:g}, so this always fires"
    return None


def _advice(threshold: float, upper: bool, bounds: Range) -> str:
    low, high = bounds
    if high == 1 and 1 < threshold < 100:
        return f"if you mean {threshold:g} per cent, write {threshold / 100:g}"
    parts = [f"above {low:g}" if low is not None and not upper else f"from {low:g}" if low is not None else ""]
    parts.append(f"below {high:g}" if high is not None and upper else f"up to {high:g}" if high is not None else "")
    return f"write a number {' '.join(part for part in parts if part)}"
