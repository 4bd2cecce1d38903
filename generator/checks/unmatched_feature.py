"""An alert on a feature that is neither among those that the predictor declares nor among those in the log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, did_you_mean, nearest, quote
from generator.promql import glob_regex, is_glob
from generator.spec.derived import feature_text, features_named
from generator.spec.registry import Declarations

RULE = Rule("unmatched-feature", Severity.WARNING, "An alert's feature that matches none that is declared or seen")

_DECLARE = "declare it under `features:` ({} is enough) if the log has it under this name"
_MOST_FEATURES = 300  # that a near glob is looked for in
_READ_AGAIN = "run `driftgauge discover --write` again if the log has it by now"


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert whose feature or glob matches nothing that is known of its predictor.

    A predictor that declares no feature, and whose log nobody has read, is left out: any feature may be in the log.
    """
    for declared_alert in declared.alerts():
        alert, predictor = declared_alert.alert, declared_alert.predictor.name
        features, seen = declared_alert.spec.features, declared.seen.get(predictor, ())
        wrong = feature_text(alert)
        if wrong is None or not (features or seen):
            continue
        if features_named(alert, features) or features_named(alert, seen):
            continue
        glob = wrong == alert.feature and is_glob(wrong)
        what = "matches none of" if glob else "is none of"
        or_seen = " or that were seen in the log" if seen else ""
        yield RULE.finding(
            declared_alert.place("feature"),
            f"{quote(wrong)} {what} the features that {quote(predictor)} declares{or_seen}",
            _advice(wrong, [*features, *seen], _READ_AGAIN if seen else _DECLARE, glob=glob),
        )


def _advice(wrong: str, features: list[str], otherwise: str, *, glob: bool) -> str:
    if glob and (near := _nearest_glob(wrong, features)):
        return f"did you mean {quote(near)}? Otherwise {otherwise}"
    return did_you_mean(wrong, features, otherwise)


def _nearest_glob(wrong: str, features: list[str]) -> str | None:
    """The glob that was probably meant: `wrong` with letters of its own mended, so that it matches one of the features.

    What is before the first wildcard must begin a feature's name, what is behind the last one end it.
    """
    parts = re.split(r"([*?]+)", wrong)
    mended = list(parts)
    for number, part in enumerate(parts):
        if number % 2 == 0 and part:
            mended[number] = nearest(part, _pieces(features, len(part), number == 0, number == len(parts) - 1)) or part
    glob = "".join(mended)
    pattern = re.compile(glob_regex(glob), re.DOTALL)
    return glob if any(map(pattern.fullmatch, features)) else None


def _pieces(features: list[str], length: int, at_start: bool, at_end: bool) -> dict[str, None]:
    """What a misspelt part of about this length can have meant in the names: their beginnings, ends or any part."""
    lengths = range(max(1, length - 1), length + 2)
    pieces: dict[str, None] = {}
    for name in features[:_MOST_FEATURES]:
        for size in lengths:
            starts = [0] if at_start else [len(name) - size] if at_end else range(len(name) - size + 1)
            pieces |= dict.fromkeys(name[start : start + size] for start in starts if start >= 0)
    return pieces
