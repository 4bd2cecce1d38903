"""Mean, deviation and extremes of numeric values; absent where there are none."""

from __future__ import annotations

from math import isfinite, sqrt

from metrics_exporter.profiles.profile import Profile
from metrics_exporter.statistics.kinds import Context


def mean(profile: Profile, _: Context) -> float | None:
    """The arithmetic mean."""
    shape = profile.distribution
    return None if shape is None else shape.mean


def stddev(profile: Profile, _: Context) -> float | None:
    """The population standard deviation; absent where the values' squares are no numbers any more."""
    shape = profile.distribution
    return sqrt(shape.squared_deviations / profile.values) if shape and isfinite(shape.squared_deviations) else None


def minimum(profile: Profile, _: Context) -> float | None:
    """The smallest value."""
    shape = profile.distribution
    return None if shape is None else shape.minimum


def maximum(profile: Profile, _: Context) -> float | None:
    """The largest value."""
    shape = profile.distribution
    return None if shape is None else shape.maximum
