"""Shares of a model's predictions, or of a feature's values."""

from __future__ import annotations

from metrics_exporter.profiles.profile import Profile
from metrics_exporter.statistics.kinds import Context


def default_ratio(profile: Profile, _: Context) -> float | None:
    """The share of predictions that used the feature's configured default."""
    return profile.defaults / profile.rows if profile.rows else None


def null_ratio(profile: Profile, _: Context) -> float | None:
    """The share of predictions where the feature is NULL, NaN or missing."""
    return profile.nulls / profile.rows if profile.rows else None


def unseen_ratio(profile: Profile, context: Context) -> float | None:
    """The share of values in categories that the preceding weeks never had; absent without a history."""
    return context.unseen.get(profile.series)
