"""A silence shorter than a window, which nothing can see."""

from __future__ import annotations

from collections.abc import Iterator

from generator.checks.shape.bad_duration import seconds
from generator.findings import Finding, Rule, Severity, quote
from generator.spec.registry import Declarations
from metrics_exporter.windows import Window

RULE = Rule("silence-below-window", Severity.WARNING, "A `max_silence` that is no multiple of the window")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each `max_silence` that was written down and isn't whole windows of the predictor's cadence."""
    for entry, predictor in declared.valid_predictors():
        window = predictor.cadence[0]
        silence = seconds(predictor.freshness.max_silence)
        if "max_silence" in predictor.freshness.model_fields_set and silence % Window.parse(window).seconds:
            windows = -(-silence // Window.parse(window).seconds)
            yield RULE.finding(
                entry.place("freshness", "max_silence"),
                f"{quote(predictor.freshness.max_silence)} is no whole number of windows of {window}: "
                f"the alert fires after {windows}",
                f"write {windows}{window[-1]}",
            )
