"""`driftgauge discover`, from a log in a DuckDB file to registry files that validate."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.discover.files import FileEdit
from generator.discover.write import write
from generator.errors import UserError
from generator.load import load_registry
from generator.model import Registry
from metrics_exporter.definitions import Kind, Role
from tests.discover.logs import NOW, Traffic, discover, run, write_log

TEAM = 'teams:\n  logistics: {slack: {channel: "#ml"}}\n'
REGISTERED = f"""\
version: 1   # odd order and all
predictors:

  eta: {{models: {{primary: eta_v1}},   task: regression, team: logistics}}  # ours
# the rest
{TEAM}"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def register(text: str, name: str = "registry/a.yaml") -> Path:
    file = Path(name)
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def valid(path: str = "registry") -> Registry:
    loaded = load_registry(Path(path))
    assert loaded.registry is not None, loaded.findings
    return loaded.registry


def test_what_was_renamed_is_not_new(folder: Path) -> None:
    url = write_log(folder / "log", Traffic("delivery", "eta_v1"), Traffic("eta", "eta_v1"))
    register(REGISTERED.replace("eta: {models", "eta: {was: delivery, models"))
    done = discover(url)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "`delivery` is registered as `eta` now" in done.stderr


def test_no_registry_yet(folder: Path) -> None:
    url = write_log(folder / "log", Traffic("eta", "eta_v1", features={"prep_minutes": ["5"], "city": ["x"]}))
    shown = discover(url)
    assert shown.exit_code == 0
    assert not Path("registry").exists()
    written = discover(url, "--write")
    assert (written.exit_code, written.stdout) == (0, "")
    assert Path("registry/discovered.yaml").read_text() == shown.stdout
    (eta,) = valid().predictors
    assert eta.team.id == "unowned"
    assert [(model.id, model.role) for model in eta.models] == [("eta_v1", Role.PRIMARY)]
    assert [(f.name, f.kind, f.unit) for f in eta.features] == [
        ("city", Kind.CATEGORICAL, None),
        ("prep_minutes", Kind.NUMERIC, "minutes"),
    ]


def test_guesses_are_marked_in_comments(folder: Path) -> None:
    url = write_log(folder / "log", Traffic("eta", "v1", rows=9), Traffic("eta", "v2", rows=1))
    text = discover(url).stdout
    assert "primary: v1  # guess: it made 90% of the last day's predictions" in text
    assert "task: regression  # guess: results lie between 1.5 and 20" in text
    assert "team: unowned  # to check: who owns it" in text


def test_generate_takes_the_proposal(folder: Path) -> None:
    assert discover(write_log(folder / "log", Traffic("eta", "v1")), "--write").exit_code == 0
    assert run("generate").exit_code == 0


def test_the_only_team_is_taken(folder: Path) -> None:
    register(f"version: 1\n{TEAM}")
    discover(write_log(folder / "log", Traffic("eta", "v1")), "--write")
    assert "teams:" not in Path("registry/discovered.yaml").read_text()
    assert valid().predictors[0].team.id == "logistics"


def test_several_teams_leave_a_placeholder_that_is_made_once(folder: Path) -> None:
    register(f'version: 1\n{TEAM}  maps: {{slack: {{channel: "#maps"}}}}\n')
    log = folder / "log"
    discover(write_log(log, Traffic("eta", "v1")), "--write")
    log.unlink()
    discover(write_log(log, Traffic("eta", "v1"), Traffic("eta2", "v1b")), "--write")
    assert "teams:" not in Path("registry/discovered-2.yaml").read_text()
    assert {predictor.id: predictor.team.id for predictor in valid().predictors} == {
        "eta": "unowned",
        "eta2": "unowned",
    }


