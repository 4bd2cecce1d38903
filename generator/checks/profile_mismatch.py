"""A feature of the training profile that isn't one of the log, or is another kind of thing there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.findings import Finding, Rule, Severity, listing, quote
from generator.spec.registry import Declarations, NamedProfile

RULE = Rule("profile-mismatch", Severity.WARNING, "A training profile with other features than the log")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each profile with features of another kind than declared, and one with features not in the log."""
    for named in declared.training_profiles():
        kinds = (named.facts.kinds if named.facts else None) or {}
        yield from _of_other_kinds(named, kinds)
        seen = declared.seen.get(named.entry.name)
        gone = [] if seen is None else sorted(kinds.keys() - {*seen})
        if gone:
            yield RULE.finding(
                named.place,
                f"{quote(named.path)} has {listing(gone, 3)}, which the log didn't have when it was last read",
                "leave out what is no feature with `driftgauge profile --without`; if the log has it by now, run "
                "`driftgauge discover --write` again",
            )


def _of_other_kinds(named: NamedProfile, kinds: Mapping[str, str | None]) -> Iterator[Finding]:
    for name, kind in sorted(kinds.items()):
        feature = named.spec.features.get(name)
        if feature is not None and feature.kind is not None and kind not in {None, str(feature.kind)}:
            yield RULE.finding(
                named.place,
                f"{quote(name)} is {kind} in {quote(named.path)} and declared as {feature.kind}, so the two are not "
                "compared",
                "correct the kind; or run `driftgauge generate` with the right one, then `driftgauge profile` again",
            )
