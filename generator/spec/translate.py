"""What pydantic refuses → findings at the exact key or value, in a person's words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from generator.findings import Finding, Rule, Severity, nearest
from generator.findings.shape import (
    misplaced_block,
    missing_key,
    out_of_range,
    unknown_choice,
    unknown_key,
    wrong_type,
)
from generator.findings.syntax import yaml_anchor
from generator.spec import misplaced
from generator.spec.tree import NOTHING, Document, KeyPath
from generator.yaml_text import flow
from metrics_exporter.definitions import DEFAULT_CADENCE
from metrics_exporter.windows import Window

_ABSENT = object()


def findings(document: Document, error: ValidationError, spec: type[BaseModel]) -> Iterator[tuple[KeyPath, Finding]]:
    """The key path in the data of what is wrong, and the finding that it is; one mistake is one finding."""
    problems = [(_path(document.data, problem["loc"]), problem) for problem in error.errors(include_url=False)]
    unknown = {path for path, problem in problems if problem["type"] == "extra_forbidden"}
    missing = {path for path, problem in problems if problem["type"] == "missing"}
    told = _consequences(document.data, spec, unknown, missing)
    blocks = _misplaced(document, spec, [path for path, _ in problems], unknown)
    yield from ((path, found) for path, found in blocks.items() if path not in told)
    for path, problem in problems:
        if path not in told and not any(path[: len(block)] == block for block in blocks):
            yield path, _finding(document, path, problem, spec)


def _misplaced(
    document: Document, spec: type[BaseModel], wrong: list[KeyPath], unknown: set[KeyPath]
) -> dict[KeyPath, Finding]:
    """The blocks that belong elsewhere, by their path, outermost first."""
    found: dict[KeyPath, Finding] = {}
    places = dict.fromkeys(path[:length] for path in wrong for length in range(1, len(path) + 1))
    for path in sorted(places, key=len):
        if any(path[: len(outer)] == outer for outer in found):
            continue
        possible = () if path in unknown else _fields(spec, document.data, path)
        block = misplaced.recognise(_at(document.data, path), possible)
        place = document.place(path, key=True)
        if what := misplaced.lacks_id(path, _at(document.data, path)):
            found[path] = misplaced_block.without_id(place, what)
        elif path in unknown and (home := misplaced.entry_at_top(path, _at(document.data, path))):
            there = home[0] in document.data
            found[path] = misplaced_block.at_top_level(place, str(path[-1]), home[1], home[0], section_is_there=there)
        elif misplaced.is_one_alert(path, _at(document.data, path)):
            found[path] = misplaced_block.without_dash(place, "alert", next(iter(_at(document.data, path))))
        elif alert_id := misplaced.alert_by_id(path, _at(document.data, path)):
            found[path] = misplaced_block.id_for_element(place, "alert", alert_id)
        elif block:
            found[path] = misplaced_block.finding(place, block.what, block.home)
        elif misplaced.is_key_among_ids(path):
            found[path] = misplaced_block.key_as_id(place, str(path[-1]))
    return found


def _consequences(data: Any, spec: type[BaseModel], unknown: set[KeyPath], missing: set[KeyPath]) -> set[KeyPath]:
    """The keys that are missing or unknown only since another one is misspelt, merged in, or at a wrong indentation."""
    # A key that is missing here and unknown further out lost its indentation.
    found = {path for path in missing if any((*path[:length], path[-1]) in unknown for length in range(len(path) - 1))}
    by_owner: defaultdict[KeyPath, set[str]] = defaultdict(set)
    for path in unknown:
        by_owner[path[:-1]].add(str(path[-1]))
    for owner, keys in by_owner.items():
        possible = _fields(spec, data, owner)
        meant = {nearest(key, possible) for key in keys}
        if yaml_anchor.MERGE_KEY in keys:
            meant |= set(possible)
        found |= missing & {(*owner, key) for key in meant if key is not None}
        for name in possible:
            if _child(_at(data, owner), name) is NOTHING:
                below = set(_fields(spec, data, (*owner, name))) or {
                    key for key in keys if isinstance(_child(_at(data, owner), key), dict)
                }
                found |= {(*owner, key) for key in keys & below}
    return found


def _at(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = _child(data, part)
    return data


def _finding(document: Document, path: KeyPath, problem: ErrorDetails, spec: type[BaseModel]) -> Finding:
    kind, value, context = problem["type"], problem["input"], problem.get("ctx", {})
    place = document.place(path)
    if kind == "extra_forbidden":
        place = document.place(path, key=True)
        homes = _homes(spec).get(str(path[-1]), ())
        return unknown_key.finding(place, str(path[-1]), _fields(spec, document.data, path[:-1]), homes)
    if kind in {"missing", "union_tag_not_found"}:
        owner, key = (path[:-1], str(path[-1])) if kind == "missing" else (path, "kind")
        return missing_key.finding(document.place(owner), key, _example(spec, document.data, (*owner, key)))
    if kind in {"literal_error", "union_tag_invalid"}:
        at = path if kind == "literal_error" else (*path, "kind")
        return unknown_choice.finding(document.place(at), *_choice(kind, value, context))
    if kind in wrong_type.EXPECTED:
        return _wrong_type(document, path, problem, spec)
    if kind in out_of_range.ADVICE:
        return out_of_range.finding(place, kind, value, context)
    # What is left are the validators of the spec itself, which bring the words with them.
    if problem["loc"][-1] == "[key]":
        place = document.place(path, key=True)
    return Rule(kind, Severity.ERROR, "").finding(place, context["message"], context["advice"])


def _wrong_type(document: Document, path: KeyPath, problem: ErrorDetails, spec: type[BaseModel]) -> Finding:
    kind, value, place = problem["type"], problem["input"], document.place(path)
    key = str(path[-1]) if path else ""
    if key == "for" and isinstance(value, str) and not value.isdigit():
        return wrong_type.no_windows(place, value, _window(document.data, path))
    if key == "alerts" and isinstance(value, dict) and (name := _first_name(value)):
        return wrong_type.entries(place, key, name)
    if key in misplaced.NAMED and isinstance(value, list):
        return wrong_type.elements(place, key, _name_of(value))
    example = _example(spec, document.data, path)
    return wrong_type.finding(place, kind, value, document.text(path), example=example, key=key)


def _first_name(entries: Mapping[str, Any]) -> str | None:
    """The first key of a mapping of mappings."""
    return next(iter(entries)) if entries and all(isinstance(below, dict) for below in entries.values()) else None


def _name_of(elements: list[Any]) -> str:
    """The name of a list's first element: the element itself, or its `id` or `name`."""
    first = elements[0] if elements else None
    name = first.get("id") or first.get("name") if isinstance(first, dict) else first
    return name if isinstance(name, str) else "…"


