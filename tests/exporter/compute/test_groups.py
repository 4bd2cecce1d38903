"""What a warehouse counted value by value, put together: against numpy on the values themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_exporter.profiles.table import GRID
from metrics_exporter.sources.groups import GROUPS, parts
from metrics_exporter.sources.scan import RESULT
from metrics_exporter.sources.sql import MOST_FEATURES

_EMPTY: dict[str, Any] = {
    field.name: 0 if pa.types.is_int64(field.type) else False if pa.types.is_boolean(field.type) else None
    for field in GROUPS
}
_VALUES = st.lists(
    st.one_of(st.sampled_from([0.0, 1.0, -2.5]), st.floats(-1e6, 1e6, allow_subnormal=False)), min_size=1, max_size=400
)


def _group(values: list[float], atom: float | None = None, **others: Any) -> dict[str, Any]:
    """The group of some numbers of the feature f, as a warehouse says it."""
    described: dict[str, Any] = {}
    if values:
        described = {
            "mean": float(np.mean(values)),
            "squared_deviations": float(np.var(values) * len(values)),
            "minimum": min(values),
            "maximum": max(values),
            "grid": [float(x) for x in np.quantile(values, GRID, method="inverted_cdf")],
        }
    counts = {name: len(values) for name in ("entries", "present", "usable", "numbers")}
    keys = {"predictor": "p", "model_id": "m", "feature": "f", "features": 1}
    return {**_EMPTY, **keys, **counts, **described, "atom": atom, **others}


def _parts(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parts(pa.Table.from_pylist(groups, GROUPS), RESULT).to_pylist()
    return rows


def _only(rows: list[dict[str, Any]], part: str) -> dict[str, Any]:
    (row,) = [row for row in rows if row["part"] == part]
    return row


@given(_VALUES)
def test_atoms_and_all_else_are_the_series_again(values: list[float]) -> None:
    atoms = [0.0, 1.0, -2.5]
    groups = [_group([x for x in values if x not in atoms])]
    groups += [_group([x for x in values if x == atom], atom) for atom in atoms if atom in values]

    row = _only(_parts(groups), "series")

    assert row["numbers"] == row["usable"] == row["grid_rows"] == len(values)
    assert row["mean"] == pytest.approx(np.mean(values), rel=1e-9, abs=1e-9)
    assert row["squared_deviations"] == pytest.approx(np.var(values) * len(values), rel=1e-9, abs=1e-6)
    assert (row["minimum"], row["maximum"]) == (min(values), max(values))
    assert dict(zip(row["atoms"], row["atom_counts"], strict=True)) == {
        atom: values.count(atom) for atom in sorted(atoms) if atom in values
    }
    ordered = np.sort(values)
    low, high = (np.searchsorted(ordered, row["grid"], side=side) / len(values) for side in ("left", "right"))
    assert (low <= np.array(GRID) + 0.0101 + 1 / len(values)).all()
    assert (high >= np.array(GRID) - 0.0101 - 1 / len(values)).all()


def test_a_grid_of_few_values_and_atoms_holds_each_of_them() -> None:
    values = [3.0, 1.0, 2.0]
    row = _only(_parts([_group(values), _group([0.0, 0.0], 0.0)]), "series")
    assert row["grid"] == [float(x) for x in np.quantile([*values, 0.0, 0.0], GRID, method="inverted_cdf")]


def test_results_are_counted_with_their_classes_and_atoms() -> None:
    of_results = {"feature": None}
    rows = _parts(
        [
            _group([1.0, 2.0], copies=1, features_unreadable=1, **of_results),
            _group([5.0, 5.0, 5.0], 5.0, defaults_unreadable=2, **of_results),
            {**_group([], **of_results), "category": "cat", "entries": 4, "present": 4, "usable": 4},
        ]
    )
    model = _only(rows, "model")
    assert (model["present"], model["usable"], model["numbers"]) == (9, 9, 5)
    assert model["mean"] == pytest.approx(3.6)
    assert (model["atoms"], model["atom_counts"]) == ([5.0], [3])
    classes = _only(rows, "series")
    assert (classes["feature"], classes["category"], classes["present"]) == (None, "cat", 4)
    assert _only(rows, "duplicates")["present"] == 1
    unreadable = {row["category"]: row["present"] for row in rows if row["part"] == "unreadable"}
    assert unreadable == {"features": 1, "default_values_used": 2}


def test_defaults_are_added_over_a_feature_s_groups() -> None:
    rows = _parts(
        [
            _group([1.0], defaults=2),
            {**_group([]), "category": "x", "present": 3, "usable": 2, "unseen": 1, "defaults": 1},
            {
                **_group([]),
                "is_other": True,
                "present": 9,
                "usable": 9,
                "numbers": 4,
                "names": ["y", "z"],
                "defaults": 1,
            },
        ]
    )
    assert _only(rows, "defaults")["present"] == 4
    other = _only(rows, "other")
    assert (other["present"], other["numbers"], other["names"]) == (9, 4, ["y", "z"])


def test_a_predictor_with_too_many_names_is_left_out() -> None:
    rows = _parts([_group([1.0, 2.0], feature=None, features=MOST_FEATURES + 1)])
    left_out = _only(rows, "left_out")
    assert (left_out["predictor"], left_out["present"], left_out["numbers"]) == ("p", 2, MOST_FEATURES + 1)
    assert _only(rows, "model")["present"] == 2


def test_no_group_is_no_result() -> None:
    assert parts(GROUPS.empty_table(), RESULT).num_rows == 0
