"""One small extractor for each statistic of the catalogue, from columns to a column.

To add one: name it in `definitions.Statistic`, write its function beside the others here, and enter it in the table of
what it is a statistic of.
"""

from __future__ import annotations

from metrics_exporter.definitions import Statistic
from metrics_exporter.statistics import alerts, counts, drift, evaluation, models, moments, quantiles, ratios
from metrics_exporter.statistics.kinds import AlertStatistic, Labelled, ModelStatistic, ProfileStatistic, Scalar

OF_PROFILES: dict[Statistic, ProfileStatistic] = {
    Statistic.VALUES: Scalar(counts.values),
    Statistic.MEAN: Scalar(moments.mean),
    Statistic.STDDEV: Scalar(moments.stddev),
    Statistic.MIN: Scalar(moments.minimum),
    Statistic.MAX: Scalar(moments.maximum),
    Statistic.QUANTILE: Labelled("quantile", quantiles.quantiles),
    Statistic.DEFAULT_RATIO: Scalar(ratios.default_ratio),
    Statistic.NULL_RATIO: Scalar(ratios.null_ratio),
    Statistic.UNSEEN_RATIO: Scalar(ratios.unseen_ratio),
    Statistic.PSI: Scalar(drift.psi),
    Statistic.PSI_LIMIT: Scalar(drift.psi_limit),
    Statistic.DRIFT_SCORE: Scalar(drift.drift_score),
}

OF_MODELS: dict[Statistic, ModelStatistic] = {
    Statistic.PREDICTIONS: Scalar(counts.predictions),
    Statistic.WINDOW_END: Scalar(models.window_end),
    Statistic.MODEL_INFO: Scalar(models.model_info),
    Statistic.SILENCE: Scalar(models.silence),
    Statistic.DRIFTED_FEATURES: Scalar(drift.drifted_features),
    Statistic.EVALUATION: Labelled("metric", evaluation.evaluation),
    Statistic.EVALUATION_ROWS: Scalar(evaluation.rows),
    Statistic.EVALUATION_WINDOW_END: Scalar(evaluation.window_end),
    Statistic.LABELLED_RATIO: Scalar(evaluation.labelled_ratio),
    Statistic.TRAINING_EVALUATION: Labelled("metric", evaluation.training_evaluation),
}

OF_ALERTS: dict[Statistic, AlertStatistic] = {
    Statistic.READING: Scalar(alerts.reading),
}
