"""The model: a registry with everything resolved (defaults, owners, names). All that the renderers see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from metrics_exporter.definitions import Comparison, Kind, Log, Reference, Role
from metrics_exporter.windows import Window

SHARE_UNITS = frozenset({"probability", "ratio", "share"})  # units whose values lie between 0 and 1


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
class Model:
    """A model version of a predictor."""

    id: str
    role: Role


@dataclass(frozen=True)
class Feature:
    """What is declared of a feature; `expect_min` and `expect_max` bound the values that make sense."""

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
    """A threshold on a metric of the catalogue.

    Attributes:
        id: stable; the rule's address and UID derive from it.
        metric: the metric's full name, such as `ml_feature_default_ratio`.
        feature: a name or a glob for feature metrics (`*`: all), else None.
        label: the extra label that picks one series, such as ("quantile", "0.95") or ("metric", "mae"), else None.
        window: which windows it judges.
        low: the threshold of `below`, and the lower one of `outside`.
        high: the threshold of `above` and `change_above`, and the upper one of `outside`.
        windows: how many windows in a row.
        min_samples: fewer samples in any of these windows, and it does not fire; 0: no minimum.
        models: the ids of the models it watches, never empty.
        absence_fires: it fires, too, when there is no such series at all (the freshness alerts).
        was: the ids that it had before, the first one first.
    """

    id: str
    title: str
    metric: str
    feature: str | None
    label: tuple[str, str] | None
    window: Window
    comparison: Comparison
    low: float | None
    high: float | None
    windows: int
    min_samples: int
    severity: AlertSeverity
    models: tuple[str, ...]
    runbook_url: str | None
    absence_fires: bool = False
    was: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """The id that it had first: UIDs and panel ids are made of it, so that a rename leaves them as they are."""
        return self.was[0] if self.was else self.id


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
    reference: Reference | None
    evaluation: Evaluation | None
    alerts: tuple[Alert, ...]
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
