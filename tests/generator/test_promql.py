"""The string pieces of PromQL, read back by promtool and by Prometheus' own escaping rules."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from generator.promql import any_matcher, glob_regex, is_glob, quote, regex_any, regex_matcher, selector
from generator.spec import v1
from generator.spec.derived import feature_glob

GRAFANA_VARIABLE = re.compile(r"\$(\w+)|\[\[(\w+?)(?::(\w+))?]]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?}")
TEXT = st.text(alphabet=st.characters(exclude_categories=("Cs",)))


@given(TEXT)
def test_a_quoted_string_means_the_text(text: str) -> None:
    assert json.loads(quote(text), strict=False) == text  # JSON's escapes are Go's for all that `quote` writes


@given(TEXT | st.sampled_from(["$predictor", "${window}", "[[window]]", "[[[a]]"]))
def test_grafana_finds_no_variable_in_a_quoted_string(text: str) -> None:
    assert not GRAFANA_VARIABLE.search(quote(text))


@given(TEXT, TEXT)
def test_a_list_of_values_matches_these_and_no_other(one: str, other: str) -> None:
    assert re.fullmatch(regex_any([one, "x"]), one, re.DOTALL)
    assert bool(re.fullmatch(regex_any([one]), other, re.DOTALL)) == (one == other)


def test_globs_are_anchored_by_prometheus() -> None:
    assert glob_regex("wind_*.a?") == r"wind_.*\.a."


def _feature(written: str | v1.ExactFeature) -> str:
    alert = v1.Alert.model_validate({"id": "a", "metric": "feature_mean", "above": 1, "severity": "notify"})
    return feature_glob(alert.model_copy(update={"feature": written})) or ""


HOSTILE = st.text(alphabet="[]*?ab", max_size=8) | TEXT


@given(HOSTILE.filter(bool), HOSTILE)
def test_an_exact_name_matches_itself_and_nothing_else(name: str, other: str) -> None:
    pattern = (
        glob_regex(glob) if is_glob(glob := _feature(v1.ExactFeature.model_construct(name=name))) else regex_any([glob])
    )
    assert re.fullmatch(pattern, name, re.DOTALL)
    assert bool(re.fullmatch(pattern, other, re.DOTALL)) == (name == other)


@given(st.lists(st.sampled_from(["[", "]", "*", "?", "a", "b"]), min_size=1))
def test_a_glob_has_two_wildcards_and_no_other(parts: list[str]) -> None:
    pattern = glob_regex(_feature("".join(["*", *parts])))
    assert re.fullmatch(pattern, "".join("zz" if part == "*" else "z" if part == "?" else part for part in parts))
    assert not any(re.fullmatch(pattern, "".join(parts[:n]) + "!") for n in range(len(parts)) if parts[-1] in "[]ab")


def test_selectors() -> None:
    assert selector("up") == "up"
    assert selector("up", any_matcher("a", ["x"]), any_matcher("b", ["x", "y.z", "x"])) == r'up{a="x",b=~"x|y\\.z"}'
    assert regex_matcher("feature", glob_regex("*")) == 'feature=~".*"'
