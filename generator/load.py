"""The registry folder → the model, and everything that is wrong with it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from generator import resolve
from generator.checks import listed
from generator.findings import Finding, Severity
from generator.model import Registry
from generator.spec import sources, versions, yaml_reader
from generator.spec.registry import Declarations
from generator.spec.sources import Source
from generator.spec.tree import Document


@dataclass(frozen=True)
class Loaded:
    """The registry, None when there is an error in it, and the findings in the order of their places."""

    registry: Registry | None
    findings: tuple[Finding, ...]
    files: int = 0


def load_registry(folder: Path) -> Loaded:
    """Read all registry files below `folder`. What is wrong with them are findings, never an exception."""
    with _without_garbage_collection():
        files, findings = sources.read(folder)
        declarations = Declarations(complete=not findings)
        for source in files:
            findings += _declare(source, declarations)
        for check in listed.MEANING:
            findings += check.check(declarations)
        failed = any(finding.severity is Severity.ERROR for finding in findings)
        registry = None if failed else resolve.resolve(declarations)
    return Loaded(registry, tuple(sorted(findings)), len(files))


def _declare(source: Source, declarations: Declarations) -> list[Finding]:
    """Add what a file declares; what is wrong with its syntax and shape."""
    document, findings = _document(source)
    found, misshapen = versions.load(document) if document else (None, [])
    if found is None:
        declarations.complete = False
    else:
        declarations.logs += found.logs
        declarations.teams += found.teams
        declarations.predictors += found.predictors
    # One mistake is one finding: what the syntax is about already has its sentence.
    told = {finding.place for finding in findings}
    return findings + [finding for finding in misshapen if finding.place not in told]


def _document(source: Source) -> tuple[Document | None, list[Finding]]:
    return yaml_reader.read(source.name, source.text)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """A large registry makes a million objects that all stay: searching them for garbage takes longer than reading."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
