"""What an alert says to the person on call at three in the morning.

The texts are Go templates, as Grafana and Prometheus both expand them: text from the registry is escaped, `$labels`
means the same in both, and `VALUE` stands for the value, which each of them spells in its own way.
"""

from __future__ import annotations

from enum import StrEnum

from generator.catalogue import BY_NAME
from generator.model import SHARE_UNITS, Alert, Predictor
from metrics_exporter.definitions import Comparison, Subject
from metrics_exporter.windows import DAILY, HOURLY

VALUE = "{{ VALUE }}"  # no registry text looks like it: literal braces are escaped


class Unit(StrEnum):
    """How a value is shown."""

    NUMBER = "number"
    RATIO = "ratio"
    SECONDS = "seconds"


_HOURS_OR_DAYS = {HOURLY: "hour", DAILY: "day"}


def literal(text: str) -> str:
    """A Go template that expands to `text`, whatever it holds."""
    return text.replace("{", '{{ "{" }}')


def show(text: str, value: str) -> str:
    """The text, with the template expression of the value in its place."""
    return text.replace(VALUE, value)


def unit_of(predictor: Predictor, alert: Alert) -> Unit:
    """How an alert's value is shown: a share, or a change, in per cent."""
    share = BY_NAME[alert.metric].unit == "ratio" or _declared_unit(predictor, alert) in SHARE_UNITS
    return Unit.RATIO if share or alert.comparison is Comparison.CHANGE_ABOVE else Unit.NUMBER


def summary(predictor: Predictor, alert: Alert) -> str:
    """What is wrong with which model, in one line."""
    if alert.absence_fires:
        return f"{literal(predictor.title)}: {literal(alert.models[0])} made no predictions for {_silence(alert)}"
    return f"{literal(predictor.title)} ({_label('model_id')}): {_what(alert)} is {VALUE}, {_limit(predictor, alert)}"


def description(predictor: Predictor, alert: Alert) -> str:
    """What happened, what it means, and what to look at, a line each."""
    lines = _silent(predictor, alert) if alert.absence_fires else _threshold(predictor, alert)
    return "\n".join(lines)


def _threshold(predictor: Predictor, alert: Alert) -> list[str]:
    metric, what = BY_NAME[alert.metric], _what(alert)
    lines = [
        f"{what[0].upper()}{what[1:]} of {_label('model_id')} is {VALUE} ({_limit(predictor, alert)}; alert "
        f"{literal(alert.id)}, metric {alert.metric}, window {alert.window}).",
        _meaning(alert),
        _roles(predictor),
    ]
    if importance := _importance(predictor, alert):
        lines.insert(2, importance)
    if metric.definition.subject is Subject.FEATURE:
        lines.append(
            "Look at: the linked panel; whether other features of the model moved in the same hour (many: the job or "
            "store that feeds them; one: the source of this feature); the feature dashboard for its distribution."
        )
    else:
        lines.append(
            "Look at: the linked panel; whether primary and shadow moved together (both: their inputs; one: that "
            "model's release); default and null ratios of the features on the same dashboard."
        )
    return lines


def _silent(predictor: Predictor, alert: Alert) -> list[str]:
    return [
        f"The prediction log had no predictions of {literal(alert.models[0])} in {_silence(alert)}, or the exporter "
        f"publishes nothing of it (alert {literal(alert.id)}, metric {alert.metric}, window {alert.window}).",
        "It means that the model is not called, that its predictions are not logged, or that nobody would see it "
        "drift: no other alert of this model can fire meanwhile.",
        _roles(predictor),
        "Look at: the service that calls the model; the pipeline that writes the log; whether other models are silent "
        "too (all of them: the log or the exporter, see the fleet dashboard).",
    ]


_ONE_SERIES = {"Predictions": "number of predictions", "Values": "number of values", "Quantiles": "quantile"}


def _what(alert: Alert) -> str:
    title = BY_NAME[alert.metric].title
    what = _ONE_SERIES.get(title, title.lower())
    if alert.label:
        what = f"{what} {literal(alert.label[1])}"
    if BY_NAME[alert.metric].definition.subject is Subject.PREDICTION:
        what = f"{what} of the prediction"
    if alert.feature is not None:
        what = f"{what} of {_label('feature')}"
    return f"change of the {what}" if alert.comparison is Comparison.CHANGE_ABOVE else what


def _declared_unit(predictor: Predictor, alert: Alert) -> str | None:
    """The registry's unit of the values behind a metric; None: it has none, or several features may differ."""
    metric = BY_NAME[alert.metric]
    if metric.unit != "value":
        return None
    if metric.definition.subject is Subject.PREDICTION:
        return predictor.unit
    return next((feature.unit for feature in predictor.features if feature.name == alert.feature), None)


def _limit(predictor: Predictor, alert: Alert) -> str:
    shown, declared = unit_of(predictor, alert), _declared_unit(predictor, alert)
    low, high = (_number(side, shown) for side in (alert.low, alert.high))
    unit = f" {literal(declared)}" if declared and shown is Unit.NUMBER else ""
    limits = {
        Comparison.ABOVE: f"above {high}{unit}",
        Comparison.BELOW: f"below {low}{unit}",
        Comparison.OUTSIDE: f"outside {low} to {high}{unit}",
        Comparison.CHANGE_ABOVE: f"more than {high} away from the same {_HOURS_OR_DAYS[alert.window]} of past weeks",
    }
    return f"{limits[alert.comparison]} {_duration(alert)}"


def _number(value: float | None, unit: Unit) -> str:
    if value is None:
        return ""
    return f"{value * 100:.6g}%" if unit is Unit.RATIO else f"{value:.6g}"


def _duration(alert: Alert) -> str:
    unit = _HOURS_OR_DAYS[alert.window]
    return f"in the latest {unit}" if alert.windows == 1 else f"for {alert.windows} {unit}s in a row"


def _silence(alert: Alert) -> str:
    seconds = alert.windows * alert.window.seconds
    count, unit = (seconds // 86400, "day") if seconds % 86400 == 0 else (seconds // 3600, "hour")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _meaning(alert: Alert) -> str:
    rise = BY_NAME[alert.metric].rise
    return {
        Comparison.ABOVE: f"It means: {rise}",
        Comparison.BELOW: f"It fell. A rise would mean: {rise} A fall is the reverse.",
        Comparison.OUTSIDE: f"It left its range. When it is above: {rise} When it is below: the reverse.",
        Comparison.CHANGE_ABOVE: f"It moved. When it rose: {rise} When it fell: the reverse.",
    }[alert.comparison]


def _importance(predictor: Predictor, alert: Alert) -> str | None:
    for feature in predictor.features:
        if feature.name == alert.feature and feature.importance is not None:
            return f"Importance of the feature to the model: {feature.importance:g}."
    return None


def _roles(predictor: Predictor) -> str:
    shadows = ", ".join(literal(model.id) for model in predictor.models[1:])
    primary = f"{literal(predictor.primary.id)} is the primary, whose predictions are served"
    return f"{primary}; shadows, not served: {shadows}." if shadows else f"{primary}."


def _label(name: str) -> str:
    return f"{{{{ $labels.{name} }}}}"
