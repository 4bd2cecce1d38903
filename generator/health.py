"""The alerts about the exporter itself: they belong to nobody's models, and so to the platform team."""

from __future__ import annotations

from generator.conventions import FLEET_DASHBOARD_UID, uid
from generator.model import AlertSeverity
from generator.rules import Reading, Rule
from generator.wording import VALUE, Unit
from metrics_exporter.definitions import OwnMetric

_STALE_SECONDS = 2 * 3600  # it succeeds each hour: this is two refreshes in a row that did not
_LOOK_BACK_SECONDS = 600


def health_rules() -> tuple[Rule, ...]:
    """The exporter's health rules, by name."""
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
            "exporter is stale",
            Reading(f"time() - max by (log) (last_over_time({OwnMetric.LAST_SUCCESS}[10m]))", ">", _STALE_SECONDS),
            severity=AlertSeverity.PAGE,
            absent=f"{OwnMetric.LAST_SUCCESS}[10m]",
            unit=Unit.SECONDS,
            summary="The exporter has published nothing new for more than two hours",
            description="No refresh of a prediction log succeeded for two hours, or Prometheus can't reach the "
            "exporter. Values on all dashboards are old, or gone, and no alert about a model can be trusted. Look at: "
            "whether the exporter runs and is scraped; its status page, which says what failed; the warehouse.",
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
    unit: Unit = Unit.NUMBER,
) -> Rule:
    return Rule(
        uid=uid("exporter-rule", name),
        name=f"driftgauge: {name}",
        severity=severity,
        readings=(reading,),
        guards=(),
        absent=absent,
        range_seconds=_LOOK_BACK_SECONDS,
        labels=(("driftgauge", "exporter"), ("severity", str(severity))),
        unit=unit,
        summary=summary,
        description=description,
        runbook_url=None,
        dashboard_uid=FLEET_DASHBOARD_UID,
        panel_id=None,
    )
