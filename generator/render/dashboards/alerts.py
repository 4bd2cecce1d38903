"""A panel an alert: its metric, its thresholds, when it fires, and what to do then."""

from __future__ import annotations

from generator import catalogue, conventions
from generator.model import Alert, AlertSeverity, Predictor
from generator.promql import any_matcher, glob_matcher, is_glob, matcher
from generator.render.dashboards import fields, grafana, links, words
from generator.render.dashboards.fields import Json
from generator.render.dashboards.grafana import About, Placed, Query
from generator.render.dashboards.panels import feature_line_link
from generator.render.dashboards.queries import among, changed, enough, latest
from metrics_exporter.definitions import Comparison
from metrics_exporter.windows import DAILY, HOURLY

FEATURES_DRAWN = 10  # of an alert on many features: those that reach furthest

_ROOM = 0.1  # of a threshold
_CADENCE = {HOURLY: "hourly", DAILY: "daily"}
_SHADOWS = ("orange", "purple", "green", "yellow")

_ACTIONS = {
    "count": "Look whether the predictor is called and its log is written; then whether the exporter is behind.",
    "ratio": "Click the line of a feature: did it change at once (a deployment, a renamed source) or by and by?",
    "value": "Click through to the features: which moved at the same time? Compare the other models, too.",
    "seconds": "Look at the exporter's own health on the fleet dashboard.",
    "info": "Look at the exporter's own health on the fleet dashboard.",
}


def panels(predictor: Predictor) -> list[Placed]:
    """The panels of all alerts, in the registry's order; two a line."""
    return [_panel(predictor, alert) for alert in predictor.alerts]


def _panel(predictor: Predictor, alert: Alert) -> Placed:
    metric = catalogue.BY_NAME[alert.metric]
    worst = "max" if alert.low is None else "min"
    about = About(
        id=conventions.alert_panel_id(alert.origin),
        title=words.title(alert.title),
        description=_description(predictor, alert),
        unit="percentunit" if _is_share(alert) else words.unit_id(_unit(predictor, alert)),
        no_value=f"No {_CADENCE[alert.window]} value in this time range"
        + (": it fires" if alert.absence_fires else ""),
    )
    return grafana.timeseries(
        about,
        [Query(_expr(predictor, alert), _legend(alert))],
        low=0 if alert.comparison is Comparison.CHANGE_ABOVE else metric.low,
        soft_low=_beyond(alert.low, -1),
        soft_high=_beyond(alert.high, 1),
        thresholds=fields.threshold_steps(alert.low, alert.high),
        overrides=colours(predictor) if alert.feature is None else (),
        links=[feature_line_link(links.encoded(predictor.id), str(alert.window))] if alert.feature else [],
        calcs=["lastNotNull", worst],
        worst=worst if alert.feature else "",
    )


def _beyond(bound: float | None, direction: int) -> float | None:
    """A little beyond a threshold: the axis reaches so far that Grafana, which looks at the values alone, shows it."""
    return None if bound is None else float(f"{bound + direction * abs(bound) * _ROOM:.6g}")


def colours(predictor: Predictor) -> list[Json]:
    """The primary blue, the shadows in colours of their own, in every panel of the dashboard."""
    return [
        fields.by_name(model.id, color=fields.fixed(colour(index)), custom__lineWidth=1 if index else 2)
        for index, model in enumerate(predictor.models)
    ]


def colour(index: int) -> str:
    """The colour of the predictor's model at this place; 0 is the primary."""
    return "blue" if index == 0 else _SHADOWS[(index - 1) % len(_SHADOWS)]


def _expr(predictor: Predictor, alert: Alert) -> str:
    """The values that the alert judges; of many features those that reach furthest."""
    label = [matcher(*alert.label)] if alert.label else []
    of = _matchers(predictor, alert, alert.metric)
    read = changed if alert.comparison is Comparison.CHANGE_ABOVE else latest
    values = read(alert.metric, *of, *label, window=str(alert.window))
    samples = catalogue.BY_NAME[alert.metric].samples
    if samples and alert.min_samples:
        behind = _matchers(predictor, alert, samples)
        values = enough(values, samples, *behind, least=alert.min_samples, window=str(alert.window))
    if alert.feature is None or not is_glob(alert.feature):
        return values
    ends = [lowest for bound, lowest in ((alert.high, False), (alert.low, True)) if bound is not None]
    return " or ".join(among(values, FEATURES_DRAWN, lowest=lowest) for lowest in ends)


