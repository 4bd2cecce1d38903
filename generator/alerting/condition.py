"""What follows from an alert's condition alone: the labels of its readings, the unit of its threshold."""

from __future__ import annotations

from collections.abc import Iterator

from generator.catalogue import BY_NAME
from generator.model import SHARE_UNITS, Condition, Predictor
from metrics_exporter.definitions import Comparison, Subject


def keys(condition: Condition) -> tuple[str, ...]:
    """The labels that tell the alert's readings apart."""
    of_feature = BY_NAME[condition.metric].definition.subject is Subject.FEATURE
    return ("predictor", "model_id", "feature") if of_feature else ("predictor", "model_id")


def limits(condition: Condition) -> Iterator[tuple[str, float]]:
    """What is past the threshold: the operator `>` or `<`, and the number that it is compared with."""
    if condition.high is not None:
        yield ">", condition.high
    if condition.low is not None:
        yield "<", condition.low


def declared_unit(predictor: Predictor, condition: Condition) -> str | None:
    """The registry's unit of the metric's values; None: it has none, or several features may differ."""
    metric = BY_NAME[condition.metric]
    if metric.unit != "value":
        return None
    if metric.definition.subject is Subject.FEATURE:
        return next((feature.unit for feature in predictor.features if feature.name == condition.feature), None)
    return predictor.unit if metric.definition.subject is Subject.PREDICTION else None


def is_share(predictor: Predictor, condition: Condition) -> bool:
    """Whether its readings are shares, or changes, which people read in per cent."""
    share = BY_NAME[condition.metric].unit == "ratio" or declared_unit(predictor, condition) in SHARE_UNITS
    return share or condition.comparison is Comparison.CHANGE_ABOVE
