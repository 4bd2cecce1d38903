"""Mean, deviation and extremes of numeric values; absent where there are none."""

from __future__ import annotations

from math import sqrt

from metrics_exporter.profiles.profile import Profile
from metrics_exporter.statistics.kinds import Context


def mean(profile: Profile, _: Context) -> float | None:
    """The arithmetic mean."""
    shape = profile.distribution
    return None if shape is None else shape.mean


def stddev(profile: Profile, _: Context) -> float | None:
    """The population standard deviation."""
    shape = profile.distribution
    return None if shape is None else sqrt(shape.squared_deviations / profile.values)


def minimum(profile: Profile, _: Context) -> float | None:
    """The smallest value."""
    shape = profile.distribution
    return None if shape is None else shape.minimum


def maximum(profile: Profile, _: Context) -> float | None:
    """The largest value."""
    shape = profile.distribution
    return None if shape is None else shape.maximum
