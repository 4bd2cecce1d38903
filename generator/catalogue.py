"""The catalogue: every metric that the exporter emits, with its name, help text, unit, range, and what a rise means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from metrics_exporter.definitions import QUANTILES, Kind, Metric, Statistic, Subject

Unit = Literal["count", "ratio", "value", "number", "seconds", "timestamp", "info"]

MODEL_LABELS = ("predictor", "model_id", "window")
FEATURE_LABELS = ("predictor", "model_id", "feature", "window")

PREDICTIONS = "ml_predictions"
PREDICTION_VALUES = "ml_prediction_values"
FEATURE_VALUES = "ml_feature_values"
WINDOW_END = "ml_window_end_timestamp_seconds"
MODEL_INFO = "ml_model_info"
SILENCE = "ml_model_silence_seconds"
DRIFTED_FEATURES = "ml_model_drifted_features"
READING = "ml_alert_reading"
EVALUATION_ROWS = "ml_evaluation_rows"

_EVERY_KIND = frozenset(Kind)
_NUMBERS = frozenset({Kind.NUMERIC, Kind.BOOLEAN})
_CATEGORIES = frozenset({Kind.CATEGORICAL})


@dataclass(frozen=True)
class Choice:
    """What an alert must choose to name one series of a metric.

    Attributes:
        label: the metric's label.
        key: the alert's key in the registry.
        advice: what to write for it.
    """

    label: str
    key: str
    advice: str


QUANTILE = Choice("quantile", "quantile", f"one of {', '.join(map(str, QUANTILES))}")
EVALUATION = Choice("metric", "evaluation", "one of the predictor's evaluation metrics, such as `evaluation: mae`")
CHOICES = (EVALUATION, QUANTILE)


@dataclass(frozen=True)
class CatalogueMetric:
    """A metric, and what the checks, the rules and the panels have to know of it.

    Attributes:
        definition: what the exporter is told.
        title: what a panel calls it.
        rise: what a rise means, in a sentence for the person who looks at the panel.
        unit: `value` is the unit of the feature or prediction itself; `number` has none.
        low: the least possible value, None: unbounded.
        high: the greatest possible value, None: unbounded.
        kinds: the kinds of features that have it.
        samples: the metric that counts the samples behind a value; None for what can't be alerted on by threshold.
        choice: what must be chosen to name one series of a model or feature.
        of_days: only windows of a day or longer have it.
    """

    definition: Metric
    title: str
    rise: str
    unit: Unit
    low: float | None = None
    high: float | None = None
    kinds: frozenset[Kind] = _EVERY_KIND
    samples: str | None = None
    choice: Choice | None = None
    of_days: bool = False

    @property
    def name(self) -> str:
        """The metric's full name."""
        return self.definition.name


def _shape(subject: Subject, samples: str) -> tuple[CatalogueMetric, ...]:
    """The metrics that predictions and numeric features have alike."""
    of = "the prediction" if subject is Subject.PREDICTION else "the feature's values"
    prefix = f"ml_{subject}"
    labels = MODEL_LABELS if subject is Subject.PREDICTION else FEATURE_LABELS

    def metric(statistic: Statistic, title: str, help_: str, rise: str, low: float | None = None) -> CatalogueMetric:
        quantile = statistic is Statistic.QUANTILE
        definition = Metric(
            name=f"{prefix}_{statistic}",
            type="unknown" if quantile else "gauge",
            help=f"{help_} of {of} in the latest closed window.",
            labels=(*labels, "quantile") if quantile else labels,
            subject=subject,
            statistic=statistic,
        )
        choice = QUANTILE if quantile else None
        return CatalogueMetric(definition, title, rise, "value", low, None, _NUMBERS, samples, choice)

    return (
        metric(Statistic.MEAN, "Mean", "Mean", "Values are larger on the whole, or a few are very large: see P95."),
        metric(
            Statistic.STDDEV,
            "Standard deviation",
            "Population standard deviation",
            "Values spread wider: mixed units, a new population, or outliers.",
            low=0,
        ),
        metric(Statistic.MIN, "Minimum", "Minimum", "The smallest values are gone: a filter, or clipping."),
        metric(Statistic.MAX, "Maximum", "Maximum", "There is a new largest value: often a unit mix-up or a sentinel."),
        metric(
            Statistic.QUANTILE,
            "Quantiles",
            "Approximate quantiles (rank error below 1 %)",
            "The whole distribution moves up when all of them rise, a tail when only the outer ones do.",
        ),
    )


