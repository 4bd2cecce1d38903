"""The series limit: which predictors are left out when there are too many series, and how to say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from metrics_exporter.definitions import Subject
from metrics_exporter.profiles.text import Ints, Text
from metrics_exporter.serving.view import Group

_NAMED = 3
_NAME_LENGTH = 60  # of a name in a sentence


@dataclass(frozen=True, slots=True)
class Size:
    """How large a predictor is on `/metrics`, and what makes it large."""

    series: int
    models: frozenset[str]
    features: frozenset[str]


EMPTY = Size(0, frozenset(), frozenset())


def sizes(groups: Iterable[Group], series: Mapping[str, int]) -> Mapping[str, Size]:
    """The size of each predictor."""
    models: dict[str, set[str]] = {name: set() for name in series}
    features: dict[str, set[str]] = {name: set() for name in series}
    for group in groups:
        _collect(group.models.predictor, group.models.model_id, group.rows[Subject.MODEL], models)
        _collect(group.profiles.predictor, group.profiles.feature, group.rows[Subject.FEATURE], features)
    return {name: Size(series[name], frozenset(models[name]), frozenset(features[name])) for name in series}


def _collect(predictor: Text, text: Text, rows: Ints, found: Mapping[str, set[str]]) -> None:
    """Add each predictor's distinct words."""
    pairs = np.unique(predictor.codes[rows].astype(np.int64) * len(text.words) + text.codes[rows])
    for pair in pairs.tolist():
        name, word = divmod(pair, len(text.words))
        found[predictor.words[name]].add(text.words[word])


def too_large(now: Mapping[str, Size], before: Mapping[str, Size], limit: int) -> tuple[str, ...]:
    """The predictors to leave out so that the rest fits: those first that grew most since they were last exported."""
    total = sum(size.series for size in now.values())
    left_out: list[str] = []
    for name in sorted(now, key=lambda name: (_growth(now[name], before.get(name, EMPTY)), now[name].series, name)):
        if total <= limit:
            break
        left_out.append(name)
        total -= now[name].series
    return tuple(left_out)


def explain(name: str, now: Size, before: Size, limit: int) -> str:
    """Why a predictor is left out, and what of it grew."""
    new = [
        _list("model", sorted(now.models - before.models)),
        _list("feature", sorted(now.features - before.features)),
    ]
    grew = f"grew from {before.series:,} to {now.series:,} series" if before.series else f"has {now.series:,} series"
    what = " and ".join(part for part in new if part)
    return (
        f"predictor {name[:_NAME_LENGTH]!r} {grew} and is left out: the limit for all is {limit:,}"
        f"{f'; new: {what}' if what else ''}; drop what does not belong in the log, or raise series_limit"
    )


def _growth(now: Size, before: Size) -> int:
    return before.series - now.series


def _list(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = "" if len(names) <= _NAMED else ", …"
    named = ", ".join(map(_shown, names[:_NAMED]))
    return f"{len(names):,} {what}{'' if len(names) == 1 else 's'} ({named}{more})"


def _shown(name: str) -> str:
    """A name as a sentence can hold it: on one line, nothing that a terminal obeys, and not a page long."""
    short = name[:_NAME_LENGTH]
    return f"{short if short.isprintable() else repr(short)}{'' if short == name else '…'}"
