"""The registry folder → the model, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator import resolve, settings, silences
from generator.findings import Finding, Severity, together
from generator.garbage import uncollected
from generator.model import Registry
from generator.rulebook import CHECKS
from generator.settings import Settings
from generator.silences import Silence
from generator.spec import jsonnet_reader, quick_reader, seen, sources, versions, yaml_reader
from generator.spec.registry import Declarations
from generator.spec.releases import Releases
from generator.spec.sources import JSONNET, Source
from generator.spec.tree import Document

_UNCOUNTED = Releases()
_UNREAD: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True)
class Loaded:
    """The registry, None when there is an error in it, and the findings in the order of their places.

    `files` is how many registry files there were.
    """

    registry: Registry | None
    findings: tuple[Finding, ...]
    files: int


@dataclass(frozen=True)
class Repository(Loaded):
    """The settings beside a registry, and the registry: None when there is an error in either, or in `seen.json`."""

    settings: Settings = field(default_factory=Settings)


def load_repository(folder: Path, quickly: Callable[[str], Any] = quick_reader.read) -> Repository:
    """Read the settings beside the registry `folder`, and all there is in it. What is wrong are findings.

    `quickly` is a way to read YAML: see `yaml_reader.read`.
    """
    read = settings.read(settings.beside(folder))
    known = read.settings or Settings()
    log = seen.read(folder)
    loaded = load_registry(folder, known.releases, log.features, quickly)
    registry = None if read.settings is None or log.finding else loaded.registry
    findings = sorted([log.finding, *loaded.findings]) if log.finding else loaded.findings
    return Repository(registry, (*read.findings, *findings), loaded.files, known)


def load_registry(
    folder: Path,
    releases: Releases = _UNCOUNTED,
    features: Mapping[str, Sequence[str]] = _UNREAD,
    quickly: Callable[[str], Any] = quick_reader.read,
) -> Loaded:
    """Read all registry files below `folder`. What is wrong with them are findings, never an exception.

    Args:
        folder: the registry.
        releases: what is known of the repository's releases.
        features: those seen in the log, by predictor.
        quickly: a way to read YAML: see `yaml_reader.read`.
    """
    with uncollected():
        return _load(Declarations(folder, releases, features), quickly)


def _load(declared: Declarations, quickly: Callable[[str], Any]) -> Loaded:
    files, unreadable = sources.read(declared.folder)
    declared.complete = not unreadable
    reading = _Reading(declared, quickly, unreadable)
    for source in files:
        reading.add(source)
    for check in CHECKS:
        reading.findings += check.check(reading.declared)
    findings = tuple(sorted(silences.apply(reading.silences, reading.findings)))
    failed = any(finding.severity is Severity.ERROR for finding in findings)
    return Loaded(None if failed else resolve.resolve(reading.declared), findings, len(files))


@dataclass
class _Reading:
    """What has been read so far."""

    declared: Declarations
    quickly: Callable[[str], Any]
    findings: list[Finding]
    silences: list[Silence] = field(default_factory=list)

    def add(self, source: Source) -> None:
        """Add what a file declares, and what is wrong with its syntax and shape."""
        document, findings = self._read(source)
        found, misshapen = versions.load(document) if document else (None, [])
        self.declared.complete &= found is not None and found.complete
        if found is not None:
            self.declared.logs += found.logs
            self.declared.teams += found.teams
            self.declared.predictors += found.predictors
        self.findings += together(findings, misshapen)
        if document:
            found_silences, wrong = silences.find(document, source.text)
            self.silences += found_silences
            self.findings += wrong

    def _read(self, source: Source) -> tuple[Document | None, list[Finding]]:
        if source.path.suffix == JSONNET:
            return jsonnet_reader.read(source, self.declared.folder)
        return yaml_reader.read(source.name, source.text, self.quickly)
