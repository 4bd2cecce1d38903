"""How many predictions and values there were."""

from __future__ import annotations

from metrics_exporter.profiles.profile import Profile
from metrics_exporter.statistics.kinds import Context, ModelState


def predictions(model: ModelState, _: Context) -> float | None:
    """The model's rows; 0 for a known model without any, which is no gap."""
    return model.rows


def values(profile: Profile, _: Context) -> float:
    """Finite, present values that are no defaults."""
    return profile.values