def _drift(subject: Subject, samples: str) -> tuple[CatalogueMetric, ...]:
    """The metrics that tell how far predictions and features are from their reference."""
    of = "predictions" if subject is Subject.PREDICTION else "the feature's values"
    labels = MODEL_LABELS if subject is Subject.PREDICTION else FEATURE_LABELS

    def metric(
        statistic: Statistic, title: str, help_: str, rise: str, counted_by: str | None = samples
    ) -> CatalogueMetric:
        definition = Metric(
            name=f"ml_{subject}_{statistic}",
            type="gauge",
            help=f"{help_.format(of=of)}, in the latest window of a day or longer.",
            labels=(*labels, "reference"),
            subject=subject,
            statistic=statistic,
        )
        return CatalogueMetric(definition, title, rise, "number", low=0, samples=counted_by, of_days=True)

    return (
        metric(
            Statistic.PSI,
            "PSI",
            "Population stability index of {of} against their reference",
            "Values are distributed less like those of the reference: see whether it is above its limit.",
        ),
        metric(
            Statistic.PSI_LIMIT,
            "PSI limit",
            "What the population stability index of {of} exceeds by chance in one of 1,000 windows",
            "Fewer values, or a series that has varied more in the past weeks: less can be told from noise.",
            counted_by=None,
        ),
        metric(
            Statistic.DRIFT_SCORE,
            "Drift score",
            "Population stability index of {of} over its limit, or over 0.1 if that is greater",
            "Above 1, values differ from the reference by more than noise, and by enough to matter.",
        ),
    )


def _feature_ratio(
    statistic: Statistic,
    title: str,
    help_: str,
    rise: str,
    *,
    kinds: frozenset[Kind] = _EVERY_KIND,
    samples: str = PREDICTIONS,
) -> CatalogueMetric:
    definition = Metric(
        name=f"ml_feature_{statistic}",
        type="gauge",
        help=help_,
        labels=FEATURE_LABELS,
        subject=Subject.FEATURE,
        statistic=statistic,
    )
    return CatalogueMetric(definition, title, rise, "ratio", 0, 1, kinds, samples)


def _model(name: str, statistic: Statistic, help_: str, labels: tuple[str, ...]) -> Metric:
    return Metric(name=name, type="gauge", help=help_, labels=labels, subject=Subject.MODEL, statistic=statistic)


