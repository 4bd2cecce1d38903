"""Limits of the readers that no quick test reaches at their real size, and errors without a place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from generator.cli.validate import show
from generator.findings.syntax import too_large
from generator.load import load_registry
from generator.spec import yaml_reader
from tests.registry.examples import complete


def test_too_many_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(too_large, "MAX_EVENTS", 10)
    document, (finding,) = yaml_reader.read("a.yaml", "a: 1\nb: 2\nc: 3\nd: 4\n")
    assert document is None
    assert (finding.code, str(finding.place)) == ("too-large", "a.yaml:4:1")


def test_the_last_line_need_not_end(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nteams: {", encoding="utf-8")
    (finding,) = load_registry(tmp_path).findings
    assert (finding.code, finding.place.line, finding.place.column) == ("yaml-syntax", 2, 9)


@pytest.mark.parametrize("error", [yaml.YAMLError("odd"), yaml.MarkedYAMLError(problem="odd")])
def test_an_error_without_a_place_is_the_file_s(error: yaml.YAMLError, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __init__(self, _: str) -> None: ...

        def get_event(self) -> None:
            raise error

        def dispose(self) -> None: ...

    monkeypatch.setattr(yaml_reader, "_EventReader", Broken)
    document, (finding,) = yaml_reader.read("a.yaml", "a:")
    assert document is None
    assert (finding.code, str(finding.place)) == ("yaml-syntax", "a.yaml")
    assert "odd" in finding.message


def test_a_silence_at_the_end_of_a_file_silences_nothing(tmp_path: Path) -> None:
    text = "version: 1\n# driftgauge: ignore confusable-names -- nothing follows"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    (finding,) = load_registry(tmp_path).findings
    assert (finding.code, finding.place.line) == ("unused-silence", 2)


def test_a_profile_with_a_name_that_no_file_has(tmp_path: Path) -> None:
    text = complete(f"reference: {{kind: training, profile: {'x' * 5000}}}")
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert "profile-not-found" in {finding.code for finding in load_registry(tmp_path).findings}


def test_colours_are_for_terminals_that_want_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    loaded = load_registry(tmp_path)
    for no_colour, escapes in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", no_colour)
        show(loaded)
        assert ("\x1b[31m" in capsys.readouterr().out) is escapes
