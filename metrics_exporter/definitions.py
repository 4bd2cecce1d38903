"""The contract between the generator and the exporter: what to compute, and what to call it.

The generator writes these definitions to ``output/metrics/`` and the exporter runs them. `catalogue.yaml` holds what
all predictors share (logs and metrics); each file below `predictors/` holds one predictor. The exporter owns the types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from metrics_exporter.errors import UserError
from metrics_exporter.files import read_text, read_yaml
from metrics_exporter.reasons import reason
from metrics_exporter.training_profiles import TrainingProfile, TrainingProfileError, parse
from metrics_exporter.windows import DAILY, HOURLY, Window

SCHEMA_VERSION = 1
CATALOGUE_FILE = "catalogue.yaml"
PREDICTORS_FOLDER = "predictors"

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

# Where a predictor is nobody's yet, `ml_model_info` says so with this role.
UNREGISTERED = "unregistered"

DEFAULT_CADENCE = (HOURLY, DAILY)

# What drift is measured against where the registry names no reference, and for models that it doesn't name.
TRAILING_WEEKS = 4
LEAST_DAYS = 7  # that a series must have had in them, before anything is said of it

# How far back rules look for the last reading. A restart or an outage of up to an hour neither resolves an alert nor
# repeats it: five minutes are for scrapes. What fires stays exported for as long, so that the rule sees it end.
LOOK_BACK_SECONDS = 3900


def _window(value: object) -> object:
    return Window.parse(value) if isinstance(value, str) else value


WindowLength = Annotated[Window, BeforeValidator(_window), PlainSerializer(str)]
D = TypeVar("D", bound="Definition")

_NAMED = 3


class Statistic(StrEnum):
    """What a metric shows of a profile; each has one extractor in `metrics_exporter.statistics`."""

    PREDICTIONS = "predictions"
    VALUES = "values"
    MEAN = "mean"
    STDDEV = "stddev"
    MIN = "min"
    MAX = "max"
    QUANTILE = "quantile"
    DEFAULT_RATIO = "default_ratio"
    NULL_RATIO = "null_ratio"
    UNSEEN_RATIO = "unseen_ratio"
    PSI = "psi"
    PSI_LIMIT = "psi_limit"
    DRIFT_SCORE = "drift_score"
    DRIFTED_FEATURES = "drifted_features"
    WINDOW_END = "window_end"
    MODEL_INFO = "model_info"
    EVALUATION = "evaluation"
    EVALUATION_ROWS = "evaluation_rows"
    EVALUATION_WINDOW_END = "evaluation_window_end"
    LABELLED_RATIO = "labelled_ratio"
    TRAINING_EVALUATION = "training_evaluation"
    SILENCE = "silence"
    READING = "reading"


class Subject(StrEnum):
    """Whose statistic a metric shows."""

    MODEL = "model"
    PREDICTION = "prediction"
    FEATURE = "feature"
    ALERT = "alert"


class Kind(StrEnum):
    """How a feature's values are read."""

    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"


class Role(StrEnum):
    """What a model is to its predictor."""

    PRIMARY = "primary"
    SHADOW = "shadow"


class Comparison(StrEnum):
    """How an alert compares a metric with its threshold; `change_above`: with the same windows of past weeks."""

    ABOVE = "above"
    BELOW = "below"
    OUTSIDE = "outside"
    CHANGE_ABOVE = "change_above"


class OwnMetric(StrEnum):
    """The exporter's metrics about itself, which its health alerts and dashboards read."""

    LAST_SUCCESS = "driftgauge_last_success_timestamp_seconds"
    ROWS = "driftgauge_window_rows"
    DUPLICATE_ROWS = "driftgauge_duplicate_rows"
    UNPARSABLE_VALUES = "driftgauge_unparsable_values"
    UNREADABLE_ROWS = "driftgauge_unreadable_rows"
    UNDATED_ROWS = "driftgauge_undated_rows"
    SERIES = "driftgauge_series"
    DROPPED_SERIES = "driftgauge_dropped_series"
    MISSED_WINDOWS = "driftgauge_missed_windows_total"
    QUERY_SECONDS = "driftgauge_query_seconds"
    ERRORS = "driftgauge_errors_total"
    DEFINITION_INFO = "driftgauge_definition_info"
    WORKER_RESTARTS = "driftgauge_worker_restarts_total"


