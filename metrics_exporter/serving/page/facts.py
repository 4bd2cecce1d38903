"""What the page says: plain data, made from reports, groups and trails; the template only lays it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from metrics_exporter.serving.page import words
from metrics_exporter.serving.page.charts import Band, Cell, Layer


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to know at three in the morning; `failing` needs a person, else it is worth a look.

    Attributes:
        alerts: how many alerts fire for it.
        features: how many features are missing.
    """

    failing: bool
    text: str
    anchor: str | None = None
    alerts: int = 0
    features: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """A feature's share of defaults or nulls in the latest window with enough rows, and what is usual for it.

    Attributes:
        since: the start of the first window of those without a pause in which so much was missing; None: it has been
            so for as long as the page looks back.
    """

    predictor: str
    model_id: str
    feature: str
    anchor: str
    end: datetime
    defaults: float
    nulls: float
    usual: float | None
    since: datetime | None

    @property
    def total(self) -> float:
        """Predictions without a value of the feature."""
        return min(self.defaults + self.nulls, 1.0)


@dataclass(frozen=True, slots=True)
class Drifted:
    """Predictions (feature None) or a feature that are unlike their reference.

    Attributes:
        score: how many times the limit, or the least drift that matters, the index is.
        is_ambient: it is what all rows of a day share, such as the weather.
        end: of the window that was compared.
    """

    predictor: str
    model_id: str
    feature: str | None
    anchor: str | None
    score: float
    psi: float
    limit: float
    is_ambient: bool
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Chart:
    """A numeric or a categorical chart; `label` says in words what it shows.

    Attributes:
        width: in units, one from each place to the next.
        days: the id of the drawing of midnights for this width.
    """

    label: str
    width: int
    days: str
    band: Band | None
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of a predictor's main model; `change` is how far it is from what is usual, 1 is a lot."""

    name: str
    unit: str
    now: str
    range: str
    gaps: str
    notes: tuple[str, ...]
    chart: Chart | None
    change: float


@dataclass(frozen=True, slots=True)
class Model:
    """A model and its latest window."""

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
        window: what its latest window is: an hour, a day, `15m`.
        width: of its charts.
        moved: features that are not as usual, those that changed most first.
        quiet: all others that are shown.
        hidden_features: how many more there are than shown.
        paste: the registry entry to start from; None when it is registered.
    """

    name: str
    title: str
    team: str
    unit: str
    anchor: str
    window: str
    width: int
    models: tuple[Model, ...]
    chart: Chart | None
    moved: tuple[Feature, ...]
    quiet: tuple[Feature, ...]
    hidden_features: int
    paste: str | None


@dataclass(frozen=True, slots=True)
class Log:
    """A log's windows and what the last refresh said.

    Attributes:
        window: how long its windows are.
        hours: the heads of the calendar's columns.
        days: the calendar, the newest day first.
        midnights: vertical lines for its charts.
    """

    name: str
    table: str
    window: str
    since: datetime | None
    end: datetime | None
    facts: tuple[tuple[str, str], ...]
    hours: tuple[str, ...]
    days: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    midnights: str


@dataclass(frozen=True, slots=True)
class Status:
    """All of it.

    Attributes:
        judged: series that were compared with a reference, and whose noise is known.
    """

    now: datetime
    next_due: datetime
    problems: tuple[Problem, ...]
    predictors: tuple[Predictor, ...]
    hidden_predictors: tuple[str, ...]
    gaps: tuple[Gap, ...]
    hidden_gaps: int
    drifted: tuple[Drifted, ...]
    hidden_drifted: int
    judged: int
    logs: tuple[Log, ...]
    series: int
    features: int
    grafana_url: str | None
    dates: tuple[str, str]

    @property
    def is_failing(self) -> bool:
        """Whether a person is needed."""
        return any(problem.failing for problem in self.problems)

    @property
    def headline(self) -> str:
        """What fires, what is missing, what else is wrong."""
        failing = [problem for problem in self.problems if problem.failing]
        alerts, features = sum(each.alerts for each in failing), sum(each.features for each in failing)
        other = sum(not each.alerts and not each.features for each in failing)
        parts = [
            f"{words.plural(alerts, 'alert')} {'fires' if alerts == 1 else 'fire'}" if alerts else "",
            f"{words.features(features)} {'is' if features == 1 else 'are'} missing" if features else "",
            f"{words.plural(other, 'thing')} failing" if other else "",
        ]
        return ", ".join(part for part in parts if part)
