"""The alerts about the exporter itself: they belong to nobody's models, and so to the platform team."""

from __future__ import annotations

from collections.abc import Iterable

from generator.conventions import FLEET_DASHBOARD_UID, uid
from generator.model import AlertSeverity
from generator.promql import matcher, selector
from generator.rules import Reading, Rule, duration
from generator.wording import VALUE, Unit, literal
from metrics_exporter.definitions import OwnMetric

STALE_SECONDS = 2 * 3600  # it succeeds each hour: this is two refreshes in a row that did not
_LOOK_BACK_SECONDS = 600


def health_rules(logs: Iterable[str]) -> tuple[Rule, ...]:
    """The exporter's health rules, by name: some of the exporter as a whole, and one for each log that it reads."""
    rules = (*_of_the_exporter(), *map(_stale, logs))
    return tuple(sorted(rules, key=lambda rule: rule.name))


def _stale(log: str) -> Rule:
    """A rule a log: also where the exporter is gone, its alert tells which models can't be trusted."""
    published = f"{selector(OwnMetric.LAST_SUCCESS, matcher('log', log))}[{duration(_LOOK_BACK_SECONDS)}]"
    return _rule(
        f"log {log} is stale",
        Reading(f"time() - max by (log) (last_over_time({published}))", ">", STALE_SECONDS),
        severity=AlertSeverity.PAGE,
        absent=published,
        log=log,
        unit=Unit.SECONDS,
        summary=f"Nothing new was read from the log {literal(log)} for more than two hours",
        description="No refresh of the prediction log succeeded for two hours, or Prometheus can't reach the exporter. "
        "Values of its models are old, or gone, and no alert about them can be trusted. Look at: whether the exporter "
        "runs and is scraped; its status page, which says what failed; the warehouse.",
    )


def _of_the_exporter() -> tuple[Rule, ...]:
    return (
        _rule(
            "exporter drops series",
            Reading(f"max by (predictor) (last_over_time({OwnMetric.DROPPED_SERIES}[10m]))", ">", 0),
            summary=f"The exporter leaves out {VALUE} series of {{{{ $labels.predictor }}}}",
            description="The predictor has more series than the limit allows, so some of its features are not "
            "monitored. Look at: what grew (a feature name made from an id?), on the exporter's status page and in its "
            "log; then mend the source, or raise the limit in the exporter's configuration.",
        ),
        _rule(
            "exporter misses windows",
            Reading(f"max by (log) (increase({OwnMetric.MISSED_WINDOWS}[3h]))", ">", 0),
            summary="The exporter missed windows of the log {{ $labels.log }}",
            description="Windows that were due were not computed in time. It catches up by itself, oldest first; rules "
            "that count windows in a row wait meanwhile. Look at: the exporter's log, for restarts and slow queries.",
        ),
        _rule(
            "exporter refreshes fail",
            Reading(f"max by (log) (increase({OwnMetric.ERRORS}[1h]))", ">", 0),
            summary="The exporter failed to read the log {{ $labels.log }}",
            description="A refresh failed in the last hour. The last good values stay for the configured maximum age, "
            "then they vanish. Look at: the exporter's status page and log, which say in words what failed; the "
            "warehouse's own state and credentials.",
        ),
    )


def _rule(
    name: str,
    reading: Reading,
    *,
    summary: str,
    description: str,
    severity: AlertSeverity = AlertSeverity.NOTIFY,
    absent: str | None = None,
    log: str | None = None,
    unit: Unit = Unit.NUMBER,
) -> Rule:
    labels = {"driftgauge": "exporter", "severity": str(severity)}
    if log is not None:
        labels["log"] = literal(log)
    return Rule(
        uid=uid("exporter-rule", name),
        name=f"driftgauge: {name}",
        severity=severity,
        readings=(reading,),
        guards=(),
        absent=absent,
        range_seconds=_LOOK_BACK_SECONDS,
        labels=tuple(sorted(labels.items())),
        unit=unit,
        summary=summary,
        description=description,
        runbook_url=None,
        dashboard_uid=FLEET_DASHBOARD_UID,
        panel_id=None,
    )
