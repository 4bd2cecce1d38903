"""How predictions meet their actuals.

Evaluation against actuals is not computed yet: all but `training_evaluation` are absent.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from metrics_exporter.profiles.table import Floats
from metrics_exporter.statistics.kinds import Models


def evaluation(_: Models) -> Iterable[tuple[str, Floats]]:
    """Absent."""
    return ()


def rows(models: Models) -> Floats:
    """Absent."""
    return np.full(len(models), np.nan)


def window_end(models: Models) -> Floats:
    """Absent."""
    return np.full(len(models), np.nan)


def labelled_ratio(models: Models) -> Floats:
    """Absent."""
    return np.full(len(models), np.nan)


def training_evaluation(models: Models) -> Iterable[tuple[str, Floats]]:
    """The metrics on the training evaluation set, as the registry states them."""
    return sorted(models.training.items())
