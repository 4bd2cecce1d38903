"""Names on their way into Grafana."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from generator.render.dashboards.words import code, link, markdown, plain, title, unit_id
from tests.dashboards.reading import used_variables

TEXT = st.text(alphabet=st.sampled_from("$[]{}window\\`*_<>~& \nä배")) | st.text()


@given(TEXT)
def test_grafana_finds_no_variable_in_words(text: str) -> None:
    for written in (plain(text), title(text), markdown(text), code(text), link(text, f"https://example.com/{text}")):
        assert not used_variables(written)
        assert "\n" not in written


@given(TEXT)
def test_words_stay_the_same_to_the_eye(text: str) -> None:
    assert plain(text).replace("\u2060", "").split() == text.split()


@given(TEXT)
def test_markdown_means_nothing_but_its_characters(text: str) -> None:
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>~&]", markdown(text).replace("\u2060", ""))


def test_titles_fit_grafanas_database() -> None:
    assert len(title("x" * 300)) == 180
    assert title("short") == "short"


def test_units_that_grafana_knows_and_others() -> None:
    assert unit_id("minutes") == "suffix:min"
    assert unit_id("Probability") == "percentunit"
    assert unit_id("seats") == "suffix:seats"
    assert unit_id(None) == "short"
