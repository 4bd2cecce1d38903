"""The alerts about the exporter itself: they belong to nobody's models, and so to the platform team."""

from __future__ import annotations

from collections.abc import Iterable

from generator.alerting.rules import Rule, duration, number
from generator.alerting.words import VALUE, Format, literal
from generator.conventions import FLEET_DASHBOARD_UID, UNREACHABLE_RULE, health_rule_name, uid
from generator.model import AlertSeverity
from generator.promql import matcher, selector
from metrics_exporter.definitions import OwnMetric

STALE_SECONDS = 2 * 3600  # it succeeds each hour: this is two refreshes in a row that did not

_UNREACHABLE_SECONDS = 900
_PENDING_SECONDS = 300  # a Prometheus that has just started knows of nothing until its first scrapes
_LOOK_BACK_SECONDS = 600


def health_rules(logs: Iterable[str]) -> tuple[Rule, ...]:
    """The exporter's health rules, by name: some of the exporter as a whole, and one for each log that it reads."""
    rules = (_unreachable(), *_of_the_exporter(), *map(_stale, logs))
    return tuple(sorted(rules, key=lambda rule: rule.name))


def _unreachable() -> Rule:
    """What Prometheus alone can see."""
    return _rule(
        UNREACHABLE_RULE,
        f"absent_over_time({OwnMetric.WORKER_RESTARTS}[{duration(_UNREACHABLE_SECONDS)}])",
        0,
        severity=AlertSeverity.PAGE,
        look_back_seconds=_UNREACHABLE_SECONDS,
        pending_seconds=_PENDING_SECONDS,
        summary="Prometheus has had no scrape of the exporter for 15 minutes",
        description="The exporter does not run, or Prometheus can't reach it. What fired an hour ago stays, nothing "
        "new can fire. Look at: whether the exporter runs; Prometheus' page of targets, which says why the scrape "
        "fails.",
    )


def _stale(log: str) -> Rule:
    success = selector(OwnMetric.LAST_SUCCESS, matcher("log", log))
    return _rule(
        f"log {log} is stale",
        f"time() - max by (log) (last_over_time({success}[{duration(_LOOK_BACK_SECONDS)}]))",
        STALE_SECONDS,
        severity=AlertSeverity.PAGE,
        log=log,
        format=Format.SECONDS,
        summary=f"Nothing new was read from the log {literal(log)} for {VALUE}",
        description="The exporter runs, and no refresh of the prediction log succeeded for two hours. Values of its "
        "models are old, or gone, and no alert about them can be trusted. Look at: the exporter's status page, which "
        "says what failed; the warehouse.",
    )


def _of_the_exporter() -> tuple[Rule, ...]:
    return (
        _rule(
            "exporter drops series",
            f"max by (predictor) (last_over_time({OwnMetric.DROPPED_SERIES}[10m]))",
            0,
            summary=f"The exporter leaves out {VALUE} series of {{{{ $labels.predictor }}}}",
            description="The predictor has more series than the limit allows, so some of its features are not "
            "monitored. Look at: what grew (a feature name made from an id?), on the exporter's status page and in its "
            "log; then mend the source, or raise the limit in the exporter's configuration.",
        ),
        _rule(
            "exporter misses windows",
            f"max by (log) (increase({OwnMetric.MISSED_WINDOWS}[3h]))",
            0,
            summary="The exporter missed windows of the log {{ $labels.log }}",
            description="Windows that were due were not computed in time. It catches up by itself, oldest first; rules "
            "that count windows in a row wait meanwhile. Look at: the exporter's log, for restarts and slow queries.",
        ),
        _rule(
            "exporter refreshes fail",
            f"max by (log) (increase({OwnMetric.ERRORS}[1h]))",
            0,
            summary="The exporter failed to read the log {{ $labels.log }}",
            description="A refresh failed in the last hour. The last good values stay for the configured maximum age, "
            "then they vanish. Look at: the exporter's status page and log, which say in words what failed; the "
            "warehouse's own state and credentials.",
        ),
        _rule(
            "exporter workers die",
            f"max (increase({OwnMetric.WORKER_RESTARTS}[1h]))",
            2,
            summary=f"The exporter's worker died or hung {VALUE} times within an hour",
            description="The last values are still served, and a new worker begins each time. A log that it keeps "
            "dying of is set aside for an hour. Look at: the exporter's log, which says how it died and which log it "
            "read; the machine's memory, and query_memory in the exporter's configuration.",
        ),
    )


def _rule(
    name: str,
    value: str,
    high: float,
    *,
    summary: str,
    description: str,
    severity: AlertSeverity = AlertSeverity.NOTIFY,
    look_back_seconds: int = _LOOK_BACK_SECONDS,
    pending_seconds: int = 0,
    log: str | None = None,
    format: Format = Format.NUMBER,
) -> Rule:
    labels = {"driftgauge": "exporter", "severity": str(severity)}
    if log is not None:
        labels["log"] = literal(log)
    return Rule(
        uid=uid("exporter-rule", name),
        name=health_rule_name(name),
        severity=severity,
        expression=f"{value} > {number(high)}",
        value=value,
        low=None,
        high=high,
        look_back_seconds=look_back_seconds,
        pending_seconds=pending_seconds,
        labels=tuple(sorted(labels.items())),
        format=format,
        summary=summary,
        description=description,
        runbook_url=None,
        dashboard_uid=FLEET_DASHBOARD_UID,
        panel_id=None,
    )
