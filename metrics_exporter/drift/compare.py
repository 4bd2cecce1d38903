"""A window's series against those of a reference."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol

import numpy as np

from metrics_exporter.drift import bins, psi
from metrics_exporter.profiles.table import Floats, Profiles
from metrics_exporter.profiles.text import Ints, Text

FEWEST = 50  # values, on each side; with fewer nothing is said
_BINNED = ((attrgetter("is_numeric"), bins.of_numbers), (attrgetter("is_categorical"), bins.of_categories))
_CHUNK = 2_000  # series that are compared at once: what a processor's cache holds


class Named(Protocol):
    """Rows that are series, by the names in three columns."""

    @property
    def predictor(self) -> Text:
        """Whose."""

    @property
    def model_id(self) -> Text:
        """Of which model."""

    @property
    def feature(self) -> Text:
        """Which feature; NULL: the predictions."""

    def __len__(self) -> int: ...


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """How far the series of a window are from a reference, a row each; NaN where that can't be judged.

    Attributes:
        psi: the population stability index.
        bound: what it exceeds in one of 1,000 windows by chance, with independent rows.
    """

    psi: Floats
    bound: Floats


def compare(window: Profiles, reference: Profiles, alpha: float = psi.ALPHA) -> Comparison:
    """Compare each series with that of the same predictor, model and feature."""
    places = matched(window, reference)
    found = Comparison(np.full(len(window), np.nan), np.full(len(window), np.nan))
    sizes = _rows(window), np.where(places < 0, 0, _rows(reference)[places] if len(reference) else 0)
    enough = (sizes[0] >= FEWEST) & (sizes[1] >= FEWEST)
    for is_of_kind, binned in _BINNED:
        rows = np.flatnonzero(enough & is_of_kind(window))
        rows = rows[is_of_kind(reference)[places[rows]]]
        for first in range(0, len(rows), _CHUNK):
            some = rows[first : first + _CHUNK]
            both = binned(window, some, reference, places[some])
            n, m = sizes[0][some], sizes[1][some]
            found.psi[some] = psi.psi(both, n, m)
            found.bound[some] = psi.bound(both, n, m, alpha)
    return found


def matched(window: Named, reference: Named) -> Ints:
    """For each series of a window, its row in the reference; -1 where it has none."""
    if not len(reference):
        return np.full(len(window), -1)
    keys = [np.zeros(len(window), np.int64), np.zeros(len(reference), np.int64)]
    for name in ("predictor", "model_id", "feature"):
        ours: Text = getattr(window, name)
        theirs: Text = getattr(reference, name)
        place = {word: code for code, word in enumerate(ours.words)}
        recoded = np.array([place.get(word, len(place)) for word in theirs.words] + [-1], np.int64)
        width = len(place) + 2
        keys = [keys[0] * width + ours.codes + 1, keys[1] * width + recoded[theirs.codes] + 1]
    order = np.argsort(keys[1], kind="stable")
    found = order[np.minimum(np.searchsorted(keys[1], keys[0], sorter=order), len(order) - 1)]
    return np.where(keys[1][found] == keys[0], found, -1)


def _rows(table: Profiles) -> Floats:
    """How many values each series' shape rests on: those of its grid, unless all of them are atoms."""
    held = np.add.reduceat(np.append(table.atoms.counts, 0), table.atoms.offsets[:-1]) if len(table) else np.empty(0)
    held = np.where(table.atoms.lengths > 0, held, 0)
    is_sampled = table.is_numeric & (held < table.values)
    return np.where(is_sampled, np.minimum(table.grid_rows, table.values), table.values).astype(float)
