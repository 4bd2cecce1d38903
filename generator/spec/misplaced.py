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
_ENTRIES: dict[KeyPath, tuple[str, frozenset[str]]] = {
    ("logs",): ("log", frozenset(Log.model_fields)),
    ("teams",): ("team", frozenset(Team.model_fields)),
    ("predictors",): ("predictor", frozenset(Predictor.model_fields)),
}
_KEYS = frozenset({"alerts", "evaluation", "features", "models"})  # of a predictor, with more below them


def lacks_id(path: KeyPath, value: Any) -> str | None:
    """What the value at a path is, when it is one entry without its id in place of entries by their ids."""
    what, keys = _ENTRIES.get(path, ("", frozenset()))
    return what if isinstance(value, dict) and value and value.keys() <= keys else None


def is_key_among_ids(path: KeyPath) -> bool:
    """Whether a predictor's key stands where the ids of predictors do, as if it were one."""
    return len(path) == 2 and path[0] == "predictors" and path[1] in _KEYS


def recognise(value: Any, possible: Container[str]) -> Block | None:
    """The block that a mapping is which stands where only the `possible` keys may be, None when it may be there."""
    for block in _BLOCKS:
        if isinstance(value, dict) and block.keys <= value.keys() and not all(key in possible for key in block.keys):
            return block
    return None
