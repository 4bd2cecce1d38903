"""`driftgauge generate`, from the project's own registry to files on disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generator.cli import main
from generator.load import load_registry
from generator.model import Evaluation
from generator.render import render
from metrics_exporter import definitions
from metrics_exporter.definitions import DEFAULT_CADENCE
from tests.output.examples import PREDICTOR, alert, predictor, registry
from tests.real_parts import DRIFTGAUGE, ROOT

DASHBOARD = "dashboards/predictors/arrival_delay.json"
DEFINITIONS = "metrics/predictors/arrival_delay.yaml"
ROOT_FILE = "terraform/operations/arrival_delay.tf"
RULES = "prometheus/rules/arrival_delay.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a copy of the project's registry and its fresh output."""
    shutil.copytree(ROOT / "registry", tmp_path / "registry")
    monkeypatch.chdir(tmp_path)
    assert generate().exit_code == 0
    return tmp_path


def generate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["generate", *arguments], catch_exceptions=False)


def contents(output: Path) -> dict[str, bytes]:
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in output.rglob("*") if path.is_file()}


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_committed_output_is_current() -> None:
    done = CliRunner().invoke(
        main, ["generate", "--check", str(ROOT / "registry"), "--output", str(ROOT / "output")], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output


def test_tells_what_it_made_in_domain_words(folder: Path) -> None:
    shutil.rmtree(folder / "output")
    done = generate()
    assert done.stdout == (
        "2 predictors of 2 teams, 4 models: 4 dashboards, 10 alert rules, 1 threshold in dashboards only.\n"
        "output: 28 files written, 0 unchanged, 0 removed.\n"
    )
    assert "0 files written, 28 unchanged, 0 removed" in generate().stdout


def test_json_for_programs(folder: Path) -> None:
    (folder / "output" / RULES).unlink()
    done = json.loads(generate("--json").stdout)
    assert done["predictors"] == 2
    assert done["rules"] == 10
    assert done["files"] == {"changed": [], "created": [RULES], "removed": [], "foreign": [], "unchanged": 27}


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("above: 0.4", "above: 0.45", {DASHBOARD, DEFINITIONS, ROOT_FILE, RULES}),
        ("change_above: 1.0", "change_above: 1.5", {DASHBOARD, DEFINITIONS}),
        ("unit: miles}", "unit: km}", {DEFINITIONS}),
    ],
    ids=["a threshold", "a threshold that only reports", "a unit"],
)
def test_an_edit_changes_only_the_files_it_is_in(folder: Path, old: str, new: str, changed: set[str]) -> None:
    before = contents(folder / "output")
    edit(folder / "registry/operations.yaml", old, new)
    assert generate().exit_code == 0
    after = contents(folder / "output")
    assert {path for path in before | after if before.get(path) != after.get(path)} == changed


def edited(output: Path) -> str:
    edit(output / RULES, "0.4", "0.9")
    return f"stale: output/{RULES}"


def deleted(output: Path) -> str:
    (output / RULES).unlink()
    return f"missing: output/{RULES}"


def orphaned(output: Path) -> str:
    copy = (output / RULES).read_text(encoding="utf-8").replace(RULES, "prometheus/rules/gone.yaml")
    (output / "prometheus/rules/gone.yaml").write_text(copy, encoding="utf-8")
    return "orphaned: output/prometheus/rules/gone.yaml"


def truncated(output: Path) -> str:
    content = (output / DASHBOARD).read_bytes()
    (output / DASHBOARD).write_bytes(content[: len(content) - 20])
    return f"stale: output/{DASHBOARD}"


def emptied(output: Path) -> str:
    (output / RULES).write_bytes(b"")
    return f"in the way: output/{RULES}: is not driftgauge's"


def unmarked(output: Path) -> str:
    lines = (output / ROOT_FILE).read_bytes().splitlines(keepends=True)
    (output / ROOT_FILE).write_bytes(b"".join(lines[1:]))
    return f"in the way: output/{ROOT_FILE}: is not driftgauge's"


def line_ends(output: Path) -> str:
    (output / ROOT_FILE).write_bytes((output / ROOT_FILE).read_bytes().replace(b"\n", b"\r\n"))
    return f"stale: output/{ROOT_FILE}"


