"""How many predictions and values there were."""

from __future__ import annotations

from metrics_exporter.profiles.table import Floats, Profiles
from metrics_exporter.statistics.kinds import Models


def predictions(models: Models) -> Floats:
    """The model's rows; 0 for a known model without any, which is no gap."""
    return models.rows


def values(profiles: Profiles) -> Floats:
    """Finite, present values that are no defaults."""
    return profiles.values.astype(float)
