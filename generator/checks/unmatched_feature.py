"""An alert on a feature that is neither among those that the predictor declares nor among those in the log."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, did_you_mean, quote
from generator.promql import is_glob
from generator.spec.derived import features_named
from generator.spec.registry import Declarations

RULE = Rule("unmatched-feature", Severity.WARNING, "An alert's feature that matches none that is declared or seen")

_DECLARE = "declare it under `features:` ({} is enough) if the log has it under this name"
_READ_AGAIN = "run `driftgauge discover --write` again if the log has it by now"


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert whose feature or glob matches nothing that is known of its predictor.

    A predictor that declares no feature, and whose log nobody has read, is left out: any feature may be in the log.
    """
    for declared_alert in declared.alerts():
        alert, predictor = declared_alert.alert, declared_alert.predictor.name
        features, seen = declared_alert.spec.features, declared.seen.get(predictor, ())
        if alert.feature is None or not (features or seen):
            continue
        if features_named(alert, features) or features_named(alert, seen):
            continue
        what = "matches none of" if is_glob(alert.feature) else "is none of"
        or_seen = " or that were seen in the log" if seen else ""
        yield RULE.finding(
            declared_alert.place("feature"),
            f"{quote(alert.feature)} {what} the features that {quote(predictor)} declares{or_seen}",
            did_you_mean(alert.feature, {**features, **dict.fromkeys(seen)}, _READ_AGAIN if seen else _DECLARE),
        )
