"""The quantiles that are exported, read off the profile's grid."""

from __future__ import annotations

from collections.abc import Iterable

from metrics_exporter.definitions import QUANTILES
from metrics_exporter.profiles.table import GRID, Floats, Profiles


def quantile(profiles: Profiles, rank: float) -> Floats:
    """One of the 99 percentiles; NaN where there are no numeric values."""
    return profiles.grid[:, GRID.index(rank)]


def quantiles(profiles: Profiles) -> Iterable[tuple[str, Floats]]:
    """Quantile label and values, the lowest first."""
    return [(str(rank), quantile(profiles, rank)) for rank in QUANTILES]
