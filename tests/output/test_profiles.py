"""A reference profile is copied beside the definitions, so that the exporter never reads the registry."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generator.cli import main
from metrics_exporter.definitions import load

REGISTRY = """\
version: 1
teams: {logistics: {slack: {channel: "#ml"}}}
predictors:
  eta:
    team: logistics
    task: regression
    models: {primary: eta_v1}
    reference: {kind: training, profile: profiles/eta.parquet}
"""
PROFILE = b"\x00\xff any bytes \r\n"
OUTPUT = Path("output")


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("registry/profiles").mkdir(parents=True)
    Path("registry/a.yaml").write_text(REGISTRY, encoding="utf-8")
    Path("registry/profiles/eta.parquet").write_bytes(PROFILE)


def generate(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["generate", *arguments])
    assert result.exit_code == code, result.output
    return result


def copies() -> list[Path]:
    return [file for file in (OUTPUT / "metrics" / "profiles").rglob("*") if file.is_file()]


def test_the_definitions_name_the_copy() -> None:
    generate()
    reference = load(OUTPUT / "metrics").predictors["eta"].reference
    assert reference is not None
    assert reference.profile is not None
    assert (OUTPUT / "metrics" / reference.profile).read_bytes() == PROFILE
    assert copies() == [OUTPUT / "metrics" / reference.profile]
    generate("--check")


def test_a_new_profile_takes_the_place_of_the_old_one() -> None:
    generate()
    (old,) = copies()
    Path("registry/profiles/eta.parquet").write_bytes(b"new")
    stale = generate("--check", code=3).stdout
    assert f"orphaned: {old}" in stale
    generate()
    (new,) = copies()
    assert new != old
    assert new.read_bytes() == b"new"


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
    Path("registry/profiles/eta.parquet").unlink()
    assert "profile-not-found" in generate().stderr
    assert load(OUTPUT / "metrics").predictors["eta"].reference is None
