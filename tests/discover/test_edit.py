"""Additions to files that people wrote: what was there stays, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.discover.edit import NotEditableError, add
from generator.discover.propose import Additions
from metrics_exporter.definitions import Kind

HEAD = "version: 1\npredictors:\n"


def shadows(*ids: str) -> Additions:
    return Additions("eta", ids, ())


def kinds(**found: Kind) -> Additions:
    return Additions("eta", (), tuple(found.items()))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("models: {primary: v1}  # served", "models: {primary: v1, shadows: [v2, v3]}  # served"),
        ("models: {primary: v1, shadows: [a]}", "models: {primary: v1, shadows: [a, v2, v3]}"),
        ("models: {shadows: [ a , ], primary: v1}", "models: {shadows: [ a, v2, v3 , ], primary: v1}"),
        ("models: {primary: v1, shadows: []}", "models: {primary: v1, shadows: [v2, v3]}"),
        ("models: {primary: v1,\n      shadows: [a, # first\n      ]}", None),
        (
            "models:\n      primary: v1   # served\n      # and that is all",
            "models:\n      primary: v1   # served\n      shadows: [v2, v3]\n      # and that is all",
        ),
        (
            "models:\n      shadows:\n      - a # not indented\n\n      primary: v1",
            "models:\n      shadows:\n      - a # not indented\n      - v2\n      - v3\n\n      primary: v1",
        ),
        (
            "models:\n      primary: v1\n      shadows:\n        -   'a'",
            "models:\n      primary: v1\n      shadows:\n        -   'a'\n        - v2\n        - v3",
        ),
    ],
)
def test_shadows(before: str, after: str | None) -> None:
    text = f"{HEAD}  eta:\n    {before}\n    team: x\n"
    edited = add(text, shadows("v2", "v3"))
    if after is not None:
        assert edited == f"{HEAD}  eta:\n    {after}\n    team: x\n"
    assert yaml.safe_load(edited)["predictors"]["eta"]["models"]["shadows"][-2:] == ["v2", "v3"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("team: x", "team: x\n    features: {zip: {kind: categorical}}"),
        ("features: {}", "features: {zip: {kind: categorical}}"),
        ("features: {a: {unit: m}}  # all", "features: {a: {unit: m}, zip: {kind: categorical}}  # all"),
        ("features:\n      a: {unit: m}", "features:\n      a: {unit: m}\n      zip: {kind: categorical}"),
        ("features:\n      zip: {}", "features:\n      zip: {kind: categorical}"),
        ("features:\n      zip: {unit: m}", "features:\n      zip: {unit: m, kind: categorical}"),
        (
            "features:\n      zip:\n        unit: m  # really\n      b: {}",
            "features:\n      zip:\n        unit: m  # really\n        kind: categorical\n      b: {}",
        ),
    ],
)
def test_kinds(before: str, after: str) -> None:
    assert add(f"{HEAD}  eta:\n    {before}\n", kinds(zip=Kind.CATEGORICAL)) == f"{HEAD}  eta:\n    {after}\n"


def test_a_predictor_on_one_line() -> None:
    text = f"{HEAD}  eta: {{team: x, models: {{primary: v1}}}}  # short\n  other: {{team: y}}\n"
    edited = add(text, Additions("eta", ("v2",), (("zip", Kind.CATEGORICAL),)))
    assert edited.splitlines()[2] == (
        "  eta: {team: x, models: {primary: v1, shadows: [v2]}, features: {zip: {kind: categorical}}}  # short"
    )


def test_line_breaks_stay_as_they_are() -> None:
    text = f"{HEAD}  eta:\n    models:\n      primary: v1".replace("\n", "\r\n")
    assert add(text, shadows("v2")) == f"{text}\r\n      shadows: [v2]\r\n"


def test_behind_a_block_of_text() -> None:
    text = (
        f"{HEAD}  eta:\n    models: {{primary: v1}}\n    evaluation:\n      actuals: |\n        SELECT 1\n\n    # end\n"
    )
    edited = add(text, kinds(zip=Kind.BOOLEAN))
    assert edited.startswith(text.removesuffix("    # end\n"))
    assert edited.endswith("    features: {zip: {kind: boolean}}\n    # end\n")


def test_names_that_need_quotes() -> None:
    text = f"{HEAD}  eta:\n    models: {{primary: v1}}\n"
    names = ('no "yes"', "12:30", "한국", "a: b # c", "${x} %{y}", "null", "1_000", "- x", "{a}", "*a")
    edited = add(text, shadows(*names))
    assert yaml.safe_load(edited)["predictors"]["eta"]["models"]["shadows"] == list(names)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}  eta:\n    models: v1\n",
        f"{HEAD}  other: {{}}\n",
        f"{HEAD}  eta:\n    models: {{primary: v1, shadows: v2}}\n",
        "[]",
    ],
)
def test_what_has_no_place_for_it(text: str) -> None:
    with pytest.raises(NotEditableError):
        add(text, shadows("v2"))


LINE_COMMENTS = st.sampled_from(["", "  # a note", "  # {[: ,"])
OWN_COMMENTS = st.sampled_from(["", "\n", "    # about what follows\n", "\n# at the margin\n\n"])
MODELS = st.sampled_from(
    [
        "models: {primary: v1}",
        "models: { primary:   v1 , shadows: [a,b ] }",
        "models: {shadows: [],\n      primary: 'v1'}",
        "models:\n        primary: v1",
        "models:\n      primary: v1\n      shadows: [a]",
        "models:\n      shadows:\n      - a\n      -  b\n      primary: v1",
    ]
)
FEATURES = st.sampled_from(
    [
        None,
        "features: {}",
        "features: {a: {}, zip: {unit: m}}",
        "features:\n      zip: {}\n      a: {unit: m}",
        "features:\n          a:\n            unit: m\n            # inner\n            importance: 0.1",
    ]
)


@st.composite
def registry_files(draw: st.DrawFn) -> str:
    """A registry file as somebody might have written it, with a neighbour before and behind."""
    parts = ["team: x", "task: regression", draw(MODELS)]
    features = draw(FEATURES)
    lines = draw(st.permutations([*parts, features] if features else parts))
    body = "".join(f"{draw(OWN_COMMENTS)}    {line}{draw(LINE_COMMENTS)}\n" for line in lines)
    neighbour = "{team: x, models: {primary: n1}}"
    text = (
        f"{HEAD}  before: {neighbour}\n  eta:{draw(LINE_COMMENTS)}\n{body}  behind: {neighbour}{draw(LINE_COMMENTS)}\n"
    )
    text = text if draw(st.booleans()) else text.replace(f"  behind: {neighbour}", "# the end").rstrip("\n")
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=12).filter(
    lambda name: name == name.strip() and name not in {"a", "b", "v1"}
)


@given(registry_files(), st.lists(NAMES, unique=True, max_size=3), st.booleans(), NAMES)
def test_only_additions(text: str, ids: list[str], has_kind: bool, feature: str) -> None:
    additions = Additions("eta", tuple(ids), ((feature, Kind.NUMERIC), ("zip", Kind.CATEGORICAL)) if has_kind else ())
    edited = add(text, additions)
    assert is_subsequence(text, edited)
    assert yaml.safe_load(edited)["predictors"]["eta"]["models"].get("shadows", []) == [*old_shadows(text), *ids]
    kept = [line for line in text.splitlines() if "{" not in line and "[" not in line]
    assert is_subsequence(kept, edited.splitlines())


def old_shadows(text: str) -> list[str]:
    found: list[str] = yaml.safe_load(text)["predictors"]["eta"]["models"].get("shadows", [])
    return found


def is_subsequence(wanted: Any, among: Any) -> bool:
    rest = iter(among)
    return all(item in rest for item in wanted)
