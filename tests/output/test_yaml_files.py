"""Generated YAML is read back as it was, and what is short is on one line."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from generator.render.yaml_files import OneALine, yaml_file

TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["y", "No", "1", "0x1", "1e3", ".5", "~", ""]
)
SCALARS = TEXT | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
CONTENT = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


def _written(content: Any) -> str:
    return yaml_file("a.yaml", content, "What it is.").decode()


@given(st.dictionaries(TEXT, CONTENT))
@example({"a": "two\nlines\n", "b": {"c": " begins with a space\nand goes on"}, "d": [["e"], {"f": "x\n"}]})
def test_any_content_is_read_back(content: dict[str, Any]) -> None:
    assert yaml.safe_load(_written(content)) == content


def test_a_short_leaf_is_a_line_and_a_long_one_a_line_a_key() -> None:
    content = {"short": {"a": 1, "b": [1, 2]}, "leaf": {"a": "x", "c": None}, "long": {"a": "x" * 80, "b": "text"}}
    assert _written(content).splitlines()[3:] == [
        "short:",
        "  a: 1",
        "  b: [1, 2]",
        "leaf: {a: x, c: null}",
        "long:",
        f"  a: {'x' * 80}",
        "  b: text",
    ]


def test_what_occurs_twice_is_spelt_out_and_a_list_may_have_a_line_an_element() -> None:
    twice = {"a": "x\n"}
    assert _written({"one": twice, "two": OneALine(["y", "z"]), "three": [twice]}).splitlines()[3:] == [
        "one:",
        "  a: |",
        "    x",
        "two:",
        "- 'y'",
        "- z",
        "three:",
        "- a: |",
        "    x",
    ]
