"""Every number on /metrics is what pandas makes of the raw log: two hourly windows and a daily one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from demo.log import ensure_log
from tests.e2e import recomputed
from tests.e2e.recomputed import Labels, Values, Window
from tests.e2e.world import DEFINITIONS, LOOKBACK_DAYS, SETTLE
from tests.real_parts import ROOT, driftgauge

pytestmark = pytest.mark.slow

HISTORY = timedelta(days=LOOKBACK_DAYS)
LENGTHS = {"1h": timedelta(hours=1), "1d": timedelta(days=1)}
OF_WINDOWS = ("ml_predictions", "ml_prediction_", "ml_feature_", "ml_window_end_")
COMPARING = ("unseen", "_psi")
APPROXIMATE = ("_quantile",)
CONTINUOUS, AROUND_ATOMS = 0.005, 0.03  # the greatest errors of quantiles, in rank

# The week before the log's last one: complete whatever the time is. A busy hour, and a midnight that ends a day.
COMPARED = [("busy", "1h"), ("midnight", "1h"), ("midnight", "1d")]
BUSY, MIDNIGHT = timedelta(days=-9, hours=15), timedelta(days=-8)


@dataclass(frozen=True)
class Shown:
    """What the exporter showed at a moment, and the end of the windows that it showed."""

    log: Path
    ends: dict[str, datetime]
    history_begins: datetime
    values: Values

    def of(self, window: str) -> Values:
        """The window metrics of one window, without the share of unseen values and the distance from a reference."""
        return {
            (name, labels): value
            for (name, labels), value in self.values.items()
            if ("window", window) in labels and name.startswith(OF_WINDOWS) and not any(map(name.count, COMPARING))
        }

    def rows(self, window: str) -> pd.DataFrame:
        """The raw rows of the window."""
        end = self.ends[window]
        return recomputed.read(self.log, "all_predictions", end - LENGTHS[window], end)

    def earlier_days(self, window: str) -> pd.DataFrame:
        """The raw rows of all days in the history that ended before the window began."""
        last = (self.ends[window] - LENGTHS[window]).replace(hour=0)
        return recomputed.read(self.log, "all_predictions", self.history_begins, last)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shown]:
    """The exporter's answers after the busy hour, and after midnight."""
    log = ensure_log(ROOT / ".cache" / "driftgauge")
    history = tmp_path_factory.mktemp("history")
    last_day = log.end.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    begins = last_day + BUSY.days * LENGTHS["1d"] - HISTORY
    answers = {}
    for name, offset in (("busy", BUSY), ("midnight", MIDNIGHT)):
        end = last_day + offset
        values = export_once(log.file, history, end + SETTLE)
        answers[name] = Shown(log.file, {"1h": end, "1d": end.replace(hour=0)}, begins, values)
    return answers


def export_once(log: Path, history: Path, now: datetime) -> Values:
    text = driftgauge(
        *("export", "--once", "--now", now.isoformat(), f"--lookback-days={LOOKBACK_DAYS}"),
        *("--definitions", DEFINITIONS, "--warehouse", f"duckdb:{log}", "--history", history),
    )
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture(scope="module")
def kinds(shown: dict[str, Shown]) -> dict[tuple[str, str], str]:
    """What the registry declares of a feature, else what the log holds."""
    found = recomputed.kinds(shown["midnight"].rows("1d"))
    for file in (ROOT / "registry").glob("*.yaml"):
        for predictor, content in yaml.safe_load(file.read_text())["predictors"].items():
            for feature, declared in content.get("features", {}).items():
                found[predictor, feature] = declared.get("kind", found[predictor, feature])
    return found


@pytest.fixture(scope="module", params=COMPARED, ids="-".join)
def compared(
    request: pytest.FixtureRequest, shown: dict[str, Shown], kinds: dict[tuple[str, str], str]
) -> tuple[Values, Window]:
    """What a window shows, and what it ought to show."""
    moment, window = request.param
    answer = shown[moment]
    expected = recomputed.window(answer.rows(window), window, answer.ends[window], kinds)
    return answer.of(window), expected