class Definition(BaseModel):
    """Strict and frozen: an unknown key is an error, a read definition never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Columns(Definition):
    """The log's column names.

    `features` is one MAP, JSON or STRUCT column, or a list of columns (globs allowed) that are a feature each.
    """

    sent_at: str = "sent_at"
    prediction_id: str = "prediction_id"
    predictor_name: str = "predictor_name"
    model_id: str = "model_id"
    features: str | tuple[str, ...] = "features"
    prediction_result: str = "prediction_result"
    default_values_used: str = "default_values_used"


class Log(Definition):
    """A prediction log: where it lies, and how long after a window's end its rows keep arriving.

    `partition` maps each column by which the table is partitioned to how strftime writes a time in it; a row's
    partition is that of its `sent_at` in UTC, or at most `partition_delay_seconds` later.
    """

    table: str
    columns: Columns = Columns()
    settle_seconds: Annotated[int, Field(ge=0)] = 600
    partition: dict[str, str] = {}
    partition_delay_seconds: Annotated[int, Field(ge=0)] = 0


class Metric(Definition):
    """One exported metric: its name and help text, and the statistic of the subject that it shows.

    Quantiles are of type `unknown`, which is what a metric has of which none is told: promtool keeps the label
    `quantile` to summaries, and in OpenMetrics a summary has no negative quantile.
    """

    name: Annotated[str, Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
    type: Literal["gauge", "unknown"]
    help: str
    labels: tuple[str, ...]
    subject: Subject
    statistic: Statistic


class Feature(Definition):
    """What the registry declares of a feature. None: take the kind from the log."""

    kind: Kind | None = None
    unit: str | None = None


class Reference(Definition):
    """What drift compares with: a training profile, the trailing weeks of the history, or the primary's same window."""

    kind: Literal["training", "trailing", "primary"]
    profile: str | None = None
    weeks: int | None = None


class Exclusion(Definition):
    """Days, in UTC and both inclusive, that no other day is judged by."""

    first: date
    last: date
    reason: str


class Model(Definition):
    """A model version of a predictor, and what its drift is measured against; None: the trailing four weeks."""

    id: str
    role: Role
    reference: Reference | None = None


class Evaluation(Definition):
    """How predictions meet actuals: the query that yields them, and the metrics wanted."""

    actuals: str
    matures_after_seconds: int
    metrics: tuple[str, ...]
    training: dict[str, float] = {}


class Alert(Definition):
    """When to alert: in each of the last `consecutive` windows, the metric is past the threshold.

    What it compares is exported as `ml_alert_reading`: the value closest to the threshold in those windows.

    Attributes:
        id: stable; the label `alert` of the reading.
        title: what people read.
        metric: the metric's name in the catalogue.
        labels: what picks one series of several of a model or feature: `quantile`, or `metric` of an evaluation.
        feature: a name or a glob (`*`, `?`, `[…]`) for metrics of features, else None.
        window: which windows it judges.
        comparison: which side of the threshold is past it.
        low: the threshold of `below`, and the lower one of `outside`.
        high: the threshold of `above` and `change_above`, and the upper one of `outside`.
        consecutive: how many windows in a row.
        min_samples: a window with fewer is not judged.
        models: the ids of the models that it watches.
        severity: `page`, `notify` or `report`.
    """

    id: str
    title: str
    metric: str
    labels: dict[str, str] = {}
    feature: str | None = None
    window: WindowLength
    comparison: Comparison
    low: float | None = None
    high: float | None = None
    consecutive: Annotated[int, Field(ge=1)] = 1
    min_samples: Annotated[int, Field(ge=0)] = 0
    models: tuple[str, ...]
    severity: str


class Predictor(Definition):
    """One registered predictor."""

    schema_version: int
    predictor: str
    title: str
    team: str
    unit: str | None = None
    log: str = "default"
    windows: Annotated[tuple[WindowLength, ...], Field(min_length=1)] = DEFAULT_CADENCE
    models: tuple[Model, ...]
    features: dict[str, Feature] = {}
    exclude: tuple[Exclusion, ...] = ()
    holidays: str | None = None
    evaluation: Evaluation | None = None
    alerts: tuple[Alert, ...] = ()


class Catalogue(Definition):
    """What all predictors share."""

    schema_version: int
    logs: dict[str, Log]
    metrics: tuple[Metric, ...]


