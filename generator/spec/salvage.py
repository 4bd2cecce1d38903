"""What is left of a file when its wrong parts are taken out, so that the checks can speak of the rest at once.

What is taken out must not make a new finding: an alert goes as a whole, a feature becomes one of which nothing is
declared, a team or log is known by its name only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from generator.findings.shape import bad_name
from generator.spec.registry import Entry
from generator.spec.tree import Document, KeyPath
from generator.spec.v1 import Log, Predictor, Team

_EVALUATION_METRICS = "evaluation"  # what their names begin with


class Salvaged(NamedTuple):
    """The entries of a file, those of wrong shape included; `complete` is False where it may have meant more."""

    logs: list[Entry[Log]]
    teams: list[Entry[Team]]
    predictors: list[Entry[Predictor]]
    complete: bool = True


def salvage(document: Document, wrong: Iterable[KeyPath]) -> Salvaged:
    """The entries of a file in which the values at the `wrong` key paths can't be used."""
    below: defaultdict[tuple[str, str], list[KeyPath]] = defaultdict(list)
    complete = True
    for path in wrong:
        if len(path) > 1:
            below[str(path[0]), str(path[1])].append(path[2:])
        else:
            complete = False

    def simple(section: str, spec: type[Any]) -> list[Entry[Any]]:
        return [
            Entry(name, document, (section, name), None if (section, name) in below else _valid(spec, value))
            for name, value in _section(document.data, section).items()
        ]

    predictors = [
        _predictor(document, name, value, below["predictors", name])
        for name, value in _section(document.data, "predictors").items()
    ]
    return Salvaged(simple("logs", Log), simple("teams", Team), predictors, complete)


def _section(data: Any, name: str) -> dict[str, Any]:
    section = data.get(name) if isinstance(data, dict) else None
    return section if isinstance(section, dict) else {}


def _predictor(document: Document, name: str, value: Any, wrong: list[KeyPath]) -> Entry[Predictor]:
    path = ("predictors", name)
    if not isinstance(value, dict) or () in wrong:
        return Entry(name, document, path, None)
    dropped = {part[1] for part in wrong if len(part) > 1 and part[0] == "alerts"}
    rest = {key: kept for key, kept in value.items() if not _whole(key, wrong)}
    if isinstance(rest.get("features"), dict):
        rest["features"] = _features(rest["features"], wrong)
    alerts = rest.get("alerts") or []
    numbers = [number for number in range(len(alerts)) if number not in dropped]
    if "evaluation" in value and "evaluation" not in rest:
        numbers = [number for number in numbers if not alerts[number]["metric"].startswith(_EVALUATION_METRICS)]
    rest["alerts"] = [alerts[number] for number in numbers]
    return Entry(name, document, path, _valid(Predictor, rest), tuple(numbers))


def _whole(key: str, wrong: list[KeyPath]) -> bool:
    """Whether the predictor's `key` goes as a whole: something in it is wrong, and it isn't a part of its own."""
    return any(path[0] == key and not (key in {"alerts", "features"} and len(path) > 1) for path in wrong)


def _features(features: dict[str, Any], wrong: list[KeyPath]) -> dict[str, Any]:
    spoilt = {path[1] for path in wrong if path[0] == "features" and len(path) > 1}
    return {name: {} if name in spoilt else value for name, value in features.items() if _is_name(name)}


def _is_name(name: str) -> bool:
    try:
        return bad_name.accept(name) == name
    except PydanticCustomError:
        return False


def _valid(spec: type[BaseModel], value: Any) -> Any:
    try:
        return spec.model_validate(value)
    except ValidationError:
        return None
