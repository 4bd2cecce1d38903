"""No feature may know the future: rub out what happens after a moment, and nothing known at it may change."""

from __future__ import annotations

import pandas as pd
import pytest

from demo.features import PREDICTORS, PredictorSpec, Surroundings, at_scheduled_hour, prepare
from demo.models import in_log, predictions

MOMENTS = ("2013-03-04 13:00", "2013-03-06 22:00", "2013-03-07 16:30")


def _rubbed_out(flights: pd.DataFrame, moment: pd.Timestamp, *, aircraft: bool) -> pd.DataFrame:
    """The flights as far as they were known at the moment."""
    known = flights.copy()
    known.loc[~(flights["departed_at"] <= moment), ["departed_at", "departure_delay"]] = None
    known.loc[~(flights["arrived_at"] <= moment), ["arrived_at", "arrival_delay", "ground_minutes"]] = None
    if aircraft:  # which aircraft flies is certain when it has left
        known.loc[~(flights["departed_at"] <= moment), "tailnum"] = None
    return known


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("predictor", PREDICTORS, ids=lambda predictor: predictor.name)
def test_features_hold_only_what_was_known(
    few_flights: pd.DataFrame, weather: pd.DataFrame, predictor: PredictorSpec, moment: str
) -> None:
    now = pd.Timestamp(moment)
    known = _rubbed_out(few_flights, now, aircraft=True)
    observed = weather[weather["observed_at"] + pd.Timedelta(minutes=51) <= now]
    in_truth = _features(few_flights, weather, predictor, now)
    as_known = _features(known, observed, predictor, now)
    assert len(in_truth) > 1000
    pd.testing.assert_frame_equal(in_truth, as_known, check_dtype=False)


def _features(
    flights: pd.DataFrame, weather: pd.DataFrame, predictor: PredictorSpec, until: pd.Timestamp
) -> pd.DataFrame:
    requests = Surroundings(flights, weather).join(predictor.requests(prepare(flights)))
    sent = requests[requests["sent_at"] <= until].sort_values(["sent_at", "prediction_id"], ignore_index=True)
    return sent[["prediction_id", "sent_at", *predictor.features]]


def test_cancellation_sees_no_aircraft() -> None:
    cancellation = next(predictor for predictor in PREDICTORS if predictor.requests is at_scheduled_hour)
    assert not [name for name in cancellation.features if name.startswith(("aircraft", "departure", "late"))]


def test_models_learn_from_the_training_months_alone(few_flights: pd.DataFrame, weather: pd.DataFrame) -> None:
    predictor = PREDICTORS[2]
    requests = Surroundings(few_flights, weather).join(predictor.requests(prepare(few_flights)))
    answers = predictions(requests, predictor, predictor.models[0])
    other_labels = requests.assign(ground_minutes=requests["ground_minutes"].where(~in_log(requests), 1000.0))
    assert (predictions(other_labels, predictor, predictor.models[0]) == answers).all()
