"""What alerts say: values and thresholds in the unit that the registry declares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.model import Alert
from generator.wording import Unit, summary, unit_of
from metrics_exporter.definitions import Comparison
from tests.output.examples import alert, predictor

MEAN = alert(metric="ml_prediction_mean", feature=None, high=45.0)
FEATURE_MEAN = alert(metric="ml_feature_mean", high=45.0)


@pytest.mark.parametrize(
    ("watched", "unit", "shown", "limit"),
    [
        (MEAN, "minutes", Unit.NUMBER, "above 45 minutes"),
        (MEAN, None, Unit.NUMBER, "above 45 for"),
        (replace(MEAN, high=0.25), "probability", Unit.RATIO, "above 25% for"),
        (replace(MEAN, comparison=Comparison.CHANGE_ABOVE, high=0.5), "minutes", Unit.RATIO, "more than 50% away"),
        (replace(MEAN, comparison=Comparison.OUTSIDE, low=1.0), "minutes", Unit.NUMBER, "outside 1 to 45 minutes"),
        (replace(MEAN, metric="ml_predictions"), "minutes", Unit.NUMBER, "above 45 for"),
        (FEATURE_MEAN, "minutes", Unit.NUMBER, "above 45 seconds"),
        (replace(FEATURE_MEAN, feature="*"), "minutes", Unit.NUMBER, "above 45 for"),
    ],
)
def test_units(watched: Alert, unit: str | None, shown: Unit, limit: str) -> None:
    watching = predictor(watched, unit=unit)
    assert unit_of(watching, watched) is shown
    assert limit in summary(watching, watched)
