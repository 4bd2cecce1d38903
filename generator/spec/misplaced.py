"""Blocks of the registry that are recognised wherever they are, by the keys that only they have to have."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, NamedTuple

from generator.spec.tree import KeyPath
from generator.spec.v1 import Alert, Log, Predictor, Team


class Block(NamedTuple):
    """What a block is, where such belong, and the keys that it is recognised by."""

    what: str
    home: str
    keys: frozenset[str]


_BLOCKS = tuple(
    Block(what, home, frozenset(name for name, field in spec.model_fields.items() if field.is_required()))
    for what, home, spec in (
        ("a predictor", "`predictors:`", Predictor),
        ("an alert", "the `alerts:` of its predictor, after a `- `", Alert),
    )
)
_ALERT_KEYS = frozenset(field.alias or name for name, field in Alert.model_fields.items())
_ENTRIES: dict[KeyPath, tuple[str, frozenset[str]]] = {
    ("logs",): ("log", frozenset(Log.model_fields)),
    ("teams",): ("team", frozenset(Team.model_fields)),
    ("predictors",): ("predictor", frozenset(Predictor.model_fields)),
}
NAMED = frozenset({*(str(path[0]) for path in _ENTRIES), "features"})  # mappings of entries by their names
_KEYS = frozenset({"alerts", "evaluation", "features", "models"})  # of a predictor, with more below them


def lacks_id(path: KeyPath, value: Any) -> str | None:
    """What the value at a path is, when it is one entry without its id in place of entries by their ids."""
    what, keys = _ENTRIES.get(path, ("", frozenset()))
    return what if isinstance(value, dict) and value and value.keys() <= keys else None


def entry_at_top(path: KeyPath, value: Any) -> tuple[str, str] | None:
    """The section that an unknown key at the top level belongs to, and what it is: by the keys that it has."""
    if len(path) != 1 or not isinstance(value, dict):
        return None
    known = {section: len(keys & value.keys()) for (section,), (_, keys) in _ENTRIES.items()}
    best = max(known, key=lambda section: known[section])
    return (str(best), _ENTRIES[best,][0]) if known[best] else None


def is_one_alert(path: KeyPath, value: Any) -> bool:
    """Whether an alert stands where the list of alerts does."""
    return path[-1:] == ("alerts",) and isinstance(value, dict) and bool(value.keys() & _ALERT_KEYS)


def alert_by_id(path: KeyPath, value: Any) -> str | None:
    """The id of an alert of the list whose id is its only key."""
    if len(path) < 2 or path[-2] != "alerts" or not isinstance(value, dict) or len(value) != 1:
        return None
    name, below = next(iter(value.items()))
    return name if name not in _ALERT_KEYS and isinstance(below, dict) else None


def is_key_among_ids(path: KeyPath) -> bool:
    """Whether a predictor's key stands where the ids of predictors do, as if it were one."""
    return len(path) == 2 and path[0] == "predictors" and path[1] in _KEYS


def recognise(value: Any, possible: Container[str]) -> Block | None:
    """The block that a mapping is which stands where only the `possible` keys may be, None when it may be there."""
    for block in _BLOCKS:
        if isinstance(value, dict) and block.keys <= value.keys() and not all(key in possible for key in block.keys):
            return block
    return None
