"""`driftgauge init`: what it makes passes its own CI, run for real."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator import scaffold
from generator.cli import COMMANDS
from generator.conventions import generated_mark
from generator.load import load_registry
from metrics_exporter import config
from tests.discover.logs import Traffic, discover, run, write_log
from tests.real_parts import DRIFTGAUGE, driftgauge, require
from tests.terraform_stub.provider import attached

INSTALL = "pip install -r requirements.txt"
TEAMS = ["my-team", 'a"b${c}%{d}', "한국 팀", "no", "12:30", "# x", "main"]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new repository, made by the command as people run it, and committed."""
    folder = tmp_path_factory.mktemp("made") / "repository"
    driftgauge("init", folder)
    shell(folder, "git init -q && git add . && git -c user.name=x -c user.email=x@example.com commit -q -m start")
    return folder


@pytest.fixture
def repository(made: Path, tmp_path: Path) -> Path:
    """A new repository of the test's own."""
    return shutil.copytree(made, tmp_path / "repository")


def shell(folder: Path, script: str, environment: dict[str, str] | None = None, code: int = 0) -> str:
    """Run a CI step as CI does, with this driftgauge on PATH; what it printed."""
    path = f"{DRIFTGAUGE.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, f"{script}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def github_steps(folder: Path) -> list[str]:
    workflow = yaml.safe_load((folder / scaffold.GITHUB_WORKFLOW).read_text(encoding="utf-8"))
    return [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]


def gitlab_steps(folder: Path) -> list[str]:
    pipeline: dict[str, Any] = yaml.safe_load((folder / scaffold.GITLAB_PIPELINE).read_text(encoding="utf-8"))
    return [step for job in pipeline.values() for step in job.get("script", [])]


@pytest.mark.slow
@pytest.mark.parametrize("steps", [github_steps, gitlab_steps])
def test_it_passes_its_own_ci(repository: Path, steps: Any) -> None:
    require("terraform")
    with attached() as environment:
        found = [step for step in steps(repository) if step != INSTALL]
        for step in found:
            shell(repository, step, environment)
    assert [step.split()[:2] for step in found[:3]] == [
        ["driftgauge", "validate"],
        ["driftgauge", "generate"],
        ["terraform", "fmt"],
    ]
    assert "terraform" in found[3]
    assert shell(repository, "git status --porcelain") == ""  # what it leaves behind is ignored


def test_ci_installs_what_made_it(repository: Path) -> None:
    assert INSTALL in github_steps(repository)
    assert INSTALL in gitlab_steps(repository)
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "-r", "requirements.txt"], cwd=repository, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("schema", "file"),
    [("github-workflows", scaffold.GITHUB_WORKFLOW), ("gitlab-ci", scaffold.GITLAB_PIPELINE)],
)
def test_ci_files_are_what_the_services_read(tmp_path: Path, schema: str, file: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(scaffold.repository(scaffold.Options("my-team", "both"))[file])
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", path]
    subprocess.run(check, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_only_the_ci_asked_for(tmp_path: Path, ci: str) -> None:
    assert run("init", tmp_path, "--ci", ci).exit_code == 0
    found = {path for path in (scaffold.GITHUB_WORKFLOW, scaffold.GITLAB_PIPELINE) if (tmp_path / path).exists()}
    assert found == {{"github": scaffold.GITHUB_WORKFLOW, "gitlab": scaffold.GITLAB_PIPELINE}[ci]}


def test_ci_fails_on_a_stale_output_and_on_an_error(repository: Path) -> None:
    validate, check = (step for step in github_steps(repository) if step.startswith("driftgauge"))
    registry = repository / "registry" / "my-team.yaml"
    text = registry.read_text(encoding="utf-8")
    registry.write_text(text.replace("above: 0.2", "above: 0.3"), encoding="utf-8")
    shell(repository, validate)
    shell(repository, check, code=3)
    registry.write_text(text.replace("metric:", "metrik:"), encoding="utf-8")
    assert "::error" in shell(repository, validate, code=1)


def test_the_pre_commit_hook(repository: Path, tmp_path: Path) -> None:
    pre_commit = f"{sys.executable} -m pre_commit"
    home = {"PRE_COMMIT_HOME": str(tmp_path / "cache")}
    shell(repository, f"{pre_commit} run --all-files", home)
    registry = repository / "registry" / "my-team.yaml"
    registry.write_text(registry.read_text(encoding="utf-8").replace("above: 0.2", "above: 0.3"), encoding="utf-8")
    assert "files were modified by this hook" in shell(repository, f"git add . && {pre_commit} run", home, code=1)
    shell(repository, f"git add . && {pre_commit} run", home)
    shell(repository, "driftgauge generate --check")


def test_the_pre_commit_hook_sees_files_that_are_new(repository: Path, tmp_path: Path) -> None:
    pre_commit = f"{sys.executable} -m pre_commit"
    home = {"PRE_COMMIT_HOME": str(tmp_path / "cache")}
    (repository / "driftgauge.yaml").write_text("targets: [terraform, prometheus, mixin]\n", encoding="utf-8")
    shell(repository, f"git add driftgauge.yaml && {pre_commit} run", home, code=1)
    assert "output/mixin/mixin.libsonnet" in shell(repository, "git diff --name-only")
    shell(repository, f"git add . && {pre_commit} run", home)


@pytest.mark.parametrize("team", TEAMS)
def test_any_team(tmp_path: Path, team: str) -> None:
    assert run("init", tmp_path, "--team", team).exit_code == 0
    loaded = load_registry(tmp_path / "registry")
    assert loaded.findings == ()
    assert loaded.registry is not None
    assert [found.id for found in loaded.registry.teams] == [team]
    assert run("generate", tmp_path / "registry", "--output", tmp_path / "output", "--check").exit_code == 0
    shell(tmp_path, f"{require('terraform')} fmt -check -diff -recursive output/terraform")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=200))
