"""What alerts say: values and thresholds in the unit that the registry declares."""

from __future__ import annotations

import pytest

from generator.alerting.words import Format, format_of, one_window, span, summary
from generator.model import Alert
from metrics_exporter.definitions import Comparison
from metrics_exporter.windows import Window
from tests.output.examples import FRESHNESS, alert, changed, predictor

MEAN = alert(metric="ml_prediction_mean", feature=None, high=45.0)
FEATURE_MEAN = alert(metric="ml_feature_mean", high=45.0)


@pytest.mark.parametrize(
    ("watched", "unit", "shown", "limit"),
    [
        (MEAN, "minutes", Format.NUMBER, "above 45 minutes"),
        (MEAN, None, Format.NUMBER, "above 45 for"),
        (changed(MEAN, high=0.25), "probability", Format.RATIO, "above 25% for"),
        (changed(MEAN, comparison=Comparison.CHANGE_ABOVE, high=0.5), "minutes", Format.RATIO, "more than 50% away"),
        (changed(MEAN, comparison=Comparison.OUTSIDE, low=1.0), "minutes", Format.NUMBER, "outside 1 to 45 minutes"),
        (changed(MEAN, metric="ml_predictions"), "minutes", Format.NUMBER, "above 45 for"),
        (FEATURE_MEAN, "minutes", Format.NUMBER, "above 45 seconds"),
        (changed(FEATURE_MEAN, feature="*"), "minutes", Format.NUMBER, "above 45 for"),
    ],
)
def test_units(watched: Alert, unit: str | None, shown: Format, limit: str) -> None:
    watching = predictor(watched, unit=unit)
    assert format_of(watching, watched.condition) is shown
    assert limit in summary(watching, watched.condition)


@pytest.mark.parametrize(
    ("window", "noun"),
    [
        ("1m", "1-minute window"),
        ("15m", "15-minute window"),
        ("1h", "hour"),
        ("6h", "6-hour window"),
        ("90m", "90-minute window"),
        ("1d", "day"),
        ("7d", "week"),
    ],
)
def test_a_window_is_called_what_people_call_it(window: str, noun: str) -> None:
    watched = alert(window=Window.parse(window))
    assert one_window(watched.condition.window) == noun
    assert f"for 2 {noun}s in a row" in summary(predictor(watched), watched.condition)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(60, "1 minute"), (5400, "90 minutes"), (28800, "8 hours"), (86400, "1 day"), (45, "45 seconds")],
)
def test_a_silence_is_told_in_whole_units(seconds: int, said: str) -> None:
    assert span(seconds) == said
    assert f"for more than {said}" in summary(predictor(), changed(FRESHNESS, high=seconds).condition)
