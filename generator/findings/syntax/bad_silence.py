"""A comment that should silence a finding and can't."""

from __future__ import annotations

from collections.abc import Iterable

from generator.findings import Finding, Place, Rule, Severity, did_you_mean, quote

RULE = Rule("bad-silence", Severity.ERROR, "A silence without a reason, of an error, or of nothing there is")


def without_reason(place: Place, code: str, rest: str) -> Finding:
    """The finding for a silence that doesn't say why, or not after two dashes; `rest` is what follows its code."""
    reason = rest.strip(" -–—:,.(") or "why this is right here"
    return RULE.finding(
        place, f"the silence of {quote(code)} gives no reason", f"write `# driftgauge: ignore {code} -- {reason}`"
    )


def unreadable(place: Place, code: str) -> Finding:
    """The finding for a comment that speaks to driftgauge, and isn't understood."""
    return RULE.finding(
        place,
        "this comment silences nothing as it is written",
        f"write `# driftgauge: ignore {code or 'CODE'} -- why this is right here`; "
        "begin a comment for people with another word",
    )


def of_error(place: Place, code: str) -> Finding:
    """The finding for a silence of an error."""
    return RULE.finding(place, f"{quote(code)} is an error, which can't be silenced", "mend it, and remove the comment")


def of_unknown(place: Place, code: str, known: Iterable[str]) -> Finding:
    """The finding for a silence of a finding that doesn't exist."""
    message = f"there is no finding {quote(code)}" if code else "the silence names no finding"
    return RULE.finding(place, message, did_you_mean(code, known))
