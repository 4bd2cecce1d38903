"""Profiles of training sets as files."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_exporter.drift.compare import compare
from metrics_exporter.profiles.table import Profiles, concatenated
from metrics_exporter.profiles.text import Text
from metrics_exporter.profiles.training import to_document, to_table
from metrics_exporter.training_profiles import TrainingProfile, TrainingProfileError, parse, text
from tests.exporter.drift.samples import DISTRIBUTIONS, names, numbers

_NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


def _table(seed: int) -> Profiles:
    """A feature of each distribution, the predictions, and two of categories."""
    random = np.random.default_rng(seed)
    series = numbers([draw(random, 500) for draw in DISTRIBUTIONS.values()])
    named = names([random.choice(["a", "b", "c"], 500).tolist(), random.choice(["x", "y"], 500).tolist()])
    return concatenated([series, replace(named, feature=Text.of(["y", "z"]))])


@given(st.lists(_NAMES, min_size=1, max_size=5, unique=True), st.integers(0, 2**53))
def test_what_is_written_is_read(features: list[str], rows: int) -> None:
    summary = {"values": 1, "nulls": 0, "infinities": 0, "unparsable": 0}
    categories = {"top": [(name, 1) for name in features], "other": 0, "distinct": len(features)}
    document = {"schema_version": 1, "predictor": features[0], "model_id": features[-1], "rows": rows}
    profile = TrainingProfile.model_validate(
        {**document, "features": {name: {**summary, "categories": categories} for name in features}}
    )
    assert parse(text(profile).encode()) == profile
    assert json.loads(text(profile))["rows"] == rows


def test_drift_from_the_file_is_that_from_the_table() -> None:
    table, window = _table(1), _table(2)
    again = to_table([parse(text(to_document(table)).encode())])
    direct, read = compare(window, table), compare(window, again)
    assert not np.isnan(direct.psi).all()
    np.testing.assert_equal(read.psi, direct.psi)
    np.testing.assert_equal(read.bound, direct.bound)


def test_a_change_of_one_feature_is_a_change_of_its_lines_alone() -> None:
    """The file is for people to read and to compare."""
    document = to_document(_table(1))
    name = next(name for name, summary in document.features.items() if summary.numbers)
    lines = text(document).splitlines()
    assert max(map(len, lines)) < 3000
    assert [line for line in lines if line.startswith('    "')] == [
        f'    "{each}": {{' for each in sorted(document.features)
    ]
    changed = document.features[name].model_copy(update={"values": 499})
    other = text(document.model_copy(update={"features": {**document.features, name: changed}})).splitlines()
    assert [(ours, theirs) for ours, theirs in zip(lines, other, strict=True) if ours != theirs] == [
        ('      "values": 500,', '      "values": 499,')
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rows": -1}, "has a mistake at rows"),
        ({"rows": None}, "has a mistake at rows"),
        ({"more": 1}, "has a mistake at more"),
        ({"schema_version": "1"}, "has no schema_version"),
        ({"schema_version": 2}, "has schema_version 2"),
    ],
)
def test_a_file_that_is_damaged_is_refused(change: dict[str, object], problem: str) -> None:
    document = {"schema_version": 1, "predictor": "p", "model_id": "m", "rows": 1, "features": {}, **change}
    with pytest.raises(TrainingProfileError, match=problem):
        parse(json.dumps(document).encode())


@pytest.mark.parametrize(
    "grid", [[1.0] * 98, [2.0, *[1.0] * 98], [float("nan")] * 99, [float("inf")] * 99, ["a"] * 99, [1e999] * 99]
)
def test_a_grid_that_is_none_is_refused(grid: list[object]) -> None:
    shape = {"mean": 1, "standard_deviation": 1, "minimum": 1, "maximum": 1, "grid_rows": 1, "grid": grid}
    summary = {"values": 1, "nulls": 0, "infinities": 0, "unparsable": 0, "numbers": shape}
    document = {"schema_version": 1, "predictor": "p", "model_id": "m", "rows": 1, "features": {"x": summary}}
    with pytest.raises(TrainingProfileError, match=r"has a mistake at features\.x\.numbers\.grid"):
        parse(json.dumps(document).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"schema_version": true}'])
def test_what_is_no_profile_is_refused(content: bytes) -> None:
    with pytest.raises(TrainingProfileError):
        parse(content)
