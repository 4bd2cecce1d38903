"""By how much more than chance series differ from their references in ordinary windows, as past windows say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from metrics_exporter.drift.compare import matched
from metrics_exporter.profiles.table import Floats, Profiles
from metrics_exporter.profiles.text import Ints, Text

TRAILING, TRAINING = "trailing", "training"  # references

_LEAST_RATIOS = 17  # windows that were compared, before more than chance is told from their indices
_HIGH = 0.95  # the quantile of these that counts: an incident or two are not what is usual


@dataclass(frozen=True, eq=False, slots=True)
class Ratios:
    """How many times their bound the indices of some series were in a window; NaN where that is not known."""

    predictor: Text
    model_id: Text
    feature: Text
    values: Floats

    @classmethod
    def of(cls, profiles: Profiles, reference: str) -> Ratios:
        """Of the series that were compared with a reference of this kind."""
        drift = profiles.known_drift
        values = np.where(_is_of(profiles, reference), drift.psi / drift.bound, np.nan)
        return cls(profiles.predictor, profiles.model_id, profiles.feature, values)

    def __len__(self) -> int:
        return len(self.values)

    def at(self, series: Profiles) -> Floats:
        """Those of some series."""
        place = matched(series, self)
        return np.where(place >= 0, self.values[place], np.nan) if len(self) else np.full(len(series), np.nan)


class FirstWindows:
    """The first windows in which models were compared with what they were trained on.

    Production is never like training: that alone is nothing to tell anybody. What is more than in the first weeks is.

    Attributes:
        kept: of each window the series of the models that were new, oldest first.
        until: the end of the last window that was taken.
    """

    def __init__(self, most: int) -> None:
        """Know none yet; `most` of each model count."""
        self._most, self._seen = most, Counter[tuple[str, str]]()
        self.kept: list[Ratios] = []
        self.until: datetime | None = None

    def has_all(self, models: Iterable[tuple[str, str]]) -> bool:
        """Whether some models have had their first windows."""
        return all(self._seen[model] >= self._most for model in models)

    def take(self, end: datetime, profiles: Profiles) -> None:
        """Take up the next window."""
        self.until = end
        trained = profiles.take(_is_of(profiles, TRAINING))
        models, place = models_of(trained)
        is_new = np.array([self._seen[model] < self._most for model in models], bool)
        self._seen.update(models)
        if is_new.any():
            self.kept.append(Ratios.of(trained.take(is_new[place]), TRAINING))


def models_of(profiles: Profiles) -> tuple[list[tuple[str, str]], Ints]:
    """The models by predictor and id, and which of them each row belongs to."""
    _, example, place = np.unique(profiles.model_keys, return_index=True, return_inverse=True)
    return [(str(profiles.predictor[row]), str(profiles.model_id[row])) for row in example.tolist()], place


def _is_of(profiles: Profiles, reference: str) -> NDArray[np.bool_]:
    codes = profiles.reference.codes
    return np.equal(codes, profiles.reference.code(reference)) & np.greater_equal(codes, 0)


def upper(windows: Sequence[Floats], size: int) -> Floats:
    """The high quantile of each series over some windows, at least 1; NaN of one with too few."""
    if len(windows) < _LEAST_RATIOS:
        return np.full(size, np.nan)
    ratios = np.array(windows)
    known = np.isfinite(ratios).sum(axis=0)
    with np.errstate(invalid="ignore"):
        ordered = np.sort(ratios, axis=0)  # NaN comes last
    rank = np.maximum((_HIGH * known).astype(np.int64) - 1, 0)
    high = np.take_along_axis(ordered, rank[None, :], axis=0)[0]
    return np.where(known >= _LEAST_RATIOS, np.fmax(high, 1.0), np.nan)
