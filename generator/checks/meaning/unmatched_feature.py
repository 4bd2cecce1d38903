"""An alert on a feature that isn't among those that the predictor declares."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, did_you_mean, quote
from generator.promql import is_glob
from generator.spec.derived import features_named
from generator.spec.registry import Declarations

RULE = Rule("unmatched-feature", Severity.WARNING, "An alert's feature that matches none that is declared")


_DECLARE = "declare it under `features:` ({} is enough) if the log has it under this name"


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert whose feature or glob matches nothing that its predictor declares.

    A predictor that declares no feature is left out: all of its features are known from the log only.
    """
    for declared_alert in declared.alerts():
        alert, predictor = declared_alert.alert, declared_alert.spec
        if alert.feature is None or not predictor.features or features_named(alert, predictor):
            continue
        what = "matches none of" if is_glob(alert.feature) else "is none of"
        yield RULE.finding(
            declared_alert.place("feature"),
            f"{quote(alert.feature)} {what} the features that {quote(declared_alert.predictor.name)} declares",
            did_you_mean(alert.feature, predictor.features, _DECLARE),
        )
