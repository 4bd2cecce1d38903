"""Facts and a registry → what to add to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic_core import PydanticCustomError

from generator.discover import guesses
from generator.discover.guesses import Declared, Guess, Roles
from generator.findings import listing, quote
from generator.findings.shape import bad_name
from generator.model import Predictor, Registry
from generator.spec.derived import DEFAULT_LOG
from metrics_exporter.compute.log_facts import LogFacts, ModelFacts, PredictorFacts
from metrics_exporter.definitions import Kind, Log

PLACEHOLDER_TEAM = "unowned"

# Beyond these, names are data that somebody made keys of. They change from day to day, and nobody reviews them.
MOST_FEATURES = 2_000
MOST_MODELS = 100


@dataclass(frozen=True)
class NewPredictor:
    """A predictor that no file registers; `log` is None for the default one."""

    id: str
    log: str | None
    task: Guess
    roles: Roles
    max_silence: Guess | None
    features: tuple[Declared, ...]


@dataclass(frozen=True)
class Additions:
    """What is new of a registered predictor: models, and features whose kind has to be declared."""

    predictor: str
    shadows: tuple[str, ...]
    kinds: tuple[tuple[str, Kind], ...]


@dataclass(frozen=True)
class Proposal:
    """What to add to a registry.

    Attributes:
        predictors: new ones, by id.
        team: whose they are for now.
        is_new_team: the team is a placeholder that has to be declared.
        additions: to registered predictors, by id.
        registered: the ids of all registered predictors.
        features: the names of those that the log has, by predictor, of the new ones and of the registered ones.
        notes: what a person should know and no file says.
    """

    predictors: tuple[NewPredictor, ...]
    team: str
    is_new_team: bool
    additions: tuple[Additions, ...]
    registered: frozenset[str]
    features: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


def propose(logs: Iterable[LogFacts], registry: Registry | None) -> Proposal:
    """What to add for all that is in the logs; a registry of None has no file yet."""
    predictors = registry.predictors if registry else ()
    found = _Collected(
        {predictor.id: predictor for predictor in predictors},
        {earlier: predictor.id for predictor in predictors for earlier in predictor.was},
    )
    for facts in logs:
        for predictor in facts.predictors:
            found.add(predictor, facts)
    teams = [team.id for team in registry.teams] if registry else []
    team = teams[0] if len(teams) == 1 else PLACEHOLDER_TEAM
    return Proposal(
        predictors=tuple(sorted(found.new.values(), key=lambda predictor: predictor.id)),
        team=team,
        is_new_team=team not in teams,
        additions=tuple(sorted(found.additions, key=lambda additions: additions.predictor)),
        registered=frozenset(found.registered),
        features=found.features,
        notes=tuple(found.notes),
    )


@dataclass
class _Collected:
    """What has been found so far."""

    registered: dict[str, Predictor]
    renamed: dict[str, str]  # to what, by an earlier id
    new: dict[str, NewPredictor] = field(default_factory=dict)
    additions: list[Additions] = field(default_factory=list)
    features: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, predictor: PredictorFacts, facts: LogFacts) -> None:
        owner = self.registered.get(predictor.name)
        if owner is not None and owner.log != facts.log:
            self.notes.append(
                f"{quote(predictor.name)} has rows in the log {quote(facts.log)} and is registered for "
                f"{quote(owner.log)}: these rows are not monitored"
            )
        elif predictor.name in self.renamed:
            self.notes.append(f"{quote(predictor.name)} is registered as {quote(self.renamed[predictor.name])} now")
        elif predictor.name in self.new:
            self.notes.append(f"{quote(predictor.name)} is in more than one log; only the first is proposed")
        elif self._is_writable("predictor", predictor.name):
            self._look_at(predictor, facts, owner)

    def _look_at(self, predictor: PredictorFacts, facts: LogFacts, owner: Predictor | None) -> None:
        of = f" of {quote(predictor.name)}"
        known = {model.id for model in owner.models} if owner else set()
        active = guesses.still_predicting(predictor.models)
        models = [m for m in active if m.id in known or self._is_writable("model", m.id, of)]
        if len(models) > MOST_MODELS:
            self.notes.append(
                f"{quote(predictor.name)} is left out: it has {len(models):,} models that predict, "
                f"more than {MOST_MODELS:,}; what the log has as `model_id` should name a version"
            )
        elif owner is not None:
            self._compare(predictor, owner, models)
        elif models:
            self._note_silent([m for m in predictor.models if m not in active], of)
            self.new[predictor.name] = NewPredictor(
                id=predictor.name,
                log=None if facts.log == DEFAULT_LOG else facts.log,
                task=guesses.task(predictor.results),
                roles=guesses.roles(models),
                max_silence=guesses.max_silence(models, facts),
                features=self._declared(predictor, of),
            )
        if owner is not None or predictor.name in self.new:
            self.features[predictor.name] = tuple(feature.name for feature in predictor.features)

    def _declared(self, predictor: PredictorFacts, of: str) -> tuple[Declared, ...]:
        if len(predictor.features) > MOST_FEATURES:
            self.notes.append(
                f"the {len(predictor.features):,} features{of} are too many to list; they are monitored all the same, "
                "and a value that is part of a feature's name should be its value"
            )
            return ()
        return tuple(guesses.feature(f) for f in predictor.features if self._is_writable("feature", f.name, of))

    def _compare(self, predictor: PredictorFacts, owner: Predictor, models: Sequence[ModelFacts]) -> None:
        known = {model.id for model in owner.models}
        shadows = tuple(model.id for model in models if model.id not in known)
        declared = {feature.name for feature in owner.features if feature.kind is not None}
        kinds = tuple(
            (feature.name, feature.kind)
            for feature in predictor.features
            if feature.is_mixed and feature.kind and feature.name not in declared
            if self._is_writable("feature", feature.name, f" of {quote(owner.id)}")
        )
        if shadows or kinds:
            self.additions.append(Additions(owner.id, shadows, kinds))
        if models and all(model.id != owner.primary.id for model in models):
            self.notes.append(
                f"{quote(owner.id)}: its primary model {quote(owner.primary.id)} has stopped predicting while "
                f"{listing(model.id for model in models)} went on; if it was replaced, change `primary`"
            )

    def _note_silent(self, models: Iterable[ModelFacts], of: str) -> None:
        self.notes += [
            f"the model {quote(model.id)}{of} is left out: its last prediction was before "
            f"{model.last_seen:%Y-%m-%d %H:%M} UTC"
            for model in models
        ]

    def _is_writable(self, what: str, name: str, of: str = "") -> bool:
        try:
            bad_name.accept(name)
        except PydanticCustomError as refusal:
            reason = (refusal.context or {}).get("message", "")
            self.notes.append(f"the {what} {quote(name)}{of} can't be registered, only monitored: {reason}")
            return False
        return True


def logs_to_read(registry: Registry | None, table: str | None) -> dict[str, Log]:
    """The logs of the registry, or only the one with this table.

    Raises:
        LookupError: the registry has predictors in other tables only; the message says what to do.
    """
    logs = registry.logs if registry else {DEFAULT_LOG: Log(table="predictions")}
    if table is None:
        return logs
    if named := {name: log for name, log in logs.items() if log.table == table}:
        return named
    if registry is None:
        return {DEFAULT_LOG: Log(table=table)}
    raise LookupError(f"no log of the registry has the table {quote(table)}; add it there under `logs:` first")