def test_only_what_is_new_of_a_registered_predictor(folder: Path) -> None:
    file = register(REGISTERED)
    url = write_log(
        folder / "log",
        Traffic("eta", "eta_v1", features={"clean": ["1"], "mixed": ["1", "2", "x"]}),
        Traffic("eta", "eta_v2"),
        Traffic("eta", "eta_v0", [60]),  # long gone
    )
    shown = discover(url)
    assert file.read_text() == REGISTERED
    discover(url, "--write")
    assert file.read_text() == REGISTERED.replace("{primary: eta_v1}", "{primary: eta_v1, shadows: [eta_v2]}").replace(
        "team: logistics}", "team: logistics, features: {mixed: {kind: numeric}}}"
    )
    assert sorted(path.name for path in Path("registry").iterdir()) == ["a.yaml", "seen.json"]
    valid()
    file.write_text(REGISTERED)
    subprocess.run(["git", "apply"], input=shown.stdout, text=True, check=True)
    assert "eta_v2" in file.read_text()


def test_a_second_run_has_nothing_to_add(folder: Path) -> None:
    register(REGISTERED)
    url = write_log(
        folder / "log",
        Traffic("eta", "eta_v2", features={"mixed": ["1", "x"]}),
        Traffic("eta", "eta_v1"),
        Traffic("other", "other_v1", features={"mixed": ["1", "x"], "is_new": ["1", "0"]}),
    )
    assert discover(url, "--write").exit_code == 0
    again = discover(url)
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr == "nothing to add: the registry has all that is in the log\n"


def test_a_declared_kind_is_not_proposed_again(folder: Path) -> None:
    register(REGISTERED.replace("team: logistics", "features: {mixed: {kind: categorical}}, team: logistics"))
    url = write_log(folder / "log", Traffic("eta", "eta_v1", features={"mixed": ["1", "x"]}))
    assert discover(url).stdout == ""


def test_a_replaced_primary_is_told(folder: Path) -> None:
    register(REGISTERED)
    url = write_log(folder / "log", Traffic("eta", "eta_v1", [60]), Traffic("eta", "eta_v2"))
    told = discover(url).stderr
    assert "note: `eta`: its primary model `eta_v1` has stopped predicting while `eta_v2` went on" in told


def test_silent_models_of_a_new_predictor_are_left_out(folder: Path) -> None:
    url = write_log(folder / "log", Traffic("eta", "v1", [60]), Traffic("eta", "v2"))
    told = discover(url, "--write").stderr
    assert "note: the model `v1` of `eta` is left out: its last prediction was before 2026-03-07 01:00 UTC" in told
    assert [model.id for model in valid().predictors[0].models] == ["v2"]


def test_a_byte_order_mark_and_permissions_stay(folder: Path) -> None:
    file = register(REGISTERED)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    file.chmod(0o640)
    discover(write_log(folder / "log", Traffic("eta", "eta_v2"), Traffic("eta", "eta_v1")), "--write")
    assert file.read_bytes().startswith(b"\xef\xbb\xbfversion: 1   # odd")
    assert file.stat().st_mode & 0o777 == 0o640


def test_what_a_link_leads_to_is_edited(folder: Path) -> None:
    real = register(REGISTERED, "elsewhere.yaml").resolve()
    Path("registry").mkdir()
    Path("registry/a.yaml").symlink_to(real)
    discover(write_log(folder / "log", Traffic("eta", "eta_v2"), Traffic("eta", "eta_v1")), "--write")
    assert Path("registry/a.yaml").is_symlink()
    assert "shadows: [eta_v2]" in real.read_text()


def test_json(folder: Path) -> None:
    url = write_log(folder / "log", Traffic("eta", "v1", [1, 2], rows=3, features={"한": ["x"]}))
    report = json.loads(discover(url, "--json").stdout)
    (log,) = report["logs"]
    assert log["predictors"] == [
        {
            "predictor": "eta",
            "models": [
                {
                    "id": "v1",
                    "rows": 6,
                    "first_seen": "2026-03-09T11:00:00+00:00",
                    "last_seen": "2026-03-09T12:00:00+00:00",
                }
            ],
            "features": [{"name": "한", "kind": "categorical", "mixed": False}],
        }
    ]
    file, facts = report["files"]
    assert (file["path"], file["new"]) == ("registry/discovered.yaml", True)
    assert (facts["path"], facts["new"]) == ("registry/seen.json", True)
    assert json.loads(facts["content"])["predictors"] == {"eta": ["한"]}
    assert yaml.safe_load(file["content"])["predictors"]["eta"]["models"] == {"primary": "v1"}
    assert report["notes"] == []


