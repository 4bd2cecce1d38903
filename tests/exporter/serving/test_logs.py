"""Log lines: one an event, whatever the facts hold."""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Iterator

import pytest

from metrics_exporter import logs

LOGGER = logging.getLogger("metrics_exporter.test")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What goes to stderr."""
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    root = logging.getLogger("metrics_exporter")
    before = root.handlers, root.level, root.propagate
    logs.to_stderr()
    yield stderr
    root.handlers, root.level, root.propagate = before


def test_facts_follow_the_event(lines: io.StringIO) -> None:
    logs.event(LOGGER, logging.INFO, "published", seconds=1.23456, series=12, reason='no "room"\nleft', log="default")
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ info published ", lines.getvalue())
    assert lines.getvalue().endswith(r' seconds=1.23 series=12 reason="no \"room\"\nleft" log=default' + "\n")


def test_a_forged_line_stays_within_its_own(lines: io.StringIO) -> None:
    LOGGER.warning("feature %s", "x\n2026-01-01T00:00:00Z error forged")
    assert len(lines.getvalue().splitlines()) == 1


def test_a_defect_is_told_with_its_traceback_in_one_line(lines: io.StringIO) -> None:
    try:
        int("a defect")
    except ValueError:
        LOGGER.exception("the refresh failed")
    (line,) = lines.getvalue().splitlines()
    assert 'error the refresh failed traceback="Traceback' in line
    assert line.endswith("""'a defect'\"""")


def test_details_are_not_logged(lines: io.StringIO) -> None:
    LOGGER.debug("a request")
    assert lines.getvalue() == ""
