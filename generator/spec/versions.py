"""A document → what it declares. There is one loader a version of the registry file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from generator.findings import Finding, nearest
from generator.findings.shape import missing_key, unknown_key, unsupported_version, wrong_type
from generator.spec import translate
from generator.spec.registry import Entry
from generator.spec.salvage import Salvaged, salvage
from generator.spec.tree import Document
from generator.spec.v1 import RegistryFile

SpecT = TypeVar("SpecT", bound=BaseModel)


def load(document: Document) -> tuple[Salvaged | None, list[Finding]]:
    """What the document declares, None when its version can't be read, and what is wrong with its shape."""
    data = document.data
    if not isinstance(data, dict):
        return None, [wrong_type.finding(document.place(), "dict_type", data, None)]
    if "version" not in data:
        if near := nearest("version", map(str, data)):
            return None, [unknown_key.finding(document.place((near,), key=True), near, ["version"])]
        return None, [missing_key.finding(document.place(), "version", f"version: {max(LOADERS)}")]
    version = data["version"]
    if isinstance(version, bool) or not isinstance(version, int) or version not in LOADERS:
        return None, [unsupported_version.finding(document.place(("version",)), version, LOADERS)]
    return LOADERS[version](document)


def only(document: Document, spec: type[SpecT], version: int, of: str) -> tuple[SpecT | None, list[Finding]]:
    """A document of a format that has one version yet, None when there is something wrong, and what; `of` names it."""
    data: Any = document.data
    if not isinstance(data, dict):
        return None, [wrong_type.finding(document.place(), "dict_type", data, None)]
    found = data.get("version", version)
    if found != version or isinstance(found, bool):
        return None, [unsupported_version.finding(document.place(("version",)), found, [version], of)]
    try:
        return spec.model_validate(data), []
    except ValidationError as error:
        return None, [finding for _, finding in translate.findings(document, error, spec)]


def _version_1(document: Document) -> tuple[Salvaged, list[Finding]]:
    try:
        file = RegistryFile.model_validate(document.data)
    except ValidationError as error:
        problems = list(translate.findings(document, error, RegistryFile))
        return salvage(document, [path for path, _ in problems]), [finding for _, finding in problems]
    return Salvaged(
        [Entry(name, document, ("logs", name), log) for name, log in file.logs.items()],
        [Entry(name, document, ("teams", name), team) for name, team in file.teams.items()],
        [
            Entry(name, document, ("predictors", name), predictor, tuple(range(len(predictor.alerts))))
            for name, predictor in file.predictors.items()
        ],
    ), []


LOADERS: dict[int, Callable[[Document], tuple[Any, list[Finding]]]] = {1: _version_1}
