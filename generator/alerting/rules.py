"""Alert → rule: what Grafana and Prometheus evaluate, as PromQL.

The exporter reads windows in a row, samples and baselines off its history, and exports what comes of it, the reading:
the value closest to the threshold, or NaN where the windows can't be judged. A rule compares it with the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.alerting.condition import keys, limits
from generator.alerting.words import Format, description, format_of, literal, summary
from generator.catalogue import READING
from generator.conventions import alert_panel_id, predictor_dashboard_uid, rule_name, rule_uid
from generator.model import Alert, AlertSeverity, Condition, Predictor
from generator.promql import matcher, selector
from metrics_exporter.definitions import LOOK_BACK_SECONDS


@dataclass(frozen=True)
class Rule:
    """An alert rule; labels and texts are Go templates, as Grafana and Prometheus expand both.

    Attributes:
        name: what the alert is called; unique.
        expression: PromQL of the whole condition.
        value: PromQL of what is compared; it is past `low` or `high` where the expression has a value.
        low: it fires below.
        high: it fires above.
        look_back_seconds: how far back `value` looks.
        pending_seconds: how long the condition must hold.
        labels: sorted by name.
        format: how its value is shown.
        summary: one line; `words.VALUE` stands for the value.
        description: what it means and what to look at.
        panel_id: of the dashboard; None: the dashboard as a whole.
    """

    uid: str
    name: str
    severity: AlertSeverity
    expression: str
    value: str
    low: float | None
    high: float | None
    look_back_seconds: int
    pending_seconds: int
    labels: tuple[tuple[str, str], ...]
    format: Format
    summary: str
    description: str
    runbook_url: str | None
    dashboard_uid: str
    panel_id: int | None


Rules = tuple[Rule, ...]


def rules_of(predictor: Predictor) -> Rules:
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


_LOOK_BACK = duration(LOOK_BACK_SECONDS)


def expression(predictor: str, condition: Condition) -> str:
    """The readings that are past the threshold; of replicas that disagree, the worst one."""
    sides = (
        f"{_worst(operator, predictor, condition)} {operator} {number(limit)}" for operator, limit in limits(condition)
    )
    return "\nor ".join(sides)


def value(predictor: str, condition: Condition) -> str:
    """The readings, past the threshold or not; of replicas that disagree, the worst one."""
    (operator, limit), *other = limits(condition)
    if not other:
        return _worst(operator, predictor, condition)
    # Where no replica is above the upper limit, the one that is lowest.
    by, last = ", ".join(keys(condition)), _last(predictor, condition)
    return f"max by ({by}) ({last} > {number(limit)})\nor {_worst('<', predictor, condition)}"


def _worst(operator: str, predictor: str, condition: Condition) -> str:
    aggregate = "max" if operator == ">" else "min"
    return f"{aggregate} by ({', '.join(keys(condition))}) ({_last(predictor, condition)})"


def _last(predictor: str, condition: Condition) -> str:
    readings = selector(READING, matcher("predictor", predictor), matcher("alert", condition.id))
    return f"last_over_time({readings}[{_LOOK_BACK}])"


def _rule(predictor: Predictor, alert: Alert) -> Rule:
    condition = alert.condition
    return Rule(
        uid=rule_uid(predictor.origin, alert.origin),
        name=rule_name(predictor.id, condition.title),
        severity=alert.severity,
        expression=expression(predictor.id, condition),
        value=value(predictor.id, condition),
        low=condition.low,
        high=condition.high,
        look_back_seconds=LOOK_BACK_SECONDS,
        pending_seconds=0,  # windows in a row are in the reading
        labels=_labels(predictor, alert),
        format=format_of(predictor, condition),
        summary=summary(predictor, condition),
        description=description(predictor, condition),
        runbook_url=None if alert.runbook_url is None else literal(alert.runbook_url),
        dashboard_uid=predictor_dashboard_uid(predictor.origin),
        panel_id=alert_panel_id(alert.origin),
    )


def _labels(predictor: Predictor, alert: Alert) -> tuple[tuple[str, str], ...]:
    labels = {
        "driftgauge": "freshness" if alert.is_freshness else "threshold",
        "log": predictor.log,
        "predictor": predictor.id,
        "severity": str(alert.severity),
        "team": predictor.team.id,
    }
    return tuple((name, literal(text)) for name, text in labels.items())
