"""The quantiles that are exported, read off the profile's grid."""

from __future__ import annotations

from metrics_exporter.definitions import QUANTILES
from metrics_exporter.profile import GRID, Profile
from metrics_exporter.statistics.kinds import Context

_PLACES = tuple((str(quantile), GRID.index(quantile)) for quantile in QUANTILES)


def quantiles(profile: Profile, _: Context) -> list[tuple[str, float]]:
    """Quantile label and value, the lowest first; none where there are no numeric values."""
    shape = profile.distribution
    if shape is None:
        return []
    grid = shape.grid
    return [(label, grid[place]) for label, place in _PLACES]
