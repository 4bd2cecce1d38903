"""An evaluation, which this version's exporter doesn't compute yet."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, listing
from generator.spec.registry import Declarations

RULE = Rule("evaluation-not-computed", Severity.WARNING, "An evaluation, which isn't computed yet")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each evaluation; it names the alerts that never fire for it."""
    alerts: dict[int, list[str]] = {}
    for declared_alert in declared.alerts():
        if declared_alert.alert.metric.startswith("evaluation"):
            alerts.setdefault(id(declared_alert.predictor), []).append(declared_alert.alert.id)
    for entry, predictor in declared.valid_predictors():
        if predictor.evaluation:
            silent = alerts.get(id(entry))
            yield RULE.finding(
                entry.place("evaluation", key=True),
                "the exporter of this version doesn't compute evaluations: only the figures of `training` are there"
                + (f", and these alerts never fire: {listing(silent)}" if silent else ""),
                f"remove it, or keep it for the version that does, with `# driftgauge: ignore {RULE.code} -- …`",
            )
