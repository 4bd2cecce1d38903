"""Alert → rule: what Grafana and Prometheus evaluate, as PromQL. Pure, and the same for both.

The exporter publishes each window's values as gauges that stand until the next window is published, some minutes late
now and then. "N windows in a row" is therefore a range of N-1 windows and a margin: the margin is longer than any
delay, so the range never holds fewer than N windows only because one came late.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.catalogue import BY_NAME, PREDICTIONS, WINDOW_END, CatalogueMetric
from generator.conventions import alert_panel_id, predictor_dashboard_uid, rule_name, rule_uid
from generator.model import Alert, AlertSeverity, Predictor
from generator.promql import any_matcher, glob_regex, matcher, regex_matcher, selector
from generator.wording import Unit, description, literal, summary, unit_of
from metrics_exporter.definitions import Comparison, Subject
from metrics_exporter.windows import DAILY, HOURLY

MARGIN_SECONDS = {HOURLY: 600, DAILY: 3600}

BASELINE_WEEKS = (1, 2, 3, 4)
MIN_BASELINE_WEEKS = 2
_ABSENCE_SECONDS = 300  # a Prometheus that has just started knows of nothing until its first scrapes
_WEEK_SECONDS = 7 * 86400
_CHANGE_STEPS = 5  # evaluations of a change within one margin

_MODEL_KEYS = ("predictor", "model_id")
_FEATURE_KEYS = (*_MODEL_KEYS, "feature")


@dataclass(frozen=True)
class Reading:
    """A PromQL value that is present while an alert may fire, and the threshold that it must not pass.

    Attributes:
        value: the value closest to the threshold in all windows: when it is past it, all of them are.
        operator: `>` or `<`.
    """

    value: str
    operator: str
    threshold: float

    @property
    def condition(self) -> str:
        """The value where it is past the threshold."""
        return f"{self.value} {self.operator} {number(self.threshold)}"


@dataclass(frozen=True)
class Rule:
    """An alert rule; labels and texts are Go templates, as Grafana and Prometheus expand both.

    Attributes:
        name: what the alert is called; unique.
        readings: it fires when any of them is past its threshold.
        guards: PromQL sets that every reading must also be in, each beginning with `and`.
        absent: a PromQL range selector; the rule fires, too, when it has no series.
        range_seconds: how far back it looks.
        labels: sorted by name.
        unit: how its value is shown.
        summary: one line; `wording.VALUE` stands for the value.
        description: what it means and what to look at.
        panel_id: of the dashboard; None: the dashboard as a whole.
    """

    uid: str
    name: str
    severity: AlertSeverity
    readings: tuple[Reading, ...]
    guards: tuple[str, ...]
    absent: str | None
    range_seconds: int
    labels: tuple[tuple[str, str], ...]
    unit: Unit
    summary: str
    description: str
    runbook_url: str | None
    dashboard_uid: str
    panel_id: int | None

    @property
    def pending_seconds(self) -> int:
        """How long the condition must hold; windows in a row are in the expression, so only absence has to last."""
        return _ABSENCE_SECONDS if self.absent else 0

    def guarded(self, value: str) -> str:
        """The expression, where all guards hold."""
        return "\n".join((value, *self.guards))

    @property
    def expression(self) -> str:
        """The whole condition as one PromQL expression."""
        conditions = [reading.condition for reading in self.readings]
        either = conditions[0] if len(conditions) == 1 else " or ".join(f"({condition})" for condition in conditions)
        fires = self.guarded(f"({either})" if self.guards and len(conditions) > 1 else either)
        return f"({fires})\nor absent_over_time({self.absent})" if self.absent else fires


def rules_of(predictor: Predictor) -> tuple[Rule, ...]:
    """The rules of a predictor's alerts; an alert that only reports has none.

    They come by the alerts' first ids, so that a rename does not change their order, which is part of a rule group.
    """
    alerts = sorted(predictor.alerts, key=lambda alert: alert.origin)
    return tuple(_rule(predictor, alert) for alert in alerts if alert.severity is not AlertSeverity.REPORT)


def number(value: float) -> str:
    """A number as PromQL and people write it: no trailing `.0`."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def duration(seconds: int) -> str:
    """A PromQL duration in its canonical form: `70m` is `1h10m`."""
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def range_seconds(alert: Alert) -> int:
    """How far back an alert looks: N-1 windows and the margin."""
    return (alert.windows - 1) * alert.window.seconds + MARGIN_SECONDS[alert.window]


