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
    """Have tests that share a server run one after the other: those of a file, of an engine, or of the demo."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    callspec = getattr(item, "callspec", None)
    if callspec and "engine" in callspec.params:
        return f"conformance of {callspec.params['engine'].name}"
    return "demo" if item.path.parent.name == "demo" else str(item.path)  # the demo takes the well-known ports
