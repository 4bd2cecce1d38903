"""An alert without a threshold, or with more than one."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, listing, quote
from generator.spec.registry import Declarations

RULE = Rule("one-threshold", Severity.ERROR, "An alert without exactly one threshold")

_KEYS = ("above", "below", "outside", "change_above")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert that hasn't exactly one of the thresholds."""
    for declared_alert in declared.alerts():
        given = [key for key in _KEYS if getattr(declared_alert.alert, key) is not None]
        if not given:
            yield RULE.finding(
                declared_alert.place("id"),
                f"the alert {quote(declared_alert.alert.id)} has no threshold",
                f"add one of {listing(_KEYS)}",
            )
        for key in given[1:]:
            advice = (
                "keep one; `outside: {min: …, max: …}` has both sides"
                if {"above", "below"} <= set(given)
                else ("keep one, and make an alert of its own of the other")
            )
            yield RULE.finding(
                declared_alert.place(key),
                f"the alert has the threshold {quote(given[0])} already",
                advice,
                (declared_alert.place(given[0]),),
            )