def _window(data: Any, path: KeyPath) -> Window:
    """The windows that the alert of a key at `path` watches, as far as they are written down."""
    cadence = _child(_at(data, path[:2]), "cadence")
    for written in (_child(_at(data, path[:-1]), "window"), *(cadence if isinstance(cadence, list) else ())):
        with suppress(ValueError):
            return Window.parse(str(written))
    return DEFAULT_CADENCE[0]


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


@lru_cache
def _homes(spec: type[BaseModel]) -> Mapping[str, list[str]]:
    """The places where each key of the spec may be, as a person writes them."""
    homes: defaultdict[str, list[str]] = defaultdict(list)

    def walk(annotation: Any, path: str) -> None:
        for option in _options(annotation):
            if get_origin(option) in {dict, list}:
                walk(get_args(option)[-1], path + (".<name>" if get_origin(option) is dict else "[]"))
            for key, field in _keys(option).items():
                homes[key].append(path)
                walk(field.annotation, f"{path}.{key}" if path else key)

    walk(spec, "")
    return homes


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


def _example(spec: type[BaseModel], data: Any, path: KeyPath) -> str:
    """What one could write for what is at `path`, with its key if it has one; empty where the spec has no example."""
    for depth in range(len(path), 0, -1):
        field = _fields(spec, data, path[: depth - 1]).get(str(path[depth - 1]))
        if field is not None:
            return _below((field.examples or [None])[0], path[depth - 1], path[depth:])
    return ""


def _below(example: Any, key: str | int, path: KeyPath) -> str:
    """The part of a key's example that stands for `path` below it."""
    for _ in path:
        example = next(iter(example.values() if isinstance(example, dict) else example or ()), None)
    if example is None:
        return ""
    last = path[-1] if path else key
    return f"{last}: {flow(example)}" if isinstance(last, str) else flow(example)