def test_an_empty_log(folder: Path) -> None:
    result = discover(write_log(folder / "log"), "--days", "2")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "has no predictions from 2026-03-07 13:00 to 2026-03-09 13:00 UTC" in result.stderr


def test_a_missing_table(folder: Path) -> None:
    result = discover(write_log(folder / "log", table="other"))
    assert result.exit_code == 1
    assert "table predictions is not in the log's database" in result.stderr


def test_another_table_is_declared(folder: Path) -> None:
    discover(write_log(folder / "log", Traffic("eta", "v1"), table="other"), "--table", "other", "--write")
    assert valid().logs["default"].table == "other"


def test_one_of_the_tables_of_the_registry(folder: Path) -> None:
    register(f"version: 1\nlogs:\n  main: {{table: missing}}\n  side: {{table: other}}\n{TEAM}")
    url = write_log(folder / "log", Traffic("eta", "v1"), table="other")
    assert discover(url, "--table", "other", "--write").exit_code == 0
    assert valid().predictors[0].log == "side"
    assert discover(url).exit_code == 1


def test_a_table_that_the_registry_does_not_know(folder: Path) -> None:
    register(REGISTERED)
    result = discover(write_log(folder / "log"), "--table", "other")
    assert result.exit_code == 2
    assert "no log of the registry has the table `other`; add it there under `logs:` first" in result.stderr


def test_a_table_that_is_a_file(folder: Path) -> None:
    result = discover(write_log(folder / "log"), "--table", "/etc/passwd.csv")
    assert result.exit_code == 2
    assert "`/etc/passwd.csv` is a file, and no table" in result.stderr


def test_a_predictor_in_two_logs(folder: Path) -> None:
    register(f"version: 1\nlogs:\n  one: {{table: predictions}}\n  two: {{table: predictions}}\n{TEAM}")
    result = discover(write_log(folder / "log", Traffic("eta", "v1")), "--write")
    assert "`eta` is in more than one log" in result.stderr
    again = discover(write_log(folder / "more", Traffic("eta", "v1")))
    assert "`eta` has rows in the log `two` and is registered for `one`" in again.stderr
    assert again.stdout == ""


def test_a_registry_with_errors_is_left_alone(folder: Path) -> None:
    register("version: 1\npredictors: {eta: {}}\n")
    result = discover(write_log(folder / "log", Traffic("eta", "v1")), "--write")
    assert result.exit_code == 1
    assert "`driftgauge validate registry` shows what to mend" in result.stderr


def test_a_name_that_is_taken_is_not_overwritten(folder: Path) -> None:
    register(f"version: 1\n{TEAM}", "registry/discovered.yaml")
    discover(write_log(folder / "log", Traffic("eta", "v1")), "--write")
    assert Path("registry/discovered.yaml").read_text() == f"version: 1\n{TEAM}"
    assert Path("registry/discovered-2.yaml").exists()


def test_a_folder_that_cannot_be_written(folder: Path) -> None:
    result = discover(write_log(folder / "log", Traffic("eta", "v1")), "/proc/registry", "--write")
    assert result.exit_code == 1
    assert result.stderr == "Error: /proc/registry: No such file or directory; the registry can't be written\n"


def test_all_files_or_none(folder: Path) -> None:
    file = register(REGISTERED)
    url = write_log(folder / "log", Traffic("eta", "eta_v2"), Traffic("eta", "eta_v1"), Traffic("x" * 150, "v1"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(REGISTERED) + 50, hard))  # the new file is larger
    try:
        result = discover(url, "--write")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.exit_code == 1
    assert "File too large; the registry can't be written" in result.stderr
    assert file.read_text() == REGISTERED
    assert list(Path("registry").iterdir()) == [file]


