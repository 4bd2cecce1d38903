"""How far values are from their reference; NaN where that was not judged."""

from __future__ import annotations

import numpy as np

from metrics_exporter.profiles.table import Floats, Profiles
from metrics_exporter.statistics.kinds import Models

# A shift that moves no decision, however sure it is: a PSI of 0.1 is that of about a third of a standard deviation.
EFFECT_FLOOR = 0.1
# More than this of its variance lies between days: it is what all rows of a day share, such as the weather.
AMBIENT = 0.5


def psi(profiles: Profiles) -> Floats:
    """The population stability index."""
    return profiles.known_drift.psi


def psi_limit(profiles: Profiles) -> Floats:
    """What the index exceeds by chance in one of 1,000 windows, as much as is known of the series' own past."""
    drift = profiles.known_drift
    return np.where(np.isnan(drift.psi), np.nan, drift.bound * np.fmax(drift.dispersion, 1))


def drift_score(profiles: Profiles) -> Floats:
    """The index over its limit, or over the effect floor if that is greater: above 1 it is no noise, and matters.

    Absent until the series' own past tells how far beyond chance it goes.
    """
    score = psi(profiles) / np.fmax(psi_limit(profiles), EFFECT_FLOOR)
    return np.where(np.isnan(profiles.known_drift.dispersion), np.nan, score)


def drifted(profiles: Profiles) -> Floats:
    """At each model's predictions, how many of its features have a score above 1; NaN where none was judged.

    What all rows of a day share is not counted: that the weather is unlike the past weeks' is no fault of a feature.
    """
    is_left_out = profiles.is_prediction | (profiles.known_drift.shared > AMBIENT)
    score = np.where(is_left_out, np.nan, drift_score(profiles))
    models, place = np.unique(profiles.model_keys, return_inverse=True)
    judged, above = (np.bincount(place, each, len(models)) for each in (~np.isnan(score), score > 1))
    return np.where(profiles.is_prediction & (judged > 0)[place], above[place], np.nan)


def drifted_features(models: Models) -> Floats:
    """How many of a model's features have a score above 1; absent where none was judged."""
    return models.drifted
