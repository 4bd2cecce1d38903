"""Every window metric of a prediction log, computed a second time: by pandas, from the raw rows.

It shares no code with the exporter, only what docs/metrics.md says of each metric.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

_KEY = ["predictor_name", "model_id"]
_IDENTITY = [*_KEY, "prediction_id", "sent_at"]

Labels = frozenset[tuple[str, str]]
Numbers = np.ndarray[Any, Any]
Values = dict[tuple[str, Labels], float]


@dataclass
class Window:
    """What a window's metrics ought to be.

    Attributes:
        rows: how many rows the log has, repetitions left out.
        duplicates: how many rows repeat another one.
        exact: value by metric name and labels, quantiles not among them.
        samples: the sorted values behind a quantile metric, by its name and its labels without `quantile`.
    """

    rows: int
    duplicates: int
    exact: Values = field(default_factory=dict)
    samples: dict[tuple[str, Labels], Numbers] = field(default_factory=dict)

    def add_shape(self, prefix: str, labels: Labels, values: Numbers) -> None:
        """What numbers have, where there are any."""
        if len(values):
            self.exact[f"{prefix}_mean", labels] = float(np.mean(values))
            self.exact[f"{prefix}_stddev", labels] = float(np.std(values))
            self.exact[f"{prefix}_min", labels] = float(np.min(values))
            self.exact[f"{prefix}_max", labels] = float(np.max(values))
            self.samples[f"{prefix}_quantile", labels] = np.sort(values)

    def add_feature(self, kind: str, labels: Labels, values: pd.Series, defaulted: Numbers) -> None:
        """What a feature of this kind has, from the text of its values."""
        null = values.isna() | ((values.str.lower() == "nan") if kind == "numeric" else False)
        real = values[~null & ~defaulted]
        self.exact["ml_feature_default_ratio", labels] = float(defaulted.mean())
        self.exact["ml_feature_null_ratio", labels] = float(null.mean())
        self.exact["ml_feature_values", labels] = len(real)
        if kind != "categorical":
            numbers = real.map(_number).to_numpy(dtype=float)
            finite = numbers[np.isfinite(numbers)]
            self.exact["ml_feature_values", labels] = len(finite)
            self.add_shape("ml_feature", labels, finite)


def read(log: Path, table: str, start: datetime, end: datetime) -> pd.DataFrame:
    """The raw rows with start <= sent_at < end; `features` are dicts, `default_values_used` lists."""
    with duckdb.connect(str(log), read_only=True) as database:
        query = f"SELECT * FROM {table} WHERE sent_at >= ? AND sent_at < ?"
        rows = database.execute(query, [start.replace(tzinfo=None), end.replace(tzinfo=None)]).fetchall()
        columns = [column[0] for column in database.description or ()]
    return pd.DataFrame(rows, columns=columns)


def window(rows: pd.DataFrame, name: str, end: datetime, kinds: Mapping[tuple[str, str], str]) -> Window:
    """All metrics of one window.

    Args:
        rows: the raw rows in the window.
        name: the window's label, 1h or 1d.
        end: its end.
        kinds: `numeric`, `boolean` or `categorical` by predictor and feature.
    """
    once = rows.drop_duplicates(_IDENTITY)
    found = Window(len(once), len(rows) - len(once))
    for (predictor, model_id), model in once.groupby(_KEY):
        labels = {"predictor": predictor, "model_id": model_id, "window": name}
        of_model = frozenset(labels.items())
        found.exact["ml_predictions", of_model] = len(model)
        found.exact["ml_window_end_timestamp_seconds", of_model] = end.timestamp()
        results = model["prediction_result"].to_numpy(dtype=float)
        found.exact["ml_prediction_values", of_model] = int(np.isfinite(results).sum())
        found.exact["ml_prediction_null_ratio", of_model] = float(np.isnan(results).mean())
        found.add_shape("ml_prediction", of_model, results[np.isfinite(results)])
        for feature, values, defaulted in _features(model):
            of_feature = frozenset({**labels, "feature": feature}.items())
            found.add_feature(kinds[predictor, feature], of_feature, values, defaulted)
    return found


def kinds(rows: pd.DataFrame) -> dict[tuple[str, str], str]:
    """What most of each feature's values are, by predictor and feature."""
    found = {}
    for predictor, model in rows.groupby("predictor_name"):
        for feature, values, _ in _features(model):
            present = values.dropna()
            if present.isin(["true", "false"]).mean() > 0.5:
                found[predictor, feature] = "boolean"
            elif pd.to_numeric(present, errors="coerce").notna().mean() > 0.5:
                found[predictor, feature] = "numeric"
            else:
                found[predictor, feature] = "categorical"
    return found


def unseen_ratio(rows: pd.DataFrame, before: pd.DataFrame, predictor: str, model_id: str, feature: str) -> float:
    """The share of a categorical feature's values, in `rows`, that no value in `before` equals."""
    values, past = (
        _real_values(table.drop_duplicates(_IDENTITY), predictor, model_id, feature) for table in (rows, before)
    )
    return float((~values.isin(set(past))).mean())


def rank_error(samples: Numbers, quantile: float, value: float) -> float:
    """How far `value` is from being the quantile, in rank.

    A value that occurs has all of the ranks that it occupies: of n samples, the i-th those from (i − 1)/n to i/n.
    """
    below, up_to = (np.searchsorted(samples, value, side) / len(samples) for side in ("left", "right"))
    return float(max(0.0, below - quantile, quantile - up_to))


def _features(model: pd.DataFrame) -> Iterator[tuple[str, pd.Series, Numbers]]:
    """Each feature with the text of its values, None where there is none, and where the default went in."""
    table = pd.DataFrame(model["features"].tolist(), index=model.index)
    for feature in sorted(table):
        defaulted = np.array([feature in used for used in model["default_values_used"]])
        yield feature, table[feature], defaulted


def _real_values(rows: pd.DataFrame, predictor: str, model_id: str, feature: str) -> pd.Series:
    model = rows[(rows["predictor_name"] == predictor) & (rows["model_id"] == model_id)]
    values, defaulted = next((v, d) for name, v, d in _features(model) if name == feature)
    return values[values.notna() & ~defaulted]


def _number(text: str) -> float:
    """The double nearest to a text, to the last digit; NaN where it is no number."""
    try:
        return float({"true": "1", "false": "0"}.get(text, text))
    except ValueError:
        return float("nan")


def psi(rows: pd.DataFrame, trained: pd.DataFrame, model_id: str, features: Iterable[str]) -> dict[str, float]:
    """The population stability index of a model's categories against its training set, as docs/statistics.md has it."""
    model = rows.drop_duplicates(_IDENTITY).query("model_id == @model_id")
    found = {}
    for feature, values, defaulted in _features(model):
        if feature in features:
            ours, theirs = values[values.notna() & ~defaulted], trained[feature].dropna()
            share = theirs.value_counts(normalize=True)
            binned = share[share >= 0.01].index
            counts = [
                side.where(side.isin(binned), "").value_counts().reindex([*binned, ""], fill_value=0).to_numpy()
                for side in (ours, theirs)
            ]
            p, q = ((count + 0.5) / (count.sum() + len(count) / 2) for count in counts)
            found[feature] = float(((p - q) * np.log(p / q)).sum())
    return found
