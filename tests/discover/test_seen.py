"""`driftgauge discover` keeps `seen.json`, and `driftgauge validate` compares the registry with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from generator.spec import seen
from tests.discover.logs import Traffic, discover, run, write_log

FILE = Path("registry/seen.json")
REGISTRY = """\
version: 1
teams:
  logistics: {slack: {channel: "#ml"}}
predictors:
  eta:
    team: logistics
    task: regression
    models: {primary: eta_v1}
    alerts:
      - {id: weather, metric: feature_mean, feature: "wind_*", above: 1, severity: notify}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    register(REGISTRY)
    return tmp_path


def register(text: str) -> None:
    FILE.parent.mkdir(exist_ok=True)
    (FILE.parent / "a.yaml").write_text(text, encoding="utf-8")


def log(name: str, features: Iterable[str], predictor: str = "eta", table: str = "predictions") -> str:
    """A log in which a predictor has these features."""
    of = {feature: ["1"] for feature in features}
    return write_log(Path(name), Traffic(predictor, f"{predictor}_v1", [1], 1, of), table=table)


def known() -> dict[str, list[str]]:
    read = seen.read(FILE.parent)
    assert read.finding is None
    return dict(read.features)


def test_it_is_written_once() -> None:
    url = log("log", ["wind_speed", "distance", "한"])
    looked = discover(url)
    assert (looked.exit_code, looked.stdout) == (0, "")
    assert looked.stderr == (
        "registry/seen.json: new\nAdd --write to write this, then check it and run `driftgauge generate`.\n"
    )
    assert not FILE.exists()
    assert discover(url, "--write").stderr == "registry/seen.json: new, written\n"
    assert FILE.read_bytes() == seen.text({"eta": ["distance", "wind_speed", "한"]}).encode()
    again = discover(url, "--write")
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr == "nothing to add: the registry has all that is in the log\n"


def test_a_diff_says_what_has_changed() -> None:
    discover(log("before", ["distance", "wind_speed"]), "--write")
    shown = discover(url := log("after", ["distance", "wind_force"]))
    assert shown.stdout.splitlines()[:2] == ["--- a/registry/seen.json", "+++ b/registry/seen.json"]
    changed = [line for line in shown.stdout.splitlines()[2:] if line[0] in "+-"]
    assert changed == ['-      "wind_speed"', '+      "wind_force"']
    assert shown.stderr.startswith("registry/seen.json: changed\n")
    discover(url, "--write")
    assert known() == {"eta": ["distance", "wind_force"]}


def test_validate_compares_with_it() -> None:
    assert run("validate").stdout == ""
    discover(url := log("log", ["distance", "wind_speed"]), "--write")
    assert run("validate").stdout == ""
    discover(log("later", ["distance", "gusts"]), "--write")
    validated = run("validate")
    assert validated.exit_code == 0
    assert "`wind_*` matches none of the features that `eta` declares or that were seen in the log" in validated.stdout
    assert run("generate").exit_code == 0
    discover(url, "--write")
    assert run("validate").stdout == ""


def test_nothing_seen_is_no_file() -> None:
    register("version: 1\nteams:\n  logistics: {slack: {channel: '#ml'}}\n")
    discover(write_log(Path("empty")), "--write")
    discover(log("nameless", ["a"], predictor=" "), "--write")
    assert not FILE.exists()


def test_what_was_not_read_stays_and_what_is_gone_goes() -> None:
    FILE.write_text(seen.text({"eta": ["old"], "gone": ["x"]}))
    written = discover(log("log", ["a"], predictor="fraud"), "--write")
    assert written.exit_code == 0
    assert known() == {"eta": ["old"], "fraud": ["a"]}


def test_a_predictor_without_features_is_known_to_have_none() -> None:
    discover(log("log", []), "--write")
    assert known() == {"eta": []}


def test_rows_that_are_not_monitored_do_not_count() -> None:
    register(REGISTRY.replace("version: 1\n", "version: 1\nlogs: {default: {}, other: {table: other}}\n"))
    url = log("log", ["a"])
    log("log", ["b"], table="other")
    assert "these rows are not monitored" in discover(url, "--write").stderr
    assert known() == {"eta": ["a"]}


def test_an_earlier_id_is_not_known() -> None:
    register(REGISTRY.replace("    team: logistics", "    was: eta_old\n    team: logistics"))
    FILE.write_text(seen.text({"eta_old": ["a"]}))
    discover(log("log", ["b"], predictor="eta_old"), "--write")
    assert known() == {}


def test_a_log_with_too_many_features() -> None:
    FILE.write_text(seen.text({"eta": ["a"]}))
    url = log("log", [f"f{number}" for number in range(2_001)])
    written = discover(url, "--write")
    assert written.exit_code == 0
    assert "note: `eta` has 2,001 features, more than 2,000, in the log; seen.json leaves it out" in written.stderr
    assert known() == {}
    assert run("validate").stdout == ""


@pytest.mark.parametrize("broken", ["", "<<<<<<< HEAD\n{}\n=======\n", '{"predictors": []}', "{\n"])
def test_a_broken_file_is_made_anew(broken: str) -> None:
    FILE.write_text(broken)
    assert run("validate").exit_code == 1
    written = discover(url := log("log", ["wind_speed"]), "--write")
    assert (written.exit_code, written.stderr) == (0, "registry/seen.json: changed, written\n")
    assert known() == {"eta": ["wind_speed"]}
    assert run("validate").exit_code == 0
    assert discover(url).stderr.startswith("nothing to add")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"version": 2}', "registry/seen.json:1:13: the file is written for version `2`"),
        (b"\xff", "registry/seen.json:1:1: byte 0xff is not UTF-8; delete the file"),
    ],
)
def test_a_file_that_is_not_its_own_is_left_alone(content: bytes, told: str) -> None:
    FILE.write_bytes(content)
    written = discover(log("log", ["a"]), "--write")
    assert written.exit_code == 0
    assert f"note: {told}" in written.stderr
    assert FILE.read_bytes() == content
