"""Fixtures that several areas use."""

from __future__ import annotations

import pytest

from tests.real_parts import PROMETHEUS_MAJORS, PrometheusBinaries


@pytest.fixture(scope="session", params=PROMETHEUS_MAJORS, ids=lambda major: f"prometheus{major}")
def prometheus_binaries(request: pytest.FixtureRequest) -> PrometheusBinaries:
    """Prometheus and promtool, in both versions that users run: a test with this runs twice."""
    return PrometheusBinaries.require(request.param)
