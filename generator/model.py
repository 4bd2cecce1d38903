"""The model: a registry with everything resolved (defaults, owners, names). All that the renderers see."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from generator.catalogue import SILENCE
from metrics_exporter import definitions
from metrics_exporter.definitions import Exclusion, Kind, Log, Reference, Role
from metrics_exporter.windows import Window

SHARE_UNITS = frozenset({"probability", "ratio", "share"})  # units whose values lie between 0 and 1

Condition = definitions.Alert  # what an alert compares with what; the exporter makes readings of it


class AlertSeverity(StrEnum):
    """Where an alert goes: PagerDuty, Slack, or no further than a line in the dashboard."""

    PAGE = "page"
    NOTIFY = "notify"
    REPORT = "report"


@dataclass(frozen=True)
class Team:
    """Who owns a predictor, and how they are reached. Names only: secrets are Terraform variables."""

    id: str
    slack_channel: str | None
    pagerduty_service: str | None
    runbook_url: str | None


@dataclass(frozen=True)
class Profile:
    """A committed reference profile: where its copy goes in the output, and its bytes. The path names the content."""

    path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Model:
    """A model version of a predictor. `profile` is that of a training reference, which isn't there without one."""

    id: str
    role: Role
    reference: Reference | None = None
    profile: Profile | None = None


class Feature(NamedTuple):
    """What is declared of a feature; `expect_min` and `expect_max` bound the values that make sense.

    There are tens of thousands of them: tuples are made, and told apart, in a third of the time.
    """

    name: str
    kind: Kind | None
    unit: str | None
    importance: float | None
    expect_min: float | None
    expect_max: float | None


@dataclass(frozen=True)
class Evaluation:
    """How predictions meet actuals; `training` is the same metrics on the training evaluation set."""

    actuals: str
    matures_after_seconds: int
    metrics: tuple[str, ...]
    training: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Alert:
    """An alert: the condition, which the exporter reads, too, and what only the generator knows.

    Attributes:
        condition: what is compared with what, in which windows of which models.
        was: the ids that it had before, the first one first.
    """

    condition: Condition
    runbook_url: str | None
    was: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """The id that it had first: UIDs and panel ids are made of it, so that a rename leaves them as they are."""
        return self.was[0] if self.was else self.condition.id

    @property
    def severity(self) -> AlertSeverity:
        """Where it goes."""
        return AlertSeverity(self.condition.severity)

    @property
    def is_freshness(self) -> bool:
        """Whether it is the alert of a silent model, which each model gets."""
        return self.condition.metric == SILENCE


@dataclass(frozen=True)
class Predictor:
    """One registered predictor.

    Models come primary first, then shadows as declared; features by name; alerts by id, the freshness alerts that
    each model gets included; the ids that it `was` known by before, the first one first. `moved` says that Terraform
    is still to be told of them.
    """

    id: str
    title: str
    team: Team
    task: str
    unit: str | None
    log: str
    windows: tuple[Window, ...]
    models: tuple[Model, ...]
    features: tuple[Feature, ...]
    evaluation: Evaluation | None
    alerts: tuple[Alert, ...]
    exclude: tuple[Exclusion, ...] = ()
    holidays: str | None = None
    was: tuple[str, ...] = ()
    moved: bool = True

    @property
    def origin(self) -> str:
        """The id that it had first: UIDs are made of it, so that a rename leaves dashboard and rules what they are."""
        return self.was[0] if self.was else self.id

    @property
    def primary(self) -> Model:
        """The model whose predictions are served."""
        return self.models[0]


@dataclass(frozen=True)
class Registry:
    """All of it: teams and predictors sorted by id, logs by name."""

    logs: dict[str, Log]
    teams: tuple[Team, ...]
    predictors: tuple[Predictor, ...]
