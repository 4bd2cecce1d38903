"""What the quick reader reads is what the thorough one reads, and the thorough one has nothing to say of it."""

from __future__ import annotations

import random

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from generator.load import load_registry
from generator.spec import quick_reader, yaml_reader
from tests.real_parts import ROOT
from tests.registry.test_mutations import SEEDS, Mutation, insert, move_line, replace_word, swap_words

_PIECES = st.sampled_from(
    [
        *"{}[]:,-?#|>&*!%@'\"\n \t<",
        ": ",
        "- ",
        "\n  ",
        "a",
        "b",
        "1",
        "0.5",
        "true",
        "null",
        "no",
        "1_0",
        "<<",
        "---",
        "...",
    ]
)


def _same(text: str) -> None:
    quick = quick_reader.read(text)
    if quick is quick_reader.ODD:
        return
    thorough = yaml_reader._Reader("a.yaml", text)
    assert thorough.read() is not None
    assert thorough.findings == []
    assert repr(thorough.data) == repr(quick)


@given(st.lists(_PIECES).map("".join))
@example("a: [1, 2.0, 1e3, .inf, true, text, 'no', \"x\"]\nb: {c: |\n  two\n  lines\n}")
@example("a: one\n  b: two")
def test_any_text(text: str) -> None:
    _same(text)


@pytest.mark.parametrize("mutate", [insert, move_line, replace_word, swap_words])
def test_mutated_registries(mutate: Mutation) -> None:
    rng = random.Random(1)
    for _ in range(300):
        _same(mutate(rng, rng.choice(SEEDS)).decode(errors="replace"))


@given(
    st.recursive(
        st.text() | st.integers(-9, 9) | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_a_program_writes(data: object) -> None:
    _same(yaml.safe_dump(data, allow_unicode=True))


def test_ordinary_registries_are_not_odd() -> None:
    for seed in SEEDS:
        assert quick_reader.read(seed.decode()) is not quick_reader.ODD


@pytest.mark.parametrize(
    "text", ["", "a:", "a: 1\na: 2", "a: &x 1", "a: no", "a: one\n  two", "--- 1\n--- 2", "? {a: 1}\n: 2", "<<: 1"]
)
def test_what_is_odd(text: str) -> None:
    assert quick_reader.read(text) is quick_reader.ODD


def test_where_nothing_is_wrong_no_place_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml_reader, "_Reader")
    loaded = load_registry(ROOT / "registry")
    assert loaded.findings == ()
    assert loaded.registry is not None
