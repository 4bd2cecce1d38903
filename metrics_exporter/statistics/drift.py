"""How far values are from their reference; NaN where that was not judged."""

from __future__ import annotations

import numpy as np

from metrics_exporter.profiles.table import Drift, Floats, Profiles
from metrics_exporter.statistics.kinds import Models

# A shift that moves no decision, however sure it is: a PSI of 0.1 is that of about a third of a standard deviation.
EFFECT_FLOOR = 0.1


def psi(profiles: Profiles) -> Floats:
    """The population stability index."""
    return _drift(profiles).psi


def psi_limit(profiles: Profiles) -> Floats:
    """What the index exceeds by chance in one of 1,000 windows, as much as the series' own past says."""
    drift = _drift(profiles)
    return np.where(np.isnan(drift.psi), np.nan, drift.bound * drift.dispersion)


def drift_score(profiles: Profiles) -> Floats:
    """The index over its limit, or over the effect floor if that is greater: above 1 it is no noise, and matters."""
    return psi(profiles) / np.fmax(psi_limit(profiles), EFFECT_FLOOR)


def drifted(profiles: Profiles) -> Floats:
    """At each model's predictions, how many of its features have a score above 1; NaN where none was judged."""
    score = np.where(profiles.is_prediction, np.nan, drift_score(profiles))
    models, place = np.unique(profiles.model_keys, return_inverse=True)
    judged, above = (np.bincount(place, each, len(models)) for each in (~np.isnan(score), score > 1))
    return np.where(profiles.is_prediction & (judged > 0)[place], above[place], np.nan)


def drifted_features(models: Models) -> Floats:
    """How many of a model's features have a score above 1; absent where none was judged."""
    return models.drifted


def _drift(profiles: Profiles) -> Drift:
    return profiles.drift or Drift.nothing(len(profiles))
