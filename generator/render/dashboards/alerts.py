"""A panel an alert: its metric, its thresholds, when it fires, and what to do then."""

from __future__ import annotations

from collections.abc import Iterator

from generator import catalogue, conventions
from generator.alerting import rules
from generator.alerting.condition import declared_unit, is_share, limits
from generator.alerting.words import limit
from generator.model import Alert, AlertSeverity, Condition, Predictor
from generator.promql import any_matcher, glob_matcher, is_glob, matcher
from generator.render.dashboards import fields, grafana, links, words
from generator.render.dashboards.fields import Json
from generator.render.dashboards.grafana import About, Placed, Query
from generator.render.dashboards.panels import feature_line_link
from generator.render.dashboards.queries import among, latest
from metrics_exporter.definitions import Comparison

FEATURES_DRAWN = 10  # of an alert on many features: those that reach furthest

_ROOM = 0.1  # of a threshold
_READING = "reading"
_SHADOWS = ("orange", "purple", "green", "yellow")

_ACTIONS = {
    "count": "Look whether the predictor is called and its log is written; then whether the exporter is behind.",
    "ratio": "Click the line of a feature: did it change at once (a deployment, a renamed source) or by and by?",
    "value": "Click through to the features: which moved at the same time? Compare the other models, too.",
    "seconds": "Look whether the model is called and its log is written.",
}


def panels(predictor: Predictor) -> list[Placed]:
    """The panels of all alerts, in the registry's order; two a line."""
    return [_panel(predictor, alert) for alert in predictor.alerts]


def _panel(predictor: Predictor, alert: Alert) -> Placed:
    condition = alert.condition
    worst = "max" if condition.low is None else "min"
    about = About(
        id=conventions.alert_panel_id(alert.origin),
        title=words.title(condition.title),
        description=_description(predictor, alert),
        unit="percentunit" if is_share(predictor, condition) else _metric_unit(predictor, condition),
        no_value="No value in this time range",
    )
    return grafana.timeseries(
        about,
        list(_queries(predictor, condition)),
        low=catalogue.BY_NAME[condition.metric].low,
        soft_low=_beyond(condition.low, -1),
        soft_high=_beyond(condition.high, 1),
        thresholds=fields.threshold_steps(condition.low, condition.high),
        overrides=list(_styles(predictor, condition)),
        links=[feature_line_link(links.encoded(predictor.id), str(condition.window))] if condition.feature else [],
        calcs=["lastNotNull", worst],
        worst=worst if condition.feature else "",
    )


def _queries(predictor: Predictor, condition: Condition) -> Iterator[Query]:
    """The metric as it is, and its reading, which the rule compares with the threshold; silence is its own reading."""
    if condition.metric != catalogue.SILENCE:
        values = latest(condition.metric, *_matchers(predictor, condition), window=str(condition.window))
        yield Query(_furthest(condition, values), _legend(condition))
    readings = rules.value(predictor.id, condition)
    yield Query(_furthest(condition, readings), f"{_legend(condition)}, {_READING}")


def _styles(predictor: Predictor, condition: Condition) -> Iterator[Json]:
    """Readings are thick. Beside a change, in per cent, the metric has an axis and a unit of its own."""
    if condition.feature is None:
        yield from colours(predictor)
        yield from colours(predictor, f", {_READING}")
    yield fields.by_regex(f"/, {_READING}$/", custom__lineWidth=3)
    if condition.comparison is Comparison.CHANGE_ABOVE:
        unit = _metric_unit(predictor, condition)
        yield fields.by_regex(f"/^(?!.*, {_READING}$)/", unit=unit, custom__axisPlacement="right")


def _beyond(bound: float | None, direction: int) -> float | None:
    """A little beyond a threshold: the axis reaches so far that Grafana, which looks at the values alone, shows it."""
    return None if bound is None else float(f"{bound + direction * abs(bound) * _ROOM:.6g}")


def colours(predictor: Predictor, ending: str = "") -> list[Json]:
    """The primary blue, the shadows in colours of their own, in every panel; `ending` follows the models' names."""
    return [
        fields.by_name(f"{model.id}{ending}", color=fields.fixed(colour(index)), custom__lineWidth=1 if index else 2)
        for index, model in enumerate(predictor.models)
    ]


def colour(index: int) -> str:
    """The colour of the predictor's model at this place; 0 is the primary."""
    return "blue" if index == 0 else _SHADOWS[(index - 1) % len(_SHADOWS)]


def _furthest(condition: Condition, values: str) -> str:
    """Of many features those that reach furthest."""
    if condition.feature is None or not is_glob(condition.feature):
        return values
    ends = (among(f"({values})", FEATURES_DRAWN, lowest=operator == "<") for operator, _ in limits(condition))
    return " or ".join(ends)


def _matchers(predictor: Predictor, condition: Condition) -> Iterator[str]:
    yield matcher("predictor", predictor.id)
    yield any_matcher("model_id", condition.models)
    if condition.feature is not None:
        yield glob_matcher("feature", condition.feature)
    for label, value in condition.labels.items():
        yield matcher(label, value)


def _legend(condition: Condition) -> str:
    if condition.feature is None:
        return "{{model_id}}"
    return "{{feature}}" if len(condition.models) == 1 else "{{feature}} · {{model_id}}"


def _metric_unit(predictor: Predictor, condition: Condition) -> str:
    units = {"ratio": "percentunit", "seconds": "s"}
    unit = units.get(catalogue.BY_NAME[condition.metric].unit)
    return unit or words.unit_id(declared_unit(predictor, condition))


def _description(predictor: Predictor, alert: Alert) -> str:
    """When it fires, who hears of it, what a rise means, what to do."""
    condition = alert.condition
    metric = catalogue.BY_NAME[condition.metric]
    lines = [
        f"**Red when** {_what(condition)} is {words.markdown(limit(predictor, condition))}{_judged(condition)}. "
        f"{_reaches(predictor, alert)}",
        f"**{_READING.capitalize()}:** the value closest to the threshold in these windows; it breaks off where they "
        "are not judged.",
        f"**A rise means:** {metric.rise}",
        f"**When it is red:** {_ACTIONS[metric.unit]}",
    ]
    if alert.runbook_url:
        lines.append(words.link("Runbook", alert.runbook_url))
    return "\n\n".join([*lines, f"Alert {words.code(condition.id)} of {words.code(predictor.id)}"])


def _judged(condition: Condition) -> str:
    return f"; windows with fewer than {condition.min_samples} samples are not judged" if condition.min_samples else ""


def _what(condition: Condition) -> str:
    label = "".join(f" ({words.code(f'{name}={value}')})" for name, value in condition.labels.items())
    feature = "any feature" if condition.feature == "*" else words.code(condition.feature or "")
    return f"`{condition.metric}`{label}" + (f" of {feature}" if condition.feature else "")


def _reaches(predictor: Predictor, alert: Alert) -> str:
    team = predictor.team
    if alert.severity is AlertSeverity.PAGE:
        return f"It pages {words.code(team.pagerduty_service or team.id)}."
    if alert.severity is AlertSeverity.NOTIFY:
        return f"It tells {words.code(team.slack_channel or team.id)}."
    return "It is drawn here only: nobody is told."
