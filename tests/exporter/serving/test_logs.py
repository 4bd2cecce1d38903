"""Log lines: one an event, whatever the facts hold."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Iterator

import pytest

from metrics_exporter import logs

LOGGER = logging.getLogger("metrics_exporter.test")


@pytest.fixture
def package() -> Iterator[None]:
    """The package's logger as it was, at the end."""
    root = logging.getLogger("metrics_exporter")
    before = root.handlers, root.level, root.propagate
    yield
    root.handlers, root.level, root.propagate = before


@pytest.fixture
def lines(package: None, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What goes to stderr."""
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    logs.to_stderr()
    return stderr


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


def test_details_are_logged_when_they_are_asked_for(package: None, capsys: pytest.CaptureFixture[str]) -> None:
    logs.to_stderr("debug")
    LOGGER.debug("a request")
    assert capsys.readouterr().err.endswith(" debug a request\n")
    logs.to_stderr("error")
    LOGGER.warning("nothing much")
    assert capsys.readouterr().err == ""


def test_json_has_an_object_a_line(package: None, capsys: pytest.CaptureFixture[str]) -> None:
    logs.to_stderr(form="json")
    logs.event(LOGGER, logging.INFO, "published", seconds=1.5, series=12, worst=float("nan"), reason='a\n"b" é')
    try:
        int("a defect")
    except ValueError:
        LOGGER.exception("the refresh failed")
    published, failed = map(json.loads, capsys.readouterr().err.splitlines())
    assert published | {"time": "then"} == {
        **{"time": "then", "level": "info", "message": "published"},
        **{"seconds": 1.5, "series": 12, "worst": "nan", "reason": 'a\n"b" é'},
    }
    assert (failed["level"], failed["traceback"].splitlines()[-1][:10]) == ("error", "ValueError")


@pytest.mark.parametrize("form", ["text", "json", "bare"])
def test_no_line_shows_a_secret(package: None, capsys: pytest.CaptureFixture[str], form: str) -> None:
    if form == "bare":
        logs.bare_to_stderr(["hunter4"])
    else:
        logs.to_stderr(form=form, secrets=["hunter4"])  # type: ignore[arg-type]
    logs.event(
        LOGGER, logging.ERROR, "no postgresql://u:hunter2@host/db", url="https://host/x?token=hunter2", why="hunter4"
    )
    try:
        _connect()
    except RuntimeError:
        LOGGER.exception("a defect")
    told = capsys.readouterr().err
    assert "postgresql://host/db" in told
    assert "RuntimeError" in told
    assert "hunter" not in told


def _connect() -> None:
    raise RuntimeError("connection to postgresql://u:hunter2@host/db?password=hunter2 failed: hunter4")