@pytest.mark.parametrize("spoil", [edited, deleted, orphaned, truncated, emptied, unmarked, line_ends])
def test_check_finds_a_stale_tree_and_writes_nothing(folder: Path, spoil: Callable[[Path], str]) -> None:
    told = spoil(folder / "output")
    before = contents(folder)
    done = generate("--check")
    assert done.exit_code == 3
    assert told in done.stdout
    assert "run `driftgauge generate`" in done.stdout
    assert contents(folder) == before


def test_check_shows_a_short_diff(folder: Path) -> None:
    edit(folder / "registry/operations.yaml", "above: 0.4", "above: 0.45")
    done = generate("--check")
    assert done.exit_code == 3
    assert [line for line in done.stdout.splitlines() if line.startswith("stale")] == [
        f"stale: output/{path}" for path in sorted((DASHBOARD, DEFINITIONS, ROOT_FILE, RULES))
    ]
    assert 'conditions = [{ evaluator = { type = "gt", params = [0.45] } }]' in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 250


def test_check_of_a_fresh_tree_is_fine(folder: Path) -> None:
    done = generate("--check")
    assert done.exit_code == 0
    assert done.stdout == "output is current: 28 files.\n"
    assert json.loads(generate("--check", "--json").stdout)["files"]["unchanged"] == 28


def test_findings_stop_it_before_anything_is_written(folder: Path) -> None:
    edit(folder / "registry/operations.yaml", "above: 0.4", "abov: 0.4")
    before = contents(folder)
    done = generate()
    assert done.exit_code == 1
    assert "abov" in done.stderr
    assert "nothing was written" in done.stderr
    assert contents(folder) == before


def test_a_foreign_file_stops_it(folder: Path) -> None:
    emptied(folder / "output")
    done = generate()
    assert done.exit_code == 1
    assert "move it away, or delete it" in done.stderr


def test_what_grafana_would_refuse_stops_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.render.grafana.build.INTERVAL_SECONDS", 15)
    edit(folder / "registry/operations.yaml", "above: 0.4", "above: 0.45")
    before = contents(folder)
    done = generate()
    assert done.exit_code == 1
    assert "Grafana would refuse what the registry asks for:\n- terraform/" in done.stderr
    assert contents(folder) == before


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    """Two paths, two hash seeds, two working directories."""
    outputs = []
    for seed in ("1", "2"):
        place = tmp_path / f"place {seed}"
        shutil.copytree(ROOT / "registry", place / "registry")
        subprocess.run(
            [sys.executable, DRIFTGAUGE, "generate"],
            cwd=place,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            timeout=60,
        )
        outputs.append(contents(place / "output"))
    assert outputs[0] == outputs[1]
    assert outputs[0] == contents(ROOT / "output")


def test_the_exporter_reads_what_is_generated(folder: Path) -> None:
    loaded = load_registry(folder / "registry").registry
    assert loaded is not None
    read = definitions.load(folder / "output/metrics")
    assert {name: [model.id for model in one.models] for name, one in read.predictors.items()} == {
        one.id: [model.id for model in one.models] for one in loaded.predictors
    }
    assert read.catalogue.logs == loaded.logs
    assert read.predictors["arrival_delay"].features["departure_delay"].unit == "minutes"
    assert set(read.predictors["arrival_delay"].windows) == set(DEFAULT_CADENCE)


def test_an_evaluation_query_is_a_block_that_people_can_read() -> None:
    query = "SELECT delivery_id AS prediction_id\nFROM deliveries\n"
    evaluated = replace(PREDICTOR, evaluation=Evaluation(query, 10800, ("mae",), (("mae", 3.1),)))
    text = render(registry(evaluated))["metrics/predictors/eta_prediction.yaml"].decode()
    assert "  actuals: |\n    SELECT delivery_id AS prediction_id\n    FROM deliveries\n" in text
    assert "  training: {mae: 3.1}\n" in text


def test_one_predictor_s_change_touches_its_own_files_alone() -> None:
    other = replace(PREDICTOR, id="other")
    before = render(registry(PREDICTOR, other))
    changed = predictor(alert(high=0.7, consecutive=5, min_samples=9), title="New title", features=())
    after = render(registry(changed, other))
    differing = {path for path in before | after if before.get(path) != after.get(path)}
    assert differing == {
        "dashboards/predictors/eta_prediction.json",
        "metrics/predictors/eta_prediction.yaml",
        "prometheus/rules/eta_prediction.yaml",
        "terraform/logistics/eta_prediction.tf",
    }
