"""Quantiles of χ² against scipy."""

from __future__ import annotations

import pytest
from scipy.stats import chi2

from metrics_exporter.drift.chi_squared import quantile


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 0.99, 0.999, 0.9999])
@pytest.mark.parametrize("degrees", [1, 2, 5, 19, 39, 51])
def test_they_are_those_of_scipy(share: float, degrees: int) -> None:
    assert quantile(share, degrees) == pytest.approx(chi2.ppf(share, degrees), rel=1e-9)
