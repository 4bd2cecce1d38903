"""Each model's reference profile is copied beside the definitions, so that the exporter never reads the registry."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generator.cli import main
from metrics_exporter.definitions import load
from metrics_exporter.training_profiles import SCHEMA_VERSION, TrainingProfile, text

REGISTRY = """\
version: 1
teams: {logistics: {slack: {channel: "#ml"}}}
predictors:
  eta:
    team: logistics
    task: regression
    models: {primary: eta_v1, shadows: [eta_v2, eta_v3]}
    reference: {kind: training, profile: profiles/eta.json}
"""


def _profile(model_id: str, rows: int = 100) -> bytes:
    return text(
        TrainingProfile(schema_version=SCHEMA_VERSION, predictor="eta", model_id=model_id, rows=rows, features={})
    ).encode()


PROFILE, SHADOW_PROFILE = _profile("eta_v1"), _profile("eta_v3")
BY_MODEL = "{eta_v1: profiles/eta.json, eta_v3: profiles/shadow.json}"
OUTPUT = Path("output")


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("registry/profiles").mkdir(parents=True)
    Path("registry/a.yaml").write_text(REGISTRY, encoding="utf-8")
    Path("registry/profiles/eta.json").write_bytes(PROFILE)
    Path("registry/profiles/shadow.json").write_bytes(SHADOW_PROFILE)


def write_registry(profile: str) -> None:
    text = REGISTRY.replace("profile: profiles/eta.json", f"profile: {profile}")
    Path("registry/a.yaml").write_text(text, encoding="utf-8")


def generate(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["generate", *arguments])
    assert result.exit_code == code, result.output
    return result


def copies() -> list[Path]:
    return [file for file in (OUTPUT / "metrics" / "profiles").rglob("*") if file.is_file()]


def named() -> dict[str, Path]:
    """The copies that the definitions name, by model."""
    models = load(OUTPUT / "metrics").predictors["eta"].models
    profiles = {model.id: model.reference.profile for model in models if model.reference}
    return {model_id: OUTPUT / "metrics" / profile for model_id, profile in profiles.items() if profile}


def test_the_definitions_name_the_primary_model_s_copy() -> None:
    generate()
    assert {model_id: copy.read_bytes() for model_id, copy in named().items()} == {"eta_v1": PROFILE}
    assert copies() == list(named().values())
    generate("--check")


def test_the_definitions_name_each_model_s_copy() -> None:
    write_registry(BY_MODEL)
    generate()
    found = {model_id: copy.read_bytes() for model_id, copy in named().items()}
    assert found == {"eta_v1": PROFILE, "eta_v3": SHADOW_PROFILE}
    assert set(copies()) == set(named().values())
    generate("--check")


def test_the_exporter_reads_the_copies() -> None:
    write_registry(BY_MODEL)
    generate()
    defined = load(OUTPUT / "metrics")
    assert {key: profile.model_id for key, profile in defined.training.items()} == {
        ("eta", "eta_v1"): "eta_v1",
        ("eta", "eta_v3"): "eta_v3",
    }
    assert defined.broken == ()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is no JSON"),
        (b"{}", "has no schema_version"),
        (b'{"schema_version": 9}', "has schema_version 9, and this driftgauge reads up to 1"),
        (b'{"schema_version": 1}', "has a mistake at predictor: field required"),
        (b"\xff", "can't be read"),
    ],
)
def test_a_copy_that_can_t_be_read_takes_nothing_else_down(content: bytes, problem: str) -> None:
    """The predictor is measured all the same, against the weeks before."""
    write_registry(BY_MODEL)
    generate()
    named()["eta_v1"].write_bytes(content)
    defined = load(OUTPUT / "metrics")
    assert list(defined.predictors) == ["eta"]
    assert list(defined.training) == [("eta", "eta_v3")]
    (message,) = defined.broken
    assert message.startswith(f"{named()['eta_v1']}: ")
    assert problem in message


def test_a_model_s_copy_goes_with_its_profile() -> None:
    write_registry(BY_MODEL)
    generate()
    shadow = named()["eta_v3"]
    write_registry("profiles/eta.json")
    assert f"orphaned: {shadow}" in generate("--check", code=3).stdout
    generate()
    assert copies() == [named()["eta_v1"]]


def test_a_new_profile_takes_the_place_of_the_old_one() -> None:
    generate()
    (old,) = copies()
    Path("registry/profiles/eta.json").write_bytes(_profile("eta_v1", 200))
    stale = generate("--check", code=3).stdout
    assert f"orphaned: {old}" in stale
    generate()
    (new,) = copies()
    assert new != old
    assert new.read_bytes() == _profile("eta_v1", 200)


def test_without_its_reference_the_copy_goes() -> None:
    generate()
    Path("registry/a.yaml").write_text(REGISTRY[: REGISTRY.index("    reference")], encoding="utf-8")
    generate()
    assert copies() == []
    assert not (OUTPUT / "metrics" / "profiles").exists()


def test_what_people_keep_there_stays() -> None:
    generate()
    (copy,) = copies()
    theirs = copy.with_name("notes.json")
    theirs.write_text("ours", encoding="utf-8")
    Path("registry/a.yaml").write_text(REGISTRY[: REGISTRY.index("    reference")], encoding="utf-8")
    generate()
    assert copies() == [theirs]


def test_a_copy_that_somebody_changed_is_not_overwritten() -> None:
    generate()
    (copy,) = copies()
    copy.write_bytes(b"mine")
    assert "is not driftgauge's" in generate(code=1).stderr
    assert copy.read_bytes() == b"mine"


def test_a_profile_that_is_not_there_is_no_reference() -> None:
    Path("registry/profiles/eta.json").unlink()
    assert "profile-not-found" in generate().stderr
    assert [model.reference for model in load(OUTPUT / "metrics").predictors["eta"].models] == [None, None, None]


def test_a_model_whose_profile_is_not_there_takes_no_other_s_reference() -> None:
    write_registry(BY_MODEL)
    Path("registry/profiles/eta.json").unlink()
    assert "profile-not-found" in generate().stderr
    assert [copy.read_bytes() for copy in named().values()] == [SHADOW_PROFILE]
    assert list(named()) == ["eta_v3"]
