"""What pydantic refuses → findings at the exact key or value, in a person's words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from generator.checks.shape import missing_key, out_of_range, unknown_choice, unknown_key, wrong_type
from generator.findings import Finding, Rule, Severity
from generator.spec.tree import Document, KeyPath

_ABSENT = object()


def findings(document: Document, error: ValidationError, spec: type[BaseModel]) -> Iterator[tuple[KeyPath, Finding]]:
    """Each problem's key path in the data, and the finding that it is."""
    for problem in error.errors(include_url=False):
        path = _path(document.data, problem["loc"])
        yield path, _finding(document, path, problem, spec)


def _finding(document: Document, path: KeyPath, problem: ErrorDetails, spec: type[BaseModel]) -> Finding:
    kind, value, context = problem["type"], problem["input"], problem.get("ctx", {})
    place = document.place(path)
    if kind == "extra_forbidden":
        place = document.place(path, key=True)
        return unknown_key.finding(place, str(path[-1]), _fields(spec, document.data, path[:-1]))
    if kind in {"missing", "union_tag_not_found"}:
        owner, key = (path[:-1], str(path[-1])) if kind == "missing" else (path, "kind")
        example = _example(_fields(spec, document.data, owner)[key])
        return missing_key.finding(document.place(owner), key, example)
    if kind in {"literal_error", "union_tag_invalid"}:
        return unknown_choice.finding(place, *_choice(kind, value, context))
    if kind in wrong_type.EXPECTED:
        return wrong_type.finding(place, kind, value, document.text(path))
    if kind in out_of_range.ADVICE:
        return out_of_range.finding(place, kind, value, context)
    # What is left are the validators of the spec itself, which bring the words with them.
    if problem["loc"][-1] == "[key]":
        place = document.place(path, key=True)
    return Rule(kind, Severity.ERROR, "").finding(place, context["message"], context["advice"])


def _path(data: Any, loc: tuple[str | int, ...]) -> KeyPath:
    """The part of pydantic's location that is in the data: without names of union members and `[key]`."""
    path: list[str | int] = []
    here = data
    for position, part in enumerate(loc):
        child = _child(here, part)
        if child is not _ABSENT:
            path.append(part)
            here = child
        elif position == len(loc) - 1 and part != "[key]" and isinstance(here, dict):
            path.append(part)
    return tuple(path)


def _child(data: Any, part: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(part, _ABSENT)
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return data[part]
    return _ABSENT


def _choice(kind: str, value: Any, context: Mapping[str, Any]) -> tuple[Any, list[str]]:
    if kind == "literal_error":
        return value, [choice.strip("' ") for choice in context["expected"].replace(" or ", ",").split(",")]
    return context["tag"], [choice.strip("' ") for choice in context["expected_tags"].split(",")]


def _fields(spec: type[BaseModel], data: Any, path: KeyPath) -> dict[str, FieldInfo]:
    """The keys that the mapping at `path` may have."""
    annotation: Any = spec
    here = data
    for part in path:
        here = _child(here, part)
        annotation = _step(annotation, part)
    models = [_keys(option) for option in _options(annotation) if _keys(option)]
    kind = here.get("kind") if isinstance(here, dict) else None
    named = [keys for keys in models if "kind" in keys and kind in get_args(keys["kind"].annotation)]
    return next(iter([*named, *models]), {})


def _step(annotation: Any, part: str | int) -> Any:
    """The annotation of what `annotation` has at `part`."""
    for option in _options(annotation):
        if get_origin(option) in {dict, list}:
            return get_args(option)[-1]
        if part in (keys := _keys(option)):
            return keys[str(part)].annotation
    raise KeyError(part)


def _keys(annotation: Any) -> dict[str, FieldInfo]:
    """The keys of a model, none of anything else."""
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return {}
    return {field.alias or name: field for name, field in annotation.model_fields.items()}


def _options(annotation: Any) -> tuple[Any, ...]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _options(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return tuple(option for member in get_args(annotation) for option in _options(member))
    return (annotation,)


def _example(field: FieldInfo) -> str:
    """The field's example, as one would write it."""
    return json.dumps((field.examples or [""])[0], ensure_ascii=False).replace('"', "")
