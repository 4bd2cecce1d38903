"""A silence shorter than a window, which nothing can see."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.findings.shape.bad_duration import seconds
from generator.spec.registry import Declarations
from metrics_exporter.windows import Window

RULE = Rule("silence-below-window", Severity.WARNING, "A `max_silence` shorter than the window")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each `max_silence` that was written down and is shorter than the predictor's shortest window."""
    for entry, predictor in declared.valid_predictors():
        window = min(map(Window.parse, predictor.cadence))
        silence = predictor.freshness.max_silence
        if "max_silence" in predictor.freshness.model_fields_set and seconds(silence) < window.seconds:
            yield RULE.finding(
                entry.place("freshness", "max_silence"),
                f"{quote(silence)} is shorter than a window of {window}: nobody can tell before it has closed",
                f"write {window} or more, or add a shorter window to the `cadence`",
            )
