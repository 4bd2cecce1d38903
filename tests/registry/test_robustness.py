"""Hostile and broken input: findings, never a traceback, never more than two seconds."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from generator.cli import main
from generator.findings import Finding
from generator.findings.syntax import too_large
from generator.load import load_registry

SECONDS = 60  # far beyond what any takes on a busy machine: it tells of what grows with the square
NOBODY = 65534
FINE = 'version: 1\nteams: {logistics: {slack: {channel: "#ml"}}}\n'


def found(folder: Path) -> tuple[Finding, ...]:
    """The findings of a registry with an error in it, which the command line reports, too, in time."""
    started = time.process_time()
    result = CliRunner().invoke(main, ["validate", str(folder)])
    assert time.process_time() - started < SECONDS
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    loaded = load_registry(folder)
    assert loaded.registry is None
    return loaded.findings


def bomb() -> str:
    """Nine levels of ten aliases each: a billion elements for those who expand them."""
    levels = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "version: 1\n" + "\n".join(levels)


HOSTILE = {
    "a line of 10 MB": ("version: 1\ntitle: " + "x" * 10_000_000, {"too-large"}),
    "more than 10 MB": ("# comment\n" * 1_100_000, {"too-large"}),
    "10 MB of list elements": ("version: 1\nx:\n" + "- 1\n" * 2_000_000, {"too-large"}),
    "a long list": ("version: 1\nx: [" + ",\n".join("1" * 30_000) + "]", {"too-large"}),
    "a bomb": (bomb(), {"yaml-anchor", "unknown-key"}),
    "deep brackets": ("[" * 50_000, {"too-large"}),
    "a long word that is no YAML": ("version: 1\nx: {" + "a" * 90_000 + " ]\n", {"yaml-syntax"}),
    "deep braces": ("{a: " * 20_000, {"too-large"}),
    "deep dashes": ("- " * 20_000, {"too-large"}),
    "deep question marks": ("? " * 20_000, {"yaml-key"}),
    "many wrong keys": ("version: 1\n" + "".join(f"key{n}: 1\n" for n in range(10_000)), {"unknown-key"}),
    "many equal keys": ("version: 1\n" + "version: 1\n" * 10_000, {"duplicate-key"}),
    "a recursive alias": ("version: 1\na: &a [*a]\n", {"yaml-anchor", "unknown-key"}),
    "a Python object": ("!!python/object/apply:os.system ['exit 3']\n", {"yaml-tag", "wrong-type"}),
    "an endless number": (f"version: {'9' * 50_000}\n", {"unsupported-version"}),
    "an infinite number": ("version: 1e999\n", {"unsupported-version"}),
    "many values of two lines": (
        "version: 1\nx:\n" + "".join(f"  k{n}: some words\n    go on here\n" for n in range(4_000)),
        {"unknown-key"},
    ),
    "many keys without a value": (
        "version: 1\nx:\n" + "".join(f"  k{n}:\n" for n in range(4_000)),
        {"missing-value", "unknown-key"},
    ),
    "only a byte order mark": ("\ufeff", {"empty-file"}),
    "only line separators": ("\u2028\u2029\x85", {"empty-file"}),
    "only a document start": ("---\n", {"wrong-type"}),
}


@pytest.mark.parametrize(("content", "codes"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text(content: str, codes: set[str], tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(content, encoding="utf-8")
    assert {finding.code for finding in found(tmp_path)} == codes


@pytest.mark.parametrize(
    "broken",
    [b"version: \xff", b"\xfe\xff\x00v", b"version: 1\n\x00", "version: \ud800".encode("utf-8", "surrogatepass")],
)
def test_hostile_bytes(broken: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(broken)
    assert next(finding.code for finding in found(tmp_path)) in {"not-utf8", "control-character"}


@pytest.mark.parametrize("escape", [r"\0", r"\x1b[31m", r"\ud800", r"\u202e", r"\n"])
def test_characters_that_come_in_by_an_escape(escape: str, tmp_path: Path) -> None:
    predictor = f'{{team: logistics, task: regression, title: "a{escape}b", models: {{primary: m}}}}'
    text = f"{FINE}predictors:\n  eta: {predictor}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert {finding.code for finding in found(tmp_path)} <= {"bad-text", "yaml-syntax"}


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbf" + FINE.replace("\n", "\r\n").encode())
    loaded = load_registry(tmp_path)
    assert loaded.findings == ()
    assert loaded.registry is not None


def test_lines_and_columns_are_those_of_the_editor(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfversion: 1\r\nteam\xc3\xa9: {}\r\n")
    place = found(tmp_path)[0].place
    assert (place.line, place.column, place.end_column) == (2, 1, 6)


def test_links(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    (tmp_path / "circle").symlink_to(tmp_path)
    assert [(Path(finding.place.file).name, finding.code) for finding in found(tmp_path)] == [
        (name, "unreadable-file") for name in ("circle", "gone.yaml", "loop.yaml", "zero.yaml")
    ]


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(FINE, encoding="utf-8")
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "a.yaml").symlink_to("../elsewhere")
    assert load_registry(tmp_path / "registry").findings == ()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    assert [finding.code for finding in found(tmp_path)] == ["unreadable-file"]


def test_a_file_name_of_any_bytes(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\n\xff.yaml")).write_text("no", encoding="utf-8")
    finding = found(tmp_path)[0]
    assert finding.place.file.endswith("/a\\n\\xff.yaml")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert [finding.code for finding in load_registry(tmp_path / "nowhere").findings] == ["empty-registry"]


@pytest.fixture
def forbidden() -> Iterator[Path]:
    """A registry with a file and a folder that this process may not read."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        root.chmod(0o755)
        (root / "fine.yaml").write_text(FINE, encoding="utf-8")
        (root / "secret.yaml").write_text(FINE, encoding="utf-8")
        (root / "secret.yaml").chmod(0)
        (root / "folder").mkdir(mode=0)
        superuser = os.geteuid() == 0
        if superuser:
            os.seteuid(NOBODY)
        try:
            yield root
        finally:
            if superuser:
                os.seteuid(0)
            (root / "folder").chmod(0o755)


def test_a_file_and_a_folder_without_permission(forbidden: Path) -> None:
    findings = found(forbidden)
    assert [(finding.code, Path(finding.place.file).name) for finding in findings] == [
        ("unreadable-file", "folder"),
        ("unreadable-file", "secret.yaml"),
    ]
    assert all("permission denied" in finding.message for finding in findings)


def test_the_limits_leave_room_for_a_large_fleet() -> None:
    # 1,000 predictors × 60 features × 6 alerts in one file: 6 MB, 960,000 elements.
    assert too_large.MAX_BYTES > 8_000_000
    assert too_large.MAX_EVENTS > 1_200_000
