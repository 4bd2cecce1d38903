"""What is told of a model rather than of its values."""

from __future__ import annotations

import numpy as np

from metrics_exporter.profiles.table import Floats
from metrics_exporter.statistics.kinds import Models


def window_end(models: Models) -> Floats:
    """The end of the latest closed window in Unix seconds."""
    return np.full(len(models), np.nan if models.end is None else models.end.timestamp())


def model_info(models: Models) -> Floats:
    """Always 1: the labels carry role and team."""
    return np.ones(len(models))


def silence(models: Models) -> Floats:
    """Seconds since the model's last predictions."""
    return models.silence
