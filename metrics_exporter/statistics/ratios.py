"""Shares of a model's predictions, or of a feature's values; NaN where there are none."""

from __future__ import annotations

import numpy as np

from metrics_exporter.profiles.table import Floats, Profiles
from metrics_exporter.profiles.text import Ints


def ratio(part: Floats | Ints, whole: Ints) -> Floats:
    """One column divided by another; NaN where that is 0."""
    shares = np.full(len(whole), np.nan)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares


def default_ratio(profiles: Profiles) -> Floats:
    """The share of predictions that used the feature's configured default."""
    return ratio(profiles.defaults, profiles.rows)


def null_ratio(profiles: Profiles) -> Floats:
    """The share of predictions where the feature is NULL, NaN or missing."""
    return ratio(profiles.nulls, profiles.rows)


def unseen_ratio(profiles: Profiles) -> Floats:
    """The share of values in categories that the preceding weeks never had; absent without a history."""
    return np.where(profiles.unseen < 0, np.nan, ratio(profiles.unseen, profiles.values))