def test_the_same_series_with_the_same_values(compared: tuple[Values, Window]) -> None:
    values, expected = compared
    exact = {key: value for key, value in values.items() if not key[0].endswith(APPROXIMATE)}
    assert exact.keys() == expected.exact.keys()
    wrong = {
        key: (value, expected.exact[key])
        for key, value in exact.items()
        if not np.isclose(value, expected.exact[key], rtol=1e-9, atol=1e-12)
    }
    assert wrong == {}


def test_counts_and_ratios_are_exact(compared: tuple[Values, Window]) -> None:
    values, expected = compared
    of_counts = ("ml_predictions", "ml_feature_values", "ml_feature_default_ratio", "ml_feature_null_ratio")
    exact = {key: value for key, value in values.items() if key[0] in of_counts}
    assert exact == {key: value for key, value in expected.exact.items() if key[0] in of_counts}


def test_quantiles_are_within_their_rank(compared: tuple[Values, Window]) -> None:
    values, expected = compared
    wrong = {}
    seen = set()
    for (name, labels), quantile, value in quantiles(values):
        samples = expected.samples[name, labels]
        seen.add((name, labels))
        error = recomputed.rank_error(samples, quantile, value)
        if error > allowed(samples):
            wrong[name, labels, quantile] = (error, len(samples))
    assert wrong == {}
    assert seen == expected.samples.keys()


def quantiles(values: Values) -> Iterator[tuple[tuple[str, Labels], float, float]]:
    for (name, labels), value in values.items():
        if name.endswith("_quantile"):
            quantile = dict(labels)["quantile"]
            yield (name, labels - {("quantile", quantile)}), float(quantile), value


def allowed(samples: np.ndarray) -> float:
    """Few samples have no finer ranks than half a step between two of them."""
    _, counts = np.unique(samples, return_counts=True)
    is_continuous = counts.max() <= max(1, 0.01 * len(samples))
    return (CONTINUOUS if is_continuous else AROUND_ATOMS) + 0.5 / len(samples)


def test_rows_are_counted_and_repetitions_apart(shown: dict[str, Shown], kinds: dict[tuple[str, str], str]) -> None:
    answer = shown["midnight"]
    labels = frozenset({("log", "default"), ("window", "1d")})
    day = recomputed.window(answer.rows("1d"), "1d", answer.ends["1d"], kinds)
    assert answer.values["driftgauge_window_rows", labels] == day.rows
    assert answer.values["driftgauge_duplicate_rows", labels] == day.duplicates > 0


@pytest.mark.parametrize(("moment", "window"), COMPARED)
def test_unseen_categories_are_those_that_no_earlier_day_had(
    shown: dict[str, Shown], kinds: dict[tuple[str, str], str], moment: str, window: str
) -> None:
    answer = shown[moment]
    rows, before = answer.rows(window), answer.earlier_days(window)
    unseen = {
        labels: value
        for (name, labels), value in answer.values.items()
        if name == "ml_feature_unseen_ratio" and ("window", window) in labels
    }
    for labels, value in unseen.items():
        series = dict(labels)
        expected = recomputed.unseen_ratio(rows, before, series["predictor"], series["model_id"], series["feature"])
        assert value == pytest.approx(expected, rel=1e-12), series
    few = {key for key, kind in kinds.items() if kind == "categorical"} - {(p, "destination") for p, _ in kinds}
    assert {(dict(labels)["predictor"], dict(labels)["feature"]) for labels in unseen} >= few


def test_drift_of_categories_is_what_the_raw_rows_of_the_day_and_the_training_set_say(shown: dict[str, Shown]) -> None:
    answer = shown["midnight"]
    with duckdb.connect(str(answer.log), read_only=True) as database:
        trained = database.sql("SELECT * FROM training_arrival_delay").df()
    expected = recomputed.psi(answer.rows("1d"), trained, "arrival_delay_v3", ("carrier", "origin", "aircraft_maker"))
    labels = {"predictor": "arrival_delay", "model_id": "arrival_delay_v3", "window": "1d", "reference": "training"}
    for feature, psi in expected.items():
        shown_psi = answer.values["ml_feature_psi", frozenset({**labels, "feature": feature}.items())]
        assert shown_psi == pytest.approx(psi, rel=1e-9), feature
        assert psi > 0
