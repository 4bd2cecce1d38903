"""Predictors with names that nobody would choose, from the registry through every artifact and its own reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generator.cli import main
from metrics_exporter import definitions
from tests.real_parts import PrometheusBinaries
from tests.terraform_stub.terraform import terraform

pytestmark = pytest.mark.slow

TAKEN = ('a"b${c}%{d}\\n', "a'b{{c}}", "배달 시간 예측", "Eta", "eta", "e-ta", "e.ta", "n" * 100)
REFUSED = {'a"b${c}%{d}\n': "bad-name", "x" * 300: "bad-name", "예" * 100: "name-too-long", " eta": "bad-name"}


def registry(folder: Path, names: tuple[str, ...]) -> Path:
    folder.mkdir()
    entries = "".join(
        f"  {json.dumps(name)}: {{team: logistics, task: regression, title: {json.dumps(f'T {place}')}, "
        f"models: {{primary: m{place}}}}}\n"
        for place, name in enumerate(names)
    )
    teams = 'teams: {logistics: {slack: {channel: "#ml"}, pagerduty: {service: ml}}}'
    (folder / "a.yaml").write_text(f"version: 1\n{teams}\npredictors:\n{entries}", encoding="utf-8")
    return folder


def invoke(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.mark.parametrize(("name", "code"), REFUSED.items(), ids=range(len(REFUSED)))
def test_a_name_that_is_refused_has_its_place_and_fix(tmp_path: Path, name: str, code: str) -> None:
    folder = registry(tmp_path / "registry", (name, "fine"))
    result = invoke("validate", str(folder))
    assert result.exit_code == 1
    assert result.output.count("error[") == 1
    assert f"error[{code}]" in result.output
    assert "/registry/a.yaml:4:" in result.output
    assert "= help: " in result.output
    generated = invoke("generate", str(folder), "--output", str(tmp_path / "output"))
    assert generated.exit_code == 1
    assert "nothing was written" in generated.output
    assert not (tmp_path / "output").exists()


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is generated of all names that are taken."""
    place = tmp_path_factory.mktemp("taken")
    folder = registry(place / "registry", TAKEN)
    assert invoke("validate", str(folder)).output.count("warning[confusable-names]") == 3
    result = invoke("generate", str(folder), "--output", str(place / "output"))
    assert result.exit_code == 0, result.output
    return place / "output"


def test_files_and_uids_differ_whatever_the_file_system(output: Path) -> None:
    paths = [path.relative_to(output).as_posix() for path in output.rglob("*")]
    assert len({path.casefold() for path in paths}) == len(paths)
    assert all(path.isascii() and len(part) < 100 for path in paths for part in path.split("/"))
    uids = [json.loads(path.read_text(encoding="utf-8"))["uid"] for path in output.glob("dashboards/**/*.json")]
    assert len({uid.casefold() for uid in uids}) == len(uids) == len(TAKEN) + 2
    assert all(len(uid) <= 40 for uid in uids)


def test_promtool_takes_the_rules(output: Path, prometheus_binaries: PrometheusBinaries) -> None:
    prometheus_binaries.check("check", "rules", *sorted(output.glob("prometheus/rules/*.yaml")))


def test_the_exporter_takes_the_definitions(output: Path) -> None:
    read = definitions.load(output / "metrics")
    assert (set(read.predictors), read.broken) == (set(TAKEN), ())


def test_terraform_plans_every_rule_under_its_name(output: Path) -> None:
    with terraform(output / "terraform" / "logistics") as run:
        changes = run.changes()
    groups = {change["after"]["name"] for address, change in changes.items() if "rule_group" in address}
    assert set(TAKEN) <= groups