class Definitions(Definition):
    """All that the exporter runs.

    Attributes:
        predictors: by id.
        training: what models with a training reference were trained on, by predictor and model id.
        broken: what is wrong with files that had to be left out, a predictor's or a profile; all others are there.
    """

    catalogue: Catalogue
    predictors: dict[str, Predictor]
    training: dict[tuple[str, str], TrainingProfile] = {}
    broken: tuple[str, ...] = ()


class DefinitionsError(UserError):
    """Definitions that can't be run; the message names the file, what is wrong and what to do."""


def load(folder: Path) -> Definitions:
    """Read the definitions below `folder`. A predictor's file that can't be used takes no other predictor down.

    Raises:
        DefinitionsError: what all predictors share is missing, half-written, from a newer version, or not what the
            contract says.
    """
    catalogue = _parse(Catalogue, folder / CATALOGUE_FILE)
    predictors: dict[str, Predictor] = {}
    broken: list[str] = []
    for file in _predictor_files(folder / PREDICTORS_FOLDER):
        try:
            predictor = _parse(Predictor, file)
            _check(predictor, file, predictors, catalogue)
        except DefinitionsError as error:
            broken.append(str(error))
        else:
            predictors[predictor.predictor] = predictor
    training: dict[tuple[str, str], TrainingProfile] = {}
    for key, path in _training_files(predictors.values()):
        try:
            training[key] = _training_profile(folder / path)
        except DefinitionsError as error:
            broken.append(str(error))
    return Definitions(catalogue=catalogue, predictors=predictors, training=training, broken=tuple(broken))


def _training_files(predictors: Iterable[Predictor]) -> Iterator[tuple[tuple[str, str], str]]:
    """The profiles that models are compared with, below the definitions' folder, by predictor and model id."""
    for predictor in predictors:
        for model in predictor.models:
            if model.reference is not None and model.reference.profile is not None:
                yield (predictor.predictor, model.id), model.reference.profile


def _training_profile(file: Path) -> TrainingProfile:
    try:
        return parse(read_text(file).encode())
    except TrainingProfileError as error:
        raise DefinitionsError(
            f"{file}: {error}; make it with `driftgauge profile`, then run `driftgauge generate`"
        ) from None
    except (OSError, ValueError) as error:
        raise DefinitionsError(f"{file}: can't be read ({reason(error)}); run `driftgauge generate`") from None


def _predictor_files(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.suffix == ".yaml")
    except FileNotFoundError:  # no predictor is registered yet
        return []
    except OSError as error:
        raise DefinitionsError(
            f"{folder}: can't be read ({reason(error)}); mend its permissions or its place"
        ) from None


def _check(predictor: Predictor, file: Path, before: Mapping[str, Predictor], catalogue: Catalogue) -> None:
    if predictor.predictor in before:
        raise DefinitionsError(f"{file}: predictor {predictor.predictor!r} is defined twice; run `driftgauge generate`")
    if predictor.log not in catalogue.logs:
        raise DefinitionsError(f"{file}: log {predictor.log!r} is not in {CATALOGUE_FILE}; run `driftgauge generate`")


def _parse(kind: type[D], file: Path) -> D:
    content = _read(file)
    version = content.get("schema_version")
    if not isinstance(version, int):
        raise DefinitionsError(
            f"{file}: has no schema_version, so it is not driftgauge's; run `driftgauge generate`, or move it away"
        )
    if version > SCHEMA_VERSION:
        raise DefinitionsError(
            f"{file}: schema_version is {version}, this exporter reads up to {SCHEMA_VERSION}; "
            "upgrade driftgauge here, or generate with the version that runs here"
        )
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise DefinitionsError(f"{file}: {_problems(error)}; run `driftgauge generate`") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        content = read_yaml(file)
    except FileNotFoundError:
        raise DefinitionsError(
            f"{file}: not found; run `driftgauge generate`, or point --definitions at what it wrote"
        ) from None
    except OSError as error:
        raise DefinitionsError(f"{file}: can't be read ({reason(error)}); mend its permissions or its place") from None
    except ValueError as error:
        raise DefinitionsError(f"{file}: can't be read ({error}); run `driftgauge generate`") from None
    if not isinstance(content, dict):
        raise DefinitionsError(f"{file}: is not a definitions file; run `driftgauge generate`, or move it away")
    return content


def _problems(error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    named = [f"{'.'.join(map(str, each['loc']))}: {each['msg'].lower()}" for each in problems[:_NAMED]]
    return "; ".join([*named, f"and {len(problems) - _NAMED} more"] if len(problems) > _NAMED else named)
