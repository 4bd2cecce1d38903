"""Where a proposal goes, and what is left to people."""

from __future__ import annotations

from pathlib import Path

from generator.discover.files import edits
from generator.discover.propose import Additions, Proposal
from metrics_exporter.definitions import Kind


def proposal(*additions: Additions) -> Proposal:
    return Proposal((), "t", is_new_team=False, additions=additions, registered=frozenset(), features={}, notes=())


def test_what_has_no_place_in_a_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("version: 1\npredictors: {eta: {models: v1, features: {}}}\n")
    changed, notes = edits(tmp_path, proposal(Additions("eta", ("v2", "v3"), (("zip", Kind.CATEGORICAL),))))
    assert changed == ()
    assert notes == (f"{file}: add to `eta` by hand the shadows `v2`, `v3` and the kinds `zip: categorical`",)


def test_kinds_alone(tmp_path: Path) -> None:
    (tmp_path / "a.jsonnet").write_text("{}")
    changed, notes = edits(tmp_path, proposal(Additions("eta", (), (("zip", Kind.CATEGORICAL),))))
    assert changed == ()
    assert notes == ("the Jsonnet file that makes it: add to `eta` by hand the kinds `zip: categorical`",)


def test_two_predictors_of_one_file(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("predictors:\n  a: {models: {primary: a1}}\n  b: {models: {primary: b1}}\n")
    (tmp_path / "other.yaml").write_text("predictors: {}\n")
    ((edit,), notes) = edits(tmp_path, proposal(Additions("a", ("a2",), ()), Additions("b", ("b2",), ())))
    assert edit.path == file
    assert edit.after == (
        "predictors:\n  a: {models: {primary: a1, shadows: [a2]}}\n  b: {models: {primary: b1, shadows: [b2]}}\n"
    )
    assert notes == ()
