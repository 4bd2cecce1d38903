"""Train each model on January and February, and let it predict every later flight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from threadpoolctl import threadpool_limits

from demo.features import ModelSpec, PredictorSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

_LAST_TRAINING_MONTH = 2
_SEED = 2013


def model_input(requests: pd.DataFrame, predictor: PredictorSpec) -> pd.DataFrame:
    """The features as the models get them: defaults filled in, text as categories, all else as numbers."""
    filled = requests[list(predictor.features)].fillna(predictor.defaults)
    text = [name for name in filled if pd.api.types.is_string_dtype(filled[name])]
    numbers = filled.columns.difference(text)
    return filled.astype(dict.fromkeys(text, "category") | dict.fromkeys(numbers, float))


def in_log(requests: pd.DataFrame) -> pd.Series:
    """Which requests are later than what the models were trained on."""
    return requests["month"] > _LAST_TRAINING_MONTH


def trained_on(requests: pd.DataFrame, predictor: PredictorSpec) -> pd.Series:
    """Which requests the models were trained on: those of the training months whose outcome is known."""
    return ~in_log(requests) & requests[predictor.target].notna()


def predictions(requests: pd.DataFrame, predictor: PredictorSpec, model: ModelSpec) -> NDArray[np.float64]:
    """What the model, trained on the requests of the training months, answers to each request."""
    features = model_input(requests, predictor)
    labelled = trained_on(requests, predictor)
    estimator = _estimator(model)
    with threadpool_limits(1):  # more threads spin on a busy machine: five times slower beside other work
        estimator.fit(features[labelled], requests.loc[labelled, predictor.target])
        answers: NDArray[np.float64] = (
            estimator.predict_proba(features)[:, 1] if model.loss == "log_loss" else estimator.predict(features)
        )
    return answers


def _estimator(model: ModelSpec) -> HistGradientBoostingClassifier | HistGradientBoostingRegressor:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor  # noqa: PLC0415

    kind = HistGradientBoostingClassifier if model.loss == "log_loss" else HistGradientBoostingRegressor
    return kind(
        loss=model.loss,
        max_iter=model.rounds,
        max_leaf_nodes=model.leaves,
        min_samples_leaf=100,
        early_stopping=False,
        categorical_features="from_dtype",
        random_state=_SEED,
    )