def _matchers(predictor: Predictor, alert: Alert, metric: str) -> list[str]:
    of = [matcher("predictor", predictor.id), any_matcher("model_id", alert.models)]
    if alert.feature is not None and "feature" in catalogue.BY_NAME[metric].definition.labels:
        of.append(glob_matcher("feature", alert.feature))
    return of


def _legend(alert: Alert) -> str:
    if alert.feature is None:
        return "{{model_id}}"
    return "{{feature}}" if len(alert.models) == 1 else "{{feature}} · {{model_id}}"


def _is_share(alert: Alert) -> bool:
    return alert.comparison is Comparison.CHANGE_ABOVE or catalogue.BY_NAME[alert.metric].unit == "ratio"


def _unit(predictor: Predictor, alert: Alert) -> str | None:
    """The unit of the registry in which the threshold is given; None for numbers without one."""
    if catalogue.BY_NAME[alert.metric].unit != "value":
        return None
    if alert.feature is None:
        return predictor.unit
    return next((feature.unit for feature in predictor.features if feature.name == alert.feature), None)


def _description(predictor: Predictor, alert: Alert) -> str:
    """When it fires, who hears of it, what a rise means, what to do."""
    metric = catalogue.BY_NAME[alert.metric]
    lines = [
        f"**Red when** {_condition(predictor, alert)}. {_reaches(predictor, alert)}",
        f"**A rise means:** {metric.rise}",
        f"**When it is red:** {_ACTIONS[metric.unit]}",
    ]
    if alert.runbook_url:
        lines.append(words.link("Runbook", alert.runbook_url))
    return "\n\n".join([*lines, f"Alert {words.code(alert.id)} of {words.code(predictor.id)}"])


def _condition(predictor: Predictor, alert: Alert) -> str:
    """The alert's condition as half a sentence."""
    low, high = (_threshold(predictor, alert, bound) for bound in (alert.low, alert.high))
    spans = "hours" if alert.window == HOURLY else "days"
    bounds = {
        Comparison.ABOVE: f"is above {high}",
        Comparison.BELOW: f"is below {low}",
        Comparison.OUTSIDE: f"leaves the range from {low} to {high}",
        Comparison.CHANGE_ABOVE: f"differs from the median of the same {spans} of past weeks by more than {high}",
    }
    cadence = _CADENCE[alert.window]
    often = f"the latest {cadence} window" if alert.windows == 1 else f"{alert.windows} {cadence} windows in a row"
    samples = f", with at least {alert.min_samples} samples (no others are drawn)" if alert.min_samples else ""
    absent = ", or is absent" if alert.absence_fires else ""
    return f"{_what(alert)} {bounds[alert.comparison]} in {often}{samples}{absent}"


def _what(alert: Alert) -> str:
    label = f" ({words.code('='.join(alert.label))})" if alert.label else ""
    feature = "any feature" if alert.feature == "*" else words.code(alert.feature or "")
    return f"`{alert.metric}`{label}" + (f" of {feature}" if alert.feature else "")


def _threshold(predictor: Predictor, alert: Alert, bound: float | None) -> str:
    if bound is None or _is_share(alert):
        return "" if bound is None else f"{bound * 100:.6g} %"
    return f"{bound:.6g} {words.markdown(_unit(predictor, alert) or '')}".strip()


def _reaches(predictor: Predictor, alert: Alert) -> str:
    team = predictor.team
    if alert.severity is AlertSeverity.PAGE:
        return f"It pages {words.code(team.pagerduty_service or team.id)}."
    if alert.severity is AlertSeverity.NOTIFY:
        return f"It tells {words.code(team.slack_channel or team.id)}."
    return "It is drawn here only: nobody is told."
