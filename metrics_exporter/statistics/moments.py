"""Mean, deviation and extremes of numeric values; NaN where there are none."""

from __future__ import annotations

import numpy as np

from metrics_exporter.profiles.table import Floats, Profiles
from metrics_exporter.statistics.ratios import ratio


def mean(profiles: Profiles) -> Floats:
    """The arithmetic mean."""
    return profiles.mean


def stddev(profiles: Profiles) -> Floats:
    """The population standard deviation; absent where the values' squares are no numbers any more."""
    return np.sqrt(ratio(profiles.squared_deviations, profiles.values))


def minimum(profiles: Profiles) -> Floats:
    """The smallest value."""
    return profiles.minimum


def maximum(profiles: Profiles) -> Floats:
    """The largest value."""
    return profiles.maximum
