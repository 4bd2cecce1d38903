"""What the facts of a log let one guess, each guess with the reason that the reader of the registry sees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from metrics_exporter.compute.log_facts import FeatureFacts, LogFacts, ModelFacts, Range
from metrics_exporter.definitions import Kind

_DAY = timedelta(days=1)
_AS_MUCH = 0.95  # a model with this share of the busiest one's traffic predicts as much as it
_UNHEARD_HOURS = 2  # silences up to this leave the default of three hours in peace

_UNITS = {
    **dict.fromkeys(("ms", "millis", "milliseconds"), "milliseconds"),
    **dict.fromkeys(("secs", "seconds"), "seconds"),
    **dict.fromkeys(("mins", "minutes"), "minutes"),
    **{name: name for name in ("hours", "days", "weeks", "months", "years", "miles", "cents", "bytes", "mph")},
    **dict.fromkeys(("km", "kilometers", "kilometres"), "km"),
    **dict.fromkeys(("meters", "metres"), "m"),
    **dict.fromkeys(("kg", "kilograms"), "kg"),
    **dict.fromkeys(("kmh", "kph"), "km/h"),
    **dict.fromkeys(("pct", "percent"), "percent"),
    **{currency: currency.upper() for currency in ("usd", "eur", "gbp", "jpy")},
    **{scale: scale for scale in ("celsius", "fahrenheit")},
}
_SHARES = frozenset({"ratio", "share", "fraction", "probability"})
_CODES = frozenset({"id", "code", "zip", "zipcode", "postcode"})
_TRUTHS = frozenset({"is", "has"})
_WORDS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Guess:
    """A value, and why it is thought to be right; no reason: the log says so."""

    value: str
    reason: str = ""


@dataclass(frozen=True)
class Roles:
    """The models that still predict: the one that is probably served, why, and the others."""

    primary: str
    reason: str
    shadows: tuple[str, ...]


@dataclass(frozen=True)
class Declared:
    """What to declare of a feature; `reason` is empty where nothing is guessed."""

    name: str
    kind: Kind | None
    unit: str | None
    reason: str


def task(results: Range | None) -> Guess:
    """What kind of thing is predicted, by its range."""
    if results is None:
        return Guess("regression", "guess: there were no results to go by")
    if results.low >= 0 and results.high <= 1:
        return Guess("binary", "guess: all results lie between 0 and 1")
    return Guess("regression", f"guess: results lie between {results.low:.6g} and {results.high:.6g}")


def still_predicting(models: Sequence[ModelFacts]) -> tuple[ModelFacts, ...]:
    """The models that predicted in the last day before the latest prediction of any of them."""
    latest = max(model.last_seen for model in models)
    return tuple(model for model in models if model.last_seen > latest - _DAY)


def roles(models: Sequence[ModelFacts]) -> Roles:
    """Who is served: the busiest of the last day; of equally busy ones, the one that has been there longest.

    A shadow predicts as much as the model that it may replace, but it came later and has the higher version.
    """
    latest = max(model.last_seen for model in models)
    recent = {model.id: model.rows(after=latest - _DAY) for model in models}
    busy = [model for model in models if recent[model.id] >= _AS_MUCH * max(recent.values())]
    oldest = min(model.first_seen for model in busy)
    longest = [model for model in busy if model.first_seen == oldest]
    primary = min((model.id for model in longest), key=_version)
    if len(models) == 1:
        reason = "the only model that predicts"
    elif len(busy) == 1:
        reason = f"guess: it made {recent[primary] / sum(recent.values()):.0%} of the last day's predictions"
    elif len(longest) == 1:
        reason = "guess: of the models that predict as much, it has been in the log longest"
    else:
        reason = "guess: the lowest version of the models that predict as much"
    return Roles(primary, reason, tuple(sorted((m.id for m in models if m.id != primary), key=_version)))


def max_silence(models: Sequence[ModelFacts], facts: LogFacts) -> Guess | None:
    """How long a model may be silent, where the default of three hours would have fired."""
    full_hours = facts.end - timedelta(hours=1)  # the last hour may not be over
    longest = max(model.longest_silence(full_hours) for model in models)
    if longest <= _UNHEARD_HOURS:
        return None
    days = (facts.end - facts.start) // _DAY
    return Guess(f"{longest + 2}h", f"guess: the longest silence of the last {days} days was {longest} hours")


def feature(facts: FeatureFacts) -> Declared:
    """Kind and unit of a feature: the kind as the values say, unless its name says that they are no quantities."""
    words = [word for word in _WORDS.split(facts.name.lower()) if word]
    if facts.kind is Kind.NUMERIC and words:
        if words[-1] in _CODES:
            return Declared(facts.name, Kind.CATEGORICAL, None, "guess by its name: numbers that are codes")
        if words[0] in _TRUTHS and len(words) > 1 and facts.numbers in _ZERO_ONE:
            return Declared(facts.name, Kind.BOOLEAN, None, "guess by its name: 0 and 1 are false and true")
    unit = _unit(words, facts) if facts.kind is Kind.NUMERIC else None
    reasons = ["guess: numbers and text both occur"] if facts.is_mixed else []
    if unit:
        reasons.append("the unit is a guess by its name")
    return Declared(facts.name, facts.kind, unit, "; ".join(reasons))


_ZERO_ONE = (Range(0, 1), Range(0, 0), Range(1, 1))


def _unit(words: Sequence[str], facts: FeatureFacts) -> str | None:
    if len(words) < 2:  # `minutes` alone may be anything
        return None
    numbers = facts.numbers
    if words[-1] in _SHARES:
        return "ratio" if numbers and numbers.low >= 0 and numbers.high <= 1 else None
    return _UNITS.get(words[-1])


def _version(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts `v9` before `v10`."""
    parts = re.split(r"([0-9]+)", name)
    return tuple((1, int(part), "") if part.isdigit() and part.isascii() else (0, 0, part) for part in parts)