def _rule(predictor: Predictor, alert: Alert) -> Rule:
    series = _Series(predictor, alert)
    return Rule(
        uid=rule_uid(predictor.origin, alert.origin),
        name=rule_name(predictor.id, alert.title),
        severity=alert.severity,
        readings=series.readings(),
        guards=tuple(series.guards()),
        absent=series.over(series.metric.name) if alert.absence_fires else None,
        range_seconds=range_seconds(alert),
        labels=_labels(predictor, alert),
        unit=unit_of(predictor, alert),
        summary=summary(predictor, alert),
        description=description(predictor, alert),
        runbook_url=None if alert.runbook_url is None else literal(alert.runbook_url),
        dashboard_uid=predictor_dashboard_uid(predictor.origin),
        panel_id=alert_panel_id(alert.origin),
    )


def _labels(predictor: Predictor, alert: Alert) -> tuple[tuple[str, str], ...]:
    labels = {
        "driftgauge": "freshness" if alert.absence_fires else "threshold",
        "log": predictor.log,
        "predictor": predictor.id,
        "severity": str(alert.severity),
        "team": predictor.team.id,
    }
    if len(alert.models) == 1:  # where there is no series, the result has no label to tell the model
        labels["model_id"] = alert.models[0]
    return tuple((name, literal(value)) for name, value in sorted(labels.items()))


