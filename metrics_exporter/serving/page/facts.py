"""What the page says: plain data, made from reports, groups and trails; the template only lays it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from metrics_exporter.serving.page.charts import Band, Cell, Layer


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to know at three in the morning; `failing` needs a person, else it is worth a look."""

    failing: bool
    text: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A feature's share of defaults or nulls in the latest hour with enough rows, and what is usual for it."""

    predictor: str
    model_id: str
    feature: str
    anchor: str
    end: datetime
    defaults: float
    nulls: float
    usual: float | None

    @property
    def total(self) -> float:
        """Predictions without a value of the feature."""
        return min(self.defaults + self.nulls, 1.0)


@dataclass(frozen=True, slots=True)
class Chart:
    """A numeric or a categorical chart; `label` says in words what it shows."""

    label: str
    band: Band | None
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of a predictor's main model."""

    name: str
    unit: str
    now: str
    range: str
    gaps: str
    notes: tuple[str, ...]
    chart: Chart | None


@dataclass(frozen=True, slots=True)
class Model:
    """A model and its latest hour."""

    id: str
    role: str
    rows: int | None
    now: str
    range: str
    last_seen: str
    volume: str


@dataclass(frozen=True, slots=True)
class Predictor:
    """A predictor's row in the table, and its section.

    Attributes:
        shown: its chart and features are on the page.
        hidden_features: how many more there are than shown.
        paste: the registry entry to start from; None when it is registered.
    """

    name: str
    title: str
    team: str
    unit: str
    anchor: str
    end: datetime | None
    models: tuple[Model, ...]
    chart: Chart | None
    features: tuple[Feature, ...]
    hidden_features: int
    paste: str | None


@dataclass(frozen=True, slots=True)
class Log:
    """A log's windows and what the last refresh said."""

    name: str
    table: str
    since: datetime | None
    end: datetime | None
    facts: tuple[tuple[str, str], ...]
    days: tuple[tuple[str, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Status:
    """All of it."""

    now: datetime
    next_due: datetime
    problems: tuple[Problem, ...]
    predictors: tuple[Predictor, ...]
    hidden_predictors: tuple[str, ...]
    gaps: tuple[Gap, ...]
    hidden_gaps: int
    logs: tuple[Log, ...]
    series: int
    features: int
    midnights: str
    dates: tuple[str, str]