def test_a_file_that_changed_meanwhile(folder: Path) -> None:
    file = register(REGISTERED)
    edit = FileEdit(file, REGISTERED.replace("ours", "theirs"), "version: 1\n")
    with pytest.raises(UserError, match="has changed since it was read; run the command again"):
        write([edit])
    assert file.read_text() == REGISTERED


def test_the_schema_beside_it_is_named_for_editors(folder: Path) -> None:
    Path("registry").mkdir()
    Path("registry/registry.schema.json").write_text("{}")
    text = discover(write_log(folder / "log", Traffic("eta", "v1"))).stdout
    assert text.startswith("# yaml-language-server: $schema=registry.schema.json\n")


HOSTILE = [
    'a"b${c}%{d}\n',
    "'; DROP TABLE predictions; --",
    "x" * 300,
    "예측",
    "{{ 1 }}",
    "no",
    "# driftgauge: ignore x",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(folder: Path, name: str) -> None:
    url = write_log(
        folder / "log", Traffic(name, "v1", features={name: ["1"]}), Traffic("fine", name), Traffic("fine", "fine_v1")
    )
    result = discover(url, "--write")
    assert result.exit_code == 0
    assert all(line.isprintable() for line in result.stderr.splitlines())
    registry = valid()
    names = {predictor.id for predictor in registry.predictors}
    if name.isprintable() and len(name) <= 200:
        assert names == {name, "fine"}
        assert run("generate").exit_code == 0
    else:
        assert names == {"fine"}
        assert "can't be registered, only monitored" in result.stderr
    assert discover(url).stdout == ""


def test_rows_without_a_predictor(folder: Path) -> None:
    result = discover(write_log(folder / "log", Traffic(None, "v1")))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "the predictor `` can't be registered" in result.stderr


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.tuples(ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT), registered=st.booleans())
def test_whatever_the_log_holds_the_registry_is_valid(
    folder: Path, names: tuple[str, str, str, str], registered: bool
) -> None:
    predictor, model, feature, category = names
    shutil.rmtree("registry", ignore_errors=True)
    (folder / "log").unlink(missing_ok=True)
    if registered:
        register(REGISTERED)
    url = write_log(
        folder / "log",
        Traffic(predictor, model, [1], features={feature: [category, "1"]}),
        Traffic("eta", model, [1], features={feature: [category, "1"]}),
        Traffic("eta", "eta_v1", [1]),
    )
    assert discover(url, "--days", "1", "--write").exit_code == 0
    assert "eta" in {found.id for found in valid().predictors}
    assert discover(url, "--days", "1").stdout == ""


def test_jsonnet_files_are_edited_by_hand(folder: Path) -> None:
    register(
        "{version: 1, teams: {t: {slack: {channel: '#t'}}},"
        " predictors: {eta: {team: 't', task: 'regression', models: {primary: 'eta_v1'}}}}",
        "registry/a.jsonnet",
    )
    result = discover(write_log(folder / "log", Traffic("eta", "eta_v1"), Traffic("eta", "eta_v2")), "--write")
    assert result.exit_code == 0
    assert "note: the Jsonnet file that makes it: add to `eta` by hand the shadows `eta_v2`" in result.stderr


def test_now_is_utc(folder: Path) -> None:
    url = write_log(folder / "log", Traffic("eta", "v1", [0]))
    assert discover(url, "--days", "1", now=NOW).stdout
    assert not discover(url, "--days", "1", now=NOW.replace(hour=11)).stdout


def test_keys_made_of_ids_are_not_listed(folder: Path) -> None:
    wide = Traffic("eta", "v1", [1], 1, {f"restaurant_{number}": ["1"] for number in range(2_001)})
    many = (Traffic("tips", f"request {number}", [1], 1) for number in range(101))
    done = discover(write_log(folder / "log", wide, *many), "--write")
    assert done.exit_code == 0
    assert "note: the 2,001 features of `eta` are too many to list; they are monitored all the same" in done.stderr
    assert "note: `tips` is left out: it has 101 models that predict, more than 100;" in done.stderr
    assert [(predictor.id, predictor.features) for predictor in valid().predictors] == [("eta", ())]
