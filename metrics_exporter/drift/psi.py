"""The population stability index, and how large it gets by chance."""

from __future__ import annotations

import numpy as np

from metrics_exporter.drift import chi_squared
from metrics_exporter.drift.bins import RARE, Bins
from metrics_exporter.profiles.table import Floats
from metrics_exporter.profiles.text import Ints

ALPHA = 0.001
_DOUBT = 5.0  # how far beyond its mean what is in doubt may go, as χ² does; found by simulation


def psi(bins: Bins, window_rows: Floats, reference_rows: Floats) -> Floats:
    """Σ (p - q) ln(p / q) over a row's bins, each share smoothed as (count + ½) / (rows + bins / 2).

    0 where both sides are equal; about δ² for a normal distribution shifted by δ standard deviations.

    Args:
        bins: the shares of both sides.
        window_rows: of each row, how many values the window's shares come from.
        reference_rows: … the reference's.
    """
    row = bins.row
    lengths = np.bincount(row, minlength=len(window_rows))[row]
    p = (bins.window * window_rows[row] + 0.5) / (window_rows[row] + lengths / 2)
    q = (bins.reference * reference_rows[row] + 0.5) / (reference_rows[row] + lengths / 2)
    return _sums(row, (p - q) * np.log(p / q), len(window_rows))


def bound(bins: Bins, window_rows: Floats, reference_rows: Floats, alpha: float = ALPHA) -> Floats:
    """What the index exceeds in the share `alpha` of windows whose values are drawn as the reference's were.

    With independent rows it is (1/n + 1/m) times a χ²-distributed quantity (Yurdakul and Naranjo, 2020); where a share
    is known to a step of the grid only, that adds its own spread.
    """
    degrees = np.maximum(np.bincount(bins.row, minlength=len(window_rows)) - 1, 1)
    lengths, place = np.unique(degrees, return_inverse=True)
    limits = np.array([chi_squared.quantile(1 - alpha, int(each)) for each in lengths])
    doubt = bins.doubt / np.maximum(bins.reference, RARE)
    by_chance = (1 / window_rows + 1 / reference_rows) * limits[place]
    return np.asarray(by_chance + _DOUBT * _sums(bins.row, doubt, len(window_rows)), float)


def _sums(row: Ints, values: Floats, rows: int) -> Floats:
    return np.bincount(row, values, rows).astype(float)
