"""Fixtures that several areas use."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

from tests.real_parts import PROMETHEUS_MAJORS, PrometheusBinaries


def pytest_configure() -> None:
    """Have Ctrl-C mean what it does at a terminal: a shell starts what it runs in the background deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("untimed", parent=settings.default, deadline=None)  # a busy machine is no failure
    settings.load_profile("untimed")


@pytest.fixture(scope="module", params=PROMETHEUS_MAJORS, ids=lambda major: f"prometheus{major}")
def prometheus_binaries(request: pytest.FixtureRequest) -> PrometheusBinaries:
    """Prometheus and promtool, in both versions that users run: a test with this runs twice."""
    return PrometheusBinaries.require(request.param)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The switch that writes what scenarios yield into their files (see tests/scenarios/scenario.py)."""
    parser.addoption("--update-scenarios", action="store_true", help="write the scenarios' outcome into their files")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one worker, for the servers that they share; the conformance suite's go by engine."""
    for item in items:
        engine = getattr(item, "callspec", None) and item.callspec.params.get("engine")
        item.add_marker(pytest.mark.xdist_group(f"conformance of {engine.name}" if engine else str(item.path)))
