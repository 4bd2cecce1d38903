"""The small words that findings are made of."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.findings import Place, did_you_mean, listing, nearest, quote, scalars
from generator.spec import yaml_reader
from generator.spec.tree import Document, dotted


@given(st.text())
def test_a_quoted_value_is_one_printable_line(text: str) -> None:
    quoted = quote(text)
    assert quoted.isprintable()
    assert quoted[0] == quoted[-1] == "`"


@pytest.mark.parametrize(("value", "shown"), [("a\nb", "`a\\nb`"), (2.5, "`2.5`"), ("x" * 61, f"`{'x' * 60}…`")])
def test_quote(value: object, shown: str) -> None:
    assert quote(value) == shown


@pytest.mark.parametrize(
    ("wrong", "right", "meant"),
    [
        ("treshold", ["threshold", "above"], "threshold"),
        ("ABOVE", ["below", "above"], "above"),
        ("logistic", ["Logistics"], "Logistics"),
        ("ops", ["ops", "Ops"], "ops"),
        ("zzz", ["above"], None),
        ("x" * 1_000_000, ["x" * 100], "x" * 100),
        ("", [], None),
    ],
)
def test_nearest(wrong: str, right: list[str], meant: str | None) -> None:
    assert nearest(wrong, right) == meant


def test_advice() -> None:
    assert did_you_mean("abov", ["above"]) == "did you mean `above`?"
    assert did_you_mean("abov", ["above"], "add it") == "did you mean `above`? Otherwise add it"
    assert did_you_mean("zz", ["above", "below"], "add it") == "use one of `above`, `below`, or add it"
    assert did_you_mean("zz", [], "add it") == "add it"
    assert did_you_mean("zz", []) == "there is none to choose from yet"
    assert listing(map(str, range(20)), most=2) == "`0`, `1` and 18 more"


def test_places() -> None:
    assert str(Place("a.yaml", 3, 5, 9)) == "a.yaml:3:5"
    assert str(Place("a.yaml")) == "a.yaml"
    assert str(Place("a.jsonnet", key_path="teams.x")) == "a.jsonnet: teams.x"


def test_key_paths() -> None:
    assert dotted(()) == "(the whole file)"
    assert dotted(("predictors", "eta", "alerts", 0, "above")) == "predictors.eta.alerts[0].above"
    assert dotted(("predictors", 'a "b".c', "x-y_1")) == 'predictors["a \\"b\\".c"].x-y_1'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("True", True),
        ("false", False),
        ("0", 0),
        ("-12", -12),
        ("+3", 3),
        ("9" * 30, 1e30),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.INF", float("-inf")),
        ("1.2.3", "1.2.3"),
        ("10m", "10m"),
        ("eta", "eta"),
        ("12:61", "12:61"),
        ("_1", "_1"),
    ],
)
def test_what_unquoted_text_means(text: str, value: scalars.Value) -> None:
    assert scalars.resolve(text) == scalars.Scalar(value, None)


def test_nan_is_a_number_that_is_none() -> None:
    assert str(scalars.resolve(".NaN").value) == "nan"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("No", "yaml-boolean"),
        ("OFF", "yaml-boolean"),
        ("1_0.5", "yaml-underscore"),
        ("1:30:00.5", "yaml-sexagesimal"),
        ("-0o17", "yaml-number-base"),
        ("00", "yaml-number-base"),
        ("0xFF", "yaml-number-base"),
        ("1__0", "yaml-underscore"),
        ("y", "yaml-boolean"),
        ("2001-01-01", "yaml-date"),
        ("2001-1-1T10:00:00Z", "yaml-date"),
        ("“eta”", "smart-quotes"),
    ],
)
def test_traps(text: str, code: str) -> None:
    scalar = scalars.resolve(text)
    assert scalar.trap is not None
    assert scalar.trap.rule.code == code
    assert scalar.value == text


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    document, findings = yaml_reader.read("a.yaml", text)
    assert document is not None or findings


VISIBLE = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]))
JSON = st.recursive(
    VISIBLE | st.integers(-(10**17), 10**17) | st.booleans(),
    lambda below: st.lists(below) | st.dictionaries(VISIBLE, below),
)


@given(JSON)
def test_json_is_read_as_what_it_is(value: object) -> None:
    document, _ = yaml_reader.read("a.yaml", json.dumps(value, ensure_ascii=False))
    assert document is not None
    assert document.data == value


def _document(text: str) -> Document:
    document, _ = yaml_reader.read("a.yaml", text)
    assert document is not None
    return document


def test_where_things_stand() -> None:
    document = _document('a:\n  b: "x\n    y"\n  c:\n  - d: 1\n    e: 2\n  - []\n  - [3]\n')
    assert str(document.place()) == "a.yaml"
    assert str(document.place(("a",))) == "a.yaml:1:1"
    assert document.place(("a", "b")) == Place("a.yaml", 2, 6, 7)  # over two lines: where it begins
    assert str(document.place(("a", "b"), key=True)) == "a.yaml:2:3"
    assert str(document.place(("a", "c", 0))) == "a.yaml:5:5"
    assert str(document.place(("a", "c", 0, "e"))) == "a.yaml:6:8"
    assert str(document.place(("a", "c", 1))) == "a.yaml:7:5"
    assert str(document.place(("a", "c", 2, 0))) == "a.yaml:8:6"
    assert str(document.place(("a", "zz"))) == "a.yaml:1:1"  # not there: where it belongs
    assert str(document.place(("a", "b", "zz"))) == "a.yaml:2:6"
    assert str(document.place(("zz",))) == "a.yaml"
    assert document.text(("a", "c", 0, "d")) == "1"
    assert document.text(("a", "c")) is None
    assert document.text(("a", "b", "zz")) is None


def test_what_a_text_covers_is_no_comment() -> None:
    document = _document('a: "# no comment"  # a comment\n"# b": [1, 2]\n')
    assert document.holds_text_at(0, 4)
    assert not document.holds_text_at(0, 20)
    assert document.holds_text_at(1, 2)
    assert not Document("a.jsonnet", {}).holds_text_at(0, 0)