def test_templates_take_any_name(tmp_path: Path, team: str) -> None:
    files = scaffold.repository(scaffold.Options(team.strip() or "x", "both"))
    assert yaml.safe_load(files[".gitlab-ci.yml"])
    roots = [path for path in files if path.endswith("/backend.tf")]
    assert len(roots) == 2
    assert all(line.startswith(b"#") for root in roots for line in files[root].splitlines())


def test_a_team_that_can_be_none(tmp_path: Path) -> None:
    result = run("init", tmp_path, "--team", "  ")
    assert result.exit_code == 2
    assert "the name is empty; write the name" in result.stderr


def test_nothing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "output").write_text("a file where a folder is needed")
    (tmp_path / "requirements.txt").symlink_to("nowhere")
    before = sorted(tmp_path.rglob("*"))
    result = run("init", tmp_path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert sorted(result.stderr.splitlines()[:-1]) == [
        f"{tmp_path / name}: exists already" for name in ("output", "requirements.txt")
    ]
    assert result.stderr.endswith("Nothing was written: choose an empty folder, or move these files away.\n")
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "README.md").read_text() == "mine"


def test_in_a_repository_that_has_a_readme(tmp_path: Path) -> None:
    shell(tmp_path, "git init -q && echo ours > README.md && echo /build/ > .gitignore && mkdir monitoring")
    result = run("init", tmp_path)
    assert result.exit_code == 0
    assert "git init" not in result.stdout
    assert "  git add . && git commit" in result.stdout
    assert "MONITORING.md  " in result.stdout
    assert "Your .gitignore stays. Add to it:\n  .terraform/\n" in result.stdout
    assert (tmp_path / "README.md").read_text() == "ours\n"
    assert (tmp_path / ".gitignore").read_text() == "/build/\n"
    assert (tmp_path / "MONITORING.md").read_text().startswith("# Monitoring of our models")
    assert "git init" not in run("init", tmp_path / "monitoring").stdout


def test_a_folder_that_refuses() -> None:
    result = run("init", "/proc/new")
    assert result.exit_code == 1
    assert result.stderr == "Error: /proc/new: No such file or directory; nothing was written\n"


def test_all_or_nothing(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # the dashboards are larger
    try:
        result = run("init", tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.exit_code == 1
    assert "File too large; nothing was written" in result.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("ours")
    assert run("init", tmp_path).exit_code == 0
    assert (tmp_path / "LICENSE").read_text() == "ours"


def test_generate_leaves_backends_alone(repository: Path) -> None:
    backends = sorted(repository.glob("output/terraform/*/backend.tf"))
    assert [backend.parent.name for backend in backends] == ["_shared", "my-team"]
    backends[0].write_text('terraform {\n  backend "local" {}\n}\n')
    shell(repository, "driftgauge generate && driftgauge generate --check")
    assert 'backend "local"' in backends[0].read_text()


def test_the_exporter_takes_its_settings(repository: Path) -> None:
    found = config.read({}, {}, repository / "exporter.yaml")
    assert found.definitions == Path("output/metrics")
    assert (repository / found.definitions / "catalogue.yaml").exists()


def test_discovery_goes_on_from_there(repository: Path, tmp_path: Path) -> None:
    url = write_log(tmp_path / "log", Traffic("eta", "eta_v1"))
    assert discover(url, repository / "registry", "--write").exit_code == 0
    text = (repository / "registry" / "discovered.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server")
    assert "team: my-team" in text
    shell(repository, "driftgauge validate && driftgauge generate && driftgauge generate --check")


def readme_words(pattern: str) -> Iterator[str]:
    files = scaffold.repository(scaffold.Options("my-team", "both"))
    yield from re.findall(pattern, files["README.md"].decode())


def test_the_readme_names_what_there_is() -> None:
    files = scaffold.repository(scaffold.Options("my-team", "both"))
    assert set(readme_words(r"driftgauge (\w+)")) - {"makes"} <= set(COMMANDS)
    for path in readme_words(r"`((?:registry|output)/[\w./-]+\.\w+)`"):
        assert path in files, path


def test_same_options_same_bytes() -> None:
    options = scaffold.Options("my-team", "both")
    files = scaffold.repository(options)
    assert files == scaffold.repository(options)
    marked = [path for path, data in files.items() if generated_mark(path.removeprefix("output/")).encode() in data]
    assert all(path in marked or path.endswith("backend.tf") for path in files if path.startswith("output/"))
