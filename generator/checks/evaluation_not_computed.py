"""An evaluation, which this version's exporter doesn't compute yet."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity
from generator.spec.registry import Declarations

RULE = Rule("evaluation-not-computed", Severity.WARNING, "An alert on an evaluation, which isn't computed yet")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert on an evaluation that its predictor asks for."""
    for declared_alert in declared.alerts():
        if declared_alert.spec.evaluation and declared_alert.alert.metric.startswith("evaluation"):
            yield RULE.finding(
                declared_alert.place("metric"),
                "the exporter of this version doesn't compute evaluations, so this alert never fires",
                "keep it for the version that does, with a `# driftgauge: ignore evaluation-not-computed -- …` "
                "above it, or remove it",
            )
