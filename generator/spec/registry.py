"""The registry as the checks see it: what all files declare together, each entry with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from generator.findings import Place
from generator.spec import profiles
from generator.spec.derived import training_profiles
from generator.spec.releases import Releases
from generator.spec.tree import Document, KeyPath
from generator.spec.v1 import Alert, Log, Predictor, Team, TrainingReference

T = TypeVar("T")


@dataclass(frozen=True)
class Entry(Generic[T]):
    """A log, team or predictor that a file declares.

    `value` is None where the entry's shape is wrong: it is known to be there, and nothing else is known of it.
    `alert_numbers` are the places in the file's list of the alerts that `value` has: one of wrong shape is left out.
    """

    name: str
    document: Document
    path: KeyPath
    value: T | None
    alert_numbers: tuple[int, ...] = ()

    def place(self, *keys: str | int, key: bool = False) -> Place:
        """The place of the value below these keys, or of its key; without keys, of the entry's name."""
        return self.document.place((*self.path, *keys), key=key or not keys)


class DeclaredAlert(NamedTuple):
    """An alert, its predictor, and its place."""

    predictor: Entry[Predictor]
    spec: Predictor
    number: int
    alert: Alert

    def place(self, *keys: str) -> Place:
        """The place of the alert's value below these keys; without keys, of the alert."""
        return self.predictor.place("alerts", self.number, *keys)


class NamedProfile(NamedTuple):
    """A training profile that a predictor names for one of its models; `facts` is None where there is no such file."""

    entry: Entry[Predictor]
    spec: Predictor
    model_id: str
    path: str
    facts: profiles.Facts | None

    @property
    def place(self) -> Place:
        """Where it is named: behind the model's id, or as the only one."""
        is_by_model = isinstance(self.spec.reference, TrainingReference) and isinstance(
            self.spec.reference.profile, dict
        )
        return self.entry.place("reference", "profile", *([self.model_id] if is_by_model else []))


@dataclass
class Declarations:
    """All entries of all files, in the order of the files; `complete` is False where a file couldn't be read.

    `seen` are the features that were seen in the log, by predictor; of one that isn't there, nothing is known.
    """

    folder: Path
    releases: Releases
    seen: Mapping[str, Sequence[str]]
    logs: list[Entry[Log]] = field(default_factory=list)
    teams: list[Entry[Team]] = field(default_factory=list)
    predictors: list[Entry[Predictor]] = field(default_factory=list)
    complete: bool = True

    def team(self, name: str) -> Team | None:
        """The team of this name, None when there is none or its shape is wrong."""
        return self._teams.get(name)

    @cached_property
    def _teams(self) -> dict[str, Team | None]:
        return {entry.name: entry.value for entry in reversed(self.teams)}

    def valid_predictors(self) -> Iterator[tuple[Entry[Predictor], Predictor]]:
        """The predictors whose shape is right."""
        for entry in self.predictors:
            if entry.value is not None:
                yield entry, entry.value

    def training_profiles(self) -> Sequence[NamedProfile]:
        """The profiles of all training references; of models that the predictor hasn't, too."""
        return self._training_profiles

    @cached_property
    def _training_profiles(self) -> list[NamedProfile]:
        return [
            NamedProfile(entry, spec, model_id, path, profiles.facts(self.folder, path))
            for entry, spec in self.valid_predictors()
            for model_id, path in training_profiles(spec).items()
        ]

    def alerts(self) -> Sequence[DeclaredAlert]:
        """All alerts whose shape is right."""
        return self._alerts

    @cached_property
    def _alerts(self) -> list[DeclaredAlert]:
        return [
            DeclaredAlert(entry, spec, number, alert)
            for entry, spec in self.valid_predictors()
            for number, alert in zip(entry.alert_numbers, spec.alerts, strict=True)
        ]
