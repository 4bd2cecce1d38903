"""What a registry means decides every byte of the output; how it is written decides none."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.findings import Severity
from generator.load import load_registry
from generator.model import Registry
from generator.render import TARGETS, render, render_each
from tests.registry.meanings import Meaning, Writing, meanings, predictors, write, writings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def loaded(writing: Writing) -> Registry:
    with tempfile.TemporaryDirectory() as scratch:
        found = load_registry(write(Path(scratch) / "registry", writing))
    assert found.registry is not None, [one for one in found.findings if one.severity is Severity.ERROR]
    return found.registry


def same_bytes(meaning: Meaning, data: st.DataObject, *, jsonnet: bool) -> None:
    first, second = (loaded(data.draw(writings(meaning, jsonnet=jsonnet))) for _ in range(2))
    assert first == second
    assert render(first, TARGETS) == render(second, TARGETS)


@settings(max_examples=40, deadline=None, suppress_health_check=_SLOW)
@given(meanings(), st.data())
def test_order_files_and_quotes_mean_nothing(meaning: Meaning, data: st.DataObject) -> None:
    same_bytes(meaning, data, jsonnet=False)


@settings(max_examples=8, deadline=None, suppress_health_check=_SLOW)
@given(meanings(most=2), st.data())
def test_nor_does_the_language(meaning: Meaning, data: st.DataObject) -> None:
    same_bytes(meaning, data, jsonnet=True)


@settings(max_examples=40, deadline=None, suppress_health_check=_SLOW)
@given(meanings(), st.data())
def test_a_change_to_one_predictor_touches_no_other_s_file(meaning: Meaning, data: st.DataObject) -> None:
    before = loaded(data.draw(writings(meaning)))
    name = data.draw(st.sampled_from(list(meaning["predictors"])))
    team = data.draw(st.sampled_from(list(meaning["teams"])))
    changed = meaning["predictors"] | {name: data.draw(predictors(name, team))}
    after = loaded(data.draw(writings({**meaning, "predictors": changed})))
    own = {
        (predictor.id, path)
        for registry in (before, after)
        for predictor, files in render_each(registry.predictors, TARGETS)
        for path in files
    }
    was, now = render(before, TARGETS), render(after, TARGETS)
    touched = {path for path in was | now if was.get(path) != now.get(path)}
    assert not touched & {path for owner, path in own if owner != name}