METRICS: tuple[CatalogueMetric, ...] = (
    CatalogueMetric(
        _model(PREDICTIONS, Statistic.PREDICTIONS, "Predictions made in the latest closed window.", MODEL_LABELS),
        title="Predictions",
        rise="More traffic, retries, or rows written twice.",
        unit="count",
        low=0,
        samples=PREDICTIONS,
    ),
    CatalogueMetric(
        Metric(
            name=PREDICTION_VALUES,
            type="gauge",
            help="Predictions with a result that can be read (finite, present) in the latest closed window.",
            labels=MODEL_LABELS,
            subject=Subject.PREDICTION,
            statistic=Statistic.VALUES,
        ),
        title="Values",
        rise="More predictions carry a result.",
        unit="count",
        low=0,
        samples=PREDICTIONS,
    ),
    CatalogueMetric(
        Metric(
            name="ml_prediction_null_ratio",
            type="gauge",
            help="Share of the predictions whose result is NULL or NaN, in the latest closed window.",
            labels=MODEL_LABELS,
            subject=Subject.PREDICTION,
            statistic=Statistic.NULL_RATIO,
        ),
        title="Null ratio",
        rise="The model answers without a result more often: it fails, or its output is not logged.",
        unit="ratio",
        low=0,
        high=1,
        samples=PREDICTIONS,
    ),
    *_shape(Subject.PREDICTION, PREDICTION_VALUES),
    *_drift(Subject.PREDICTION, PREDICTION_VALUES),
    CatalogueMetric(
        Metric(
            name=FEATURE_VALUES,
            type="gauge",
            help="Values (finite, present, no defaults) of the feature in the latest closed window.",
            labels=FEATURE_LABELS,
            subject=Subject.FEATURE,
            statistic=Statistic.VALUES,
        ),
        title="Values",
        rise="More predictions carry a real value of this feature.",
        unit="count",
        low=0,
        samples=PREDICTIONS,
    ),
    *_shape(Subject.FEATURE, FEATURE_VALUES),
    _feature_ratio(
        Statistic.DEFAULT_RATIO,
        "Default ratio",
        "Share of the model's predictions that used the feature's configured default, in the latest closed window.",
        "The source of the feature is missing more often: the model decides on its default instead.",
    ),
    _feature_ratio(
        Statistic.NULL_RATIO,
        "Null ratio",
        "Share of the model's predictions where the feature is NULL, NaN or missing, in the latest closed window.",
        "The feature is missing and nothing replaced it: a renamed or dropped source.",
    ),
    _feature_ratio(
        Statistic.UNSEEN_RATIO,
        "Unseen ratio",
        "Share of the feature's values in categories that the preceding weeks never had, in the latest closed window.",
        "There are categories that the model has not seen: new codes, a changed spelling.",
        kinds=_CATEGORIES,
        samples=FEATURE_VALUES,
    ),
    *_drift(Subject.FEATURE, FEATURE_VALUES),
    CatalogueMetric(
        _model(
            DRIFTED_FEATURES,
            Statistic.DRIFTED_FEATURES,
            "Features of the model whose drift score is above 1, but for those that all rows of a day share, in the "
            "latest window of a day or longer.",
            MODEL_LABELS,
        ),
        title="Drifted features",
        rise="More of what the model reads is unlike its reference: something that many features share has changed.",
        unit="count",
        low=0,
        samples=PREDICTIONS,
        of_days=True,
    ),
    CatalogueMetric(
        _model(
            "ml_evaluation",
            Statistic.EVALUATION,
            "Evaluation metric of predictions against their actuals, in the latest matured window.",
            (*MODEL_LABELS, "metric"),
        ),
        title="Evaluation",
        rise="For an error (mae, rmse): the model is less accurate. For a score (auc, r2): it is more accurate.",
        unit="value",
        choice=EVALUATION,
        samples=EVALUATION_ROWS,
    ),
    CatalogueMetric(
        _model(
            EVALUATION_ROWS,
            Statistic.EVALUATION_ROWS,
            "Predictions of the latest matured window that met their actuals.",
            MODEL_LABELS,
        ),
        title="Evaluated rows",
        rise="The evaluation rests on more predictions.",
        unit="count",
        low=0,
        samples=EVALUATION_ROWS,
    ),
    CatalogueMetric(
        _model(
            "ml_evaluation_window_end_timestamp_seconds",
            Statistic.EVALUATION_WINDOW_END,
            "End of the latest matured window, which all evaluations of this model and window describe.",
            MODEL_LABELS,
        ),
        title="Evaluation window end",
        rise="It rises by a window's length when a window has matured.",
        unit="timestamp",
        low=0,
    ),
    CatalogueMetric(
        _model(
            "ml_evaluation_labelled_ratio",
            Statistic.LABELLED_RATIO,
            "Share of the predictions of the latest matured window whose actuals are known.",
            MODEL_LABELS,
        ),
        title="Labelled ratio",
        rise="More predictions have met their actual: the evaluation rests on more of them.",
        unit="ratio",
        low=0,
        high=1,
        samples=PREDICTIONS,
    ),
    CatalogueMetric(
        _model(
            "ml_training_evaluation",
            Statistic.TRAINING_EVALUATION,
            "The same metric on the training evaluation set, as the registry states it.",
            ("predictor", "model_id", "metric"),
        ),
        title="Training evaluation",
        rise="The registry states a new figure.",
        unit="value",
        choice=EVALUATION,
    ),
    CatalogueMetric(
        _model(
            WINDOW_END,
            Statistic.WINDOW_END,
            "End of the latest closed window, which all gauges of this model and window describe.",
            MODEL_LABELS,
        ),
        title="Window end",
        rise="It rises by a window's length when a window is published; when it stands still, values are stale.",
        unit="timestamp",
        low=0,
    ),
    CatalogueMetric(
        _model(
            MODEL_INFO,
            Statistic.MODEL_INFO,
            "Role and team of a model; always 1.",
            ("predictor", "model_id", "role", "team"),
        ),
        title="Model",
        rise="It is always 1; the labels tell role and team.",
        unit="info",
    ),
    CatalogueMetric(
        _model(
            SILENCE,
            Statistic.SILENCE,
            "Time from the end of the last window with predictions to the end of the latest closed window.",
            ("predictor", "model_id"),
        ),
        title="Silence",
        rise="The model is not called, or its predictions are not logged.",
        unit="seconds",
        low=0,
    ),
    CatalogueMetric(
        Metric(
            name=READING,
            type="gauge",
            help="Value closest to the alert's threshold in its last windows; NaN when they are not judged: one is "
            "missing, or has too few samples.",
            labels=("predictor", "model_id", "feature", "alert", "bound"),
            subject=Subject.ALERT,
            statistic=Statistic.READING,
        ),
        title="Reading",
        rise="The alert comes closer to its threshold, or is past it; with the bound `below` when it falls.",
        unit="value",
    ),
)

BY_NAME: dict[str, CatalogueMetric] = {metric.name: metric for metric in METRICS}
