"""The quantiles that are exported, read off the profile's grid."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter

from metrics_exporter.definitions import QUANTILES
from metrics_exporter.profiles.profile import GRID, Profile
from metrics_exporter.statistics.kinds import Context

_LABELS = tuple(map(str, QUANTILES))
_pick = itemgetter(*map(GRID.index, QUANTILES))


def quantiles(profile: Profile, _: Context) -> Iterable[tuple[str, float]]:
    """Quantile label and value, the lowest first; none where there are no numeric values."""
    shape = profile.distribution
    return () if shape is None else zip(_LABELS, _pick(shape.grid), strict=True)