class _Series:
    """The PromQL of one alert: selectors of its series, and what is asked of them."""

    def __init__(self, predictor: Predictor, alert: Alert) -> None:
        self.alert = alert
        self.metric = BY_NAME[alert.metric]
        self.range = duration(range_seconds(alert))
        self._model_matchers = (
            matcher("predictor", predictor.id),
            any_matcher("model_id", alert.models),
            matcher("window", str(alert.window)),
        )
        self._feature_matchers = tuple(_feature_matchers(alert.feature))
        self._label_matchers = (matcher(*alert.label),) if alert.label else ()

    def select(self, metric: str) -> str:
        """The alert's series of a metric: of its features where the metric has one, of its label for its own metric."""
        features = self._feature_matchers if _has_feature(BY_NAME[metric]) else ()
        labels = self._label_matchers if metric == self.metric.name else ()
        return selector(metric, *self._model_matchers, *features, *labels)

    def over(self, metric: str) -> str:
        """The alert's range of its series of a metric."""
        return f"{self.select(metric)}[{self.range}]"

    def readings(self) -> tuple[Reading, ...]:
        """What the alert compares with its thresholds: for each, the value that is past it when all windows are."""
        alert, keys, values = self.alert, ", ".join(_keys(self.metric)), self.over(self.metric.name)
        changes = alert.comparison is Comparison.CHANGE_ABOVE
        lowest = self._change() if changes else f"min by ({keys}) (min_over_time({values}))"
        highest = self._silence() if alert.absence_fires else f"max by ({keys}) (max_over_time({values}))"
        sides = ((lowest, ">", alert.high), (highest, "<", alert.low))
        return tuple(Reading(value, operator, limit) for value, operator, limit in sides if limit is not None)

    def guards(self) -> Iterator[str]:
        """What must hold beside the threshold: enough windows, without a gap, with enough samples."""
        if not self.alert.absence_fires:
            if self.alert.windows > 1:
                yield self._distinct_windows()
            yield self._without_gap()
        if self.alert.min_samples > 0 and self.metric.samples:
            yield self._enough_samples(BY_NAME[self.metric.samples])

    def _distinct_windows(self) -> str:
        """One window that stands for a long time is no row of windows, and a model's first ones are not enough."""
        keys = ", ".join(_MODEL_KEYS)
        return f"and on ({keys}) max by ({keys}) (changes({self.over(WINDOW_END)})) >= {self.alert.windows - 1}"

    def _without_gap(self) -> str:
        """The values are there whenever a window is: a gap is no window in a row."""
        keys, model_keys = ", ".join(_keys(self.metric)), ", ".join(_MODEL_KEYS)
        have = f"sum by ({keys}) (count_over_time({self.over(self.metric.name)}))"
        due = f"sum by ({model_keys}) (count_over_time({self.over(WINDOW_END)}))"
        many = " group_left ()" if _has_feature(self.metric) else ""
        return f"and on ({keys}) ({have} >= on ({model_keys}){many} {due})"

    def _enough_samples(self, samples: CatalogueMetric) -> str:
        keys = ", ".join(_keys(samples))
        fewest = f"min by ({keys}) (min_over_time({self.over(samples.name)}))"
        return f"and on ({keys}) {fewest} >= {self.alert.min_samples}"

    def _silence(self) -> str:
        """The most predictions of any window; one more as long as fewer than N windows have been seen at all."""
        keys = ", ".join(_MODEL_KEYS)
        most = f"max by ({keys}) (max_over_time({self.over(PREDICTIONS)}))"
        span = (self.alert.windows - 1) * self.alert.window.seconds
        if not span:
            return most
        ends = self.over(WINDOW_END)
        seen = f"max by ({keys}) (max_over_time({ends}) - min_over_time({ends}))"
        return f"{most} + on ({keys}) ({seen} < bool {span})"

    def _change(self) -> str:
        """The smallest relative change against the same windows of past weeks, of all windows in the range."""
        keys = ", ".join(_keys(self.metric))
        margin = MARGIN_SECONDS[self.alert.window]
        now = f"max by ({keys}) (last_over_time({self.select(self.metric.name)}[{duration(margin)}]))"
        weeks = "\n      or ".join(self._week(week) for week in BASELINE_WEEKS)
        median = f"quantile by ({keys}) (0.5,\n      {weeks}\n    ) != 0"
        enough = f"count by ({keys}) (\n      {weeks}\n    ) >= {MIN_BASELINE_WEEKS}"
        change = f"abs({now} / (\n    {median}\n    and {enough}\n  ) - 1)"
        return f"min_over_time((\n  {change}\n)[{self.range}:{duration(margin // _CHANGE_STEPS)}])"

    def _week(self, weeks: int) -> str:
        """The same window's value some weeks ago; nothing while that week's neighbour is still what is published."""
        window, margin = self.alert.window.seconds, MARGIN_SECONDS[self.alert.window]
        back = f"[{duration(window + margin)}] offset {weeks}w"
        keys, model_keys = ", ".join(_keys(self.metric)), ", ".join(_MODEL_KEYS)
        then = f"max by ({keys}) (last_over_time({self.select(self.metric.name)}{back}))"
        end_then = f"max by ({model_keys}) (last_over_time({self.select(WINDOW_END)}{back}))"
        end_now = f"max by ({model_keys}) (last_over_time({self.select(WINDOW_END)}[{duration(margin)}]))"
        same = f"{end_then} + {weeks * _WEEK_SECONDS} == {end_now}"
        return f'label_replace({then} and on ({model_keys}) ({same}), "week", "{weeks}", "", "")'


def _feature_matchers(feature: str | None) -> Iterator[str]:
    if feature is None or feature == "*":
        return
    if any(wildcard in feature for wildcard in "*?"):
        yield regex_matcher("feature", glob_regex(feature))
    else:
        yield matcher("feature", feature)


def _has_feature(metric: CatalogueMetric) -> bool:
    return metric.definition.subject is Subject.FEATURE


def _keys(metric: CatalogueMetric) -> tuple[str, ...]:
    return _FEATURE_KEYS if _has_feature(metric) else _MODEL_KEYS
