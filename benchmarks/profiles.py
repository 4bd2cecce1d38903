"""Synthetic profiles: numeric, each with values of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from metrics_exporter.profiles.table import COUNTS, GRID, NameLists, NumberLists, Profiles
from metrics_exporter.profiles.text import Text


def numeric(models: Sequence[tuple[str, str]], features: int, random_numbers: np.random.Generator) -> Profiles:
    """Those of models, by predictor and id: the predictions and so many features of each."""
    names = [None, *(f"feature_{place}" for place in range(features))]
    series = sorted((*model, feature or "") for model in models for feature in names)
    size = len(series)
    mean = random_numbers.normal(0, 100, size)
    grid = np.sort(mean[:, None] + random_numbers.random((size, len(GRID))), axis=1)
    counts: dict[str, Any] = {name: np.zeros(size, np.int64) for name in COUNTS}
    counts |= {"rows": np.full(size, 1000), "nulls": np.full(size, 3), "unseen": np.full(size, -1)}
    counts |= {"values": random_numbers.integers(900, 1000, size), "defaults": random_numbers.integers(0, 90, size)}
    none, nothing = np.empty(0, np.int64), np.zeros(size + 1, np.int64)
    return Profiles(
        predictor=Text.of(predictor for predictor, _, _ in series),
        model_id=Text.of(model_id for _, model_id, _ in series),
        feature=Text.of(feature or None for _, _, feature in series),
        **counts,
        mean=mean,
        squared_deviations=random_numbers.random(size) * 1e6,
        minimum=grid[:, 0] - 1,
        maximum=grid[:, -1] + 1,
        grid=grid,
        atoms=NumberLists(nothing, np.empty(0), none),
        categories=NameLists(nothing, Text.of(()), none),
    )
