"""What an alert says to the person on call at three in the morning.

The texts are Go templates, as Grafana and Prometheus both expand them: text from the registry is escaped, `$labels`
means the same in both, and `VALUE` stands for the value, which each of them spells in its own way.
"""

from __future__ import annotations

from enum import StrEnum

from generator.alerting.condition import declared_unit, is_share
from generator.catalogue import BY_NAME, SILENCE
from generator.model import Condition, Predictor
from metrics_exporter.definitions import Comparison, Subject
from metrics_exporter.windows import DAILY, HOURLY, Window

VALUE = "{{ VALUE }}"  # no registry text looks like it: literal braces are escaped


class Format(StrEnum):
    """How a value is shown."""

    NUMBER = "number"
    RATIO = "ratio"
    SECONDS = "seconds"


_NAMED = {HOURLY: "hour", DAILY: "day", Window(7 * DAILY.seconds): "week"}
_UNITS = ((DAILY.seconds, "day"), (HOURLY.seconds, "hour"), (60, "minute"), (1, "second"))


def literal(text: str) -> str:
    """A Go template that expands to `text`, whatever it holds."""
    return text.replace("{", '{{ "{" }}')


def show(text: str, value: str) -> str:
    """The text, with the template expression of the value in its place."""
    return text.replace(VALUE, value)


def one_window(window: Window) -> str:
    """A window of this length: `hour`, `day`, `week`, `15-minute window`."""
    return _NAMED.get(window) or "{}-{} window".format(*_counted(window.seconds))


def span(seconds: int) -> str:
    """A time: `1 day`, `8 hours`, `90 minutes`."""
    count, unit = _counted(seconds)
    return f"{count} {unit}{'' if count == 1 else 's'}"


def format_of(predictor: Predictor, condition: Condition) -> Format:
    """How an alert's value is shown."""
    if is_share(predictor, condition):
        return Format.RATIO
    return Format.SECONDS if BY_NAME[condition.metric].unit == "seconds" else Format.NUMBER


def limit(predictor: Predictor, condition: Condition) -> str:
    """When it fires: `above 40% for 2 hours in a row`."""
    shown = format_of(predictor, condition)
    low, high = _number(shown, condition.low), _number(shown, condition.high)
    noun, unit = one_window(condition.window), _unit(predictor, condition) if shown is Format.NUMBER else ""
    match condition.comparison:
        case Comparison.ABOVE:
            side = f"above {high}{unit}"
        case Comparison.BELOW:
            side = f"below {low}{unit}"
        case Comparison.OUTSIDE:
            side = f"outside {low} to {high}{unit}"
        case Comparison.CHANGE_ABOVE:
            side = f"more than {high} away from the median of the same {noun}s of past weeks"
    if condition.metric == SILENCE:
        return side
    row = f"in the latest {noun}" if condition.consecutive == 1 else f"for {condition.consecutive} {noun}s in a row"
    return f"{side} {row}"


def summary(predictor: Predictor, condition: Condition) -> str:
    """What is wrong with which model, in one line."""
    title = literal(predictor.title)
    if condition.metric == SILENCE:
        return f"{title}: {_label('model_id')} made no predictions for more than {_max_silence(condition)}"
    return f"{title} ({_label('model_id')}): {_what(condition)} is {VALUE}, {literal(limit(predictor, condition))}"


def description(predictor: Predictor, condition: Condition) -> str:
    """What happened, what it means, and what to look at, a line each."""
    lines = _silent if condition.metric == SILENCE else _threshold
    return "\n".join(lines(predictor, condition))


def _threshold(predictor: Predictor, condition: Condition) -> list[str]:
    metric, what = BY_NAME[condition.metric], _what(condition)
    lines = [
        f"{what[0].upper()}{what[1:]} of {_label('model_id')} is {VALUE} ({literal(limit(predictor, condition))}; "
        f"alert {literal(condition.id)}, metric {condition.metric}, window {condition.window}).",
        _meaning(condition),
        _roles(predictor),
    ]
    if importance := _importance(predictor, condition):
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


def _silent(predictor: Predictor, condition: Condition) -> list[str]:
    return [
        f"The prediction log has had no predictions of {_label('model_id')} for {VALUE}, more than "
        f"{_max_silence(condition)} (alert {literal(condition.id)}, metric {condition.metric}).",
        "It means that the model is not called, or that its predictions are not logged: nobody would see it drift, "
        "and no other alert of this model can fire meanwhile.",
        _roles(predictor),
        "Look at: the service that calls the model; the pipeline that writes the log; whether other models are silent "
        "too (all of them: the log, see the fleet dashboard).",
    ]


_ONE_SERIES = {"Predictions": "number of predictions", "Values": "number of values", "Quantiles": "quantile"}


def _what(condition: Condition) -> str:
    metric = BY_NAME[condition.metric]
    what = " ".join([_ONE_SERIES.get(metric.title, metric.title.lower()), *map(literal, condition.labels.values())])
    if metric.definition.subject is Subject.PREDICTION:
        what = f"{what} of the prediction"
    if metric.definition.subject is Subject.FEATURE:
        what = f"{what} of {_label('feature')}"
    return f"change of the {what}" if condition.comparison is Comparison.CHANGE_ABOVE else what


def _number(shown: Format, value: float | None) -> str:
    if value is None:
        return ""
    match shown:
        case Format.RATIO:
            return f"{value * 100:.6g}%"
        case Format.SECONDS:
            return span(int(value))
        case Format.NUMBER:
            return f"{value:.6g}"


def _unit(predictor: Predictor, condition: Condition) -> str:
    unit = declared_unit(predictor, condition)
    return f" {unit}" if unit else ""


def _max_silence(condition: Condition) -> str:
    return span(int(condition.high or 0))


def _counted(seconds: int) -> tuple[int, str]:
    """How many of the largest unit that gives a whole number."""
    return next((seconds // length, unit) for length, unit in _UNITS if seconds % length == 0)


def _meaning(condition: Condition) -> str:
    rise = BY_NAME[condition.metric].rise
    return {
        Comparison.ABOVE: f"It means: {rise}",
        Comparison.BELOW: f"It fell. A rise would mean: {rise} A fall is the reverse.",
        Comparison.OUTSIDE: f"It left its range. When it is above: {rise} When it is below: the reverse.",
        Comparison.CHANGE_ABOVE: f"It moved. When it rose: {rise} When it fell: the reverse.",
    }[condition.comparison]


def _importance(predictor: Predictor, condition: Condition) -> str | None:
    for feature in predictor.features:
        if feature.name == condition.feature and feature.importance is not None:
            return f"Importance of the feature to the model: {feature.importance:g}."
    return None


def _roles(predictor: Predictor) -> str:
    shadows = ", ".join(literal(model.id) for model in predictor.models[1:])
    primary = f"{literal(predictor.primary.id)} is the primary, whose predictions are served"
    return f"{primary}; shadows, not served: {shadows}." if shadows else f"{primary}."


def _label(name: str) -> str:
    return f"{{{{ $labels.{name} }}}}"
