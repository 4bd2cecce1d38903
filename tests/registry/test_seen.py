"""`seen.json`: whatever names the log has, they are read as they were written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.discover import facts
from generator.discover.propose import Proposal
from generator.findings.syntax import too_large
from generator.load import load_repository
from generator.spec import seen, yaml_reader
from tests.hostile.names import NAMES, TEXTS

FEATURES = st.dictionaries(TEXTS, st.lists(TEXTS, unique=True, max_size=8), max_size=4)
KEYS = ("version", "about", "predictors")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A right file with a piece taken out, doubled or replaced."""
    text = seen.text({"eta": ["a", "한", "b\0"], "other": []}).encode()
    start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
    piece = draw(st.sampled_from((b"", text[start:end] * 2, b"\\ud800", b"1e999", b"&a", b"\t", b"#", b'"')))
    return text[:start] + piece + text[end:]


def found(features: dict[str, tuple[str, ...]], *registered: str) -> Proposal:
    """What `discover` found of these predictors."""
    return Proposal((), "t", False, (), frozenset(registered or features), features, ())


def write(folder: Path, text: str) -> Path:
    file = folder / seen.FILE
    file.write_text(text, encoding="utf-8", newline="")
    return file


@given(features=FEATURES)
def test_any_name_survives(tmp_path_factory: pytest.TempPathFactory, features: dict[str, list[str]]) -> None:
    folder = tmp_path_factory.mktemp("registry")
    text = seen.text(features)
    write(folder, text)
    read = seen.read(folder)
    assert (read.finding, read.text) == (None, text)
    assert read.features == {predictor: sorted(names) for predictor, names in features.items()}
    assert json.loads(text)["predictors"] == read.features  # whoever reads it


@given(features=FEATURES)
def test_a_name_is_a_line(features: dict[str, list[str]]) -> None:
    lines = seen.text(features).splitlines()
    names = [name for of in features.values() for name in of]
    assert sum(line.startswith(" " * 6) for line in lines) == len(names)
    assert all(line.isprintable() for line in lines if line.isascii())


@pytest.mark.parametrize("name", [*NAMES, "x" * 300, "\x7f\x85\u2028\u202e\ufeff\uffff", "\U0001f600", "a\0b"])
def test_hostile_names(tmp_path: Path, name: str) -> None:
    write(tmp_path, seen.text({name: [name]}))
    assert seen.read(tmp_path).features == {name: [name]}


def test_readable_names_are_written_as_they_are() -> None:
    assert '      "준비 시간"\n' in seen.text({"한": ["준비 시간"]})


@pytest.mark.parametrize(
    "text", ['{"version": 1, "predictors": {"eta": ["b", "a"]},}', "{predictors: {eta: [b, a]}} # x"]
)
def test_what_only_json_refuses_is_read(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    assert seen.read(tmp_path) == seen.Seen({"eta": ["b", "a"]}, text)


def test_a_right_file_is_not_read_for_positions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "read", lambda *_: pytest.fail("this takes long"))
    write(tmp_path, seen.text({"eta": ["a"]}))
    assert seen.read(tmp_path).features == {"eta": ["a"]}


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | TEXTS, inner, max_size=4),
)


@given(content=st.binary(max_size=40) | JSON.map(lambda data: json.dumps(data).encode()) | damaged())
def test_whatever_is_in_the_file_it_is_read_or_one_finding(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("registry")
    (folder / seen.FILE).write_bytes(content)
    read = seen.read(folder)
    assert read.finding is None or (read.features == {} and read.finding.advice)
    facts.update(read, found({"eta": ("a",)}))
    assert all(isinstance(name, str) for names in read.features.values() for name in names)


def test_nested_as_deep_as_one_likes(tmp_path: Path) -> None:
    write(tmp_path, '{"version":\n' + "[" * 90_000)
    finding = seen.read(tmp_path).finding
    assert finding is not None
    assert finding.code == "too-large"


def test_a_finding_has_its_place_among_the_others(tmp_path: Path) -> None:
    for name in ("a.yaml", "z.yaml"):
        (tmp_path / name).write_text("version: 1\nteam: {}\n")
    write(tmp_path, "[]")
    loaded = load_repository(tmp_path)
    assert loaded.registry is None
    assert [Path(finding.place.file).name for finding in loaded.findings] == ["a.yaml", seen.FILE, "z.yaml"]


def test_what_was_found_replaces_what_was_known() -> None:
    before = seen.Seen({"found": ["old"], "elsewhere": ["kept"], "gone": ["dropped"]}, "…")
    after, notes = facts.update(before, found({"found": ("b", "a"), "new": ()}, "found", "elsewhere"))
    assert after == seen.text({"elsewhere": ["kept"], "found": ["a", "b"], "new": []})
    assert notes == ()


def test_another_layout_of_the_same_is_no_change(tmp_path: Path) -> None:
    for text in (seen.text({"eta": ["a", "b"]}).replace("\n", "\r\n"), '{"predictors": {"eta": ["b", "a"]}}'):
        write(tmp_path, text)
        assert facts.update(seen.read(tmp_path), found({"eta": ("a", "b")})) == (None, ())


@pytest.mark.parametrize("known", [{}, {"eta": ["a"]}])
def test_what_is_too_much_is_left_out_and_told(known: dict[str, list[str]]) -> None:
    wide = tuple(f"f{number}" for number in range(facts.MOST_FEATURES + 1))
    of = found({"eta": wide, "long": ("x" * (facts.LONGEST_NAME + 1),), "most": wide[1:], "fine": ("x" * 1_000,)})
    after, notes = facts.update(seen.Seen(known, None), of)
    assert after == seen.text({"fine": ["x" * 1_000], "most": wide[1:]})
    assert [note.split(" in the log;")[0] for note in notes] == [
        "`eta` has 2,001 features, more than 2,000,",
        "`long` has a feature whose name has 1,001 characters",
    ]
    assert facts.update(seen.Seen({"fine": ["x" * 1_000], "most": wide[1:]}, "…"), of) == (None, notes)


def test_a_file_that_could_not_be_read_is_not_written() -> None:
    names = tuple(f"{number:0900}" for number in range(facts.MOST_FEATURES))
    after, notes = facts.update(seen.Seen(), found(dict.fromkeys("abcdef", names)))
    assert len(seen.text(dict.fromkeys("abcdef", names))) > too_large.MAX_BYTES
    assert (after, notes) == (None, ("seen.json would be larger than 10 MB, and stays as it is",))
