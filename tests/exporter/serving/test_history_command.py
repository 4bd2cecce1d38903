"""`driftgauge history` as a person runs it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generator.cli import main
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.profile import Categories
from metrics_exporter.windows import DAILY, HOURLY, Window
from tests.exporter.serving.builders import profile, window

DAY = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
PROFILES = [
    profile(),
    profile(feature="distance", nulls=1234),
    profile(feature="city", categories=Categories((("ams", 60), ("ber", 30)), 10, 5)),
    profile("tips", "tips_v1"),
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two days of hours without three, the first day, and an hour of another log."""
    folder = tmp_path / "history"
    history = History(str(folder))
    for hour in range(48):
        if hour not in (10, 11, 20):
            history.write(window(PROFILES, end=DAY + (hour + 1) * HOUR, unreadable=(("features", 2),)))
    history.write(window(PROFILES, length=DAILY, end=DAY + 24 * HOUR))
    history.write(window(PROFILES[:1], end=DAY + 5 * HOUR, log="my log/2"))
    (folder / "default" / "1h" / "2026-03" / "notes.parquet").touch()
    (folder / "default" / "1h" / "2026-04").mkdir()
    (folder / "default" / "1h" / "2026-04" / "20260301T0100Z.parquet").touch()
    (folder / "default" / "60m").mkdir()
    (folder / "lost+found").mkdir()
    (folder / "README").touch()
    return folder


def run(place: Path | str, *arguments: str, environment: dict[str, str] | None = None) -> Result:
    name, *rest = arguments
    return CliRunner().invoke(
        main, ["history", name, "--history", str(place), *rest], env={"DRIFTGAUGE_HISTORY": None, **(environment or {})}
    )


def lines(result: Result) -> Sequence[Sequence[str]]:
    assert result.exit_code in (0, 1), result.output
    return [line.split() for line in result.stdout.splitlines()]


def test_list_says_what_there_is(place: Path) -> None:
    heading, *rows = lines(run(place, "list"))
    assert heading == ["log", "window", "from", "to", "windows", "bytes", "series"]
    (hours, days, other) = rows
    assert hours[:5] == ["default", "1h", "2026-03-01T00:00Z", "2026-03-03T00:00Z", "45"]
    assert days[:5] == ["default", "1d", "2026-03-01T00:00Z", "2026-03-02T00:00Z", "1"]
    assert (hours[-1], other[:3], other[-1]) == ("4", ["my", "log/2", "1h"], "1")


def test_list_as_json_has_exact_sizes(place: Path) -> None:
    found = json.loads(run(place, "list", "--json").stdout)
    files = [*(place / "default" / "1h" / "2026-03").glob("2026*.parquet")]
    assert found[0] == {
        "log": "default",
        "window": "1h",
        "from": "2026-03-01T00:00Z",
        "to": "2026-03-03T00:00Z",
        "windows": 45,
        "bytes": sum(file.stat().st_size for file in files),
        "series": 4,
    }
    assert [each["log"] for each in json.loads(run(place, "list", "--json", "--log", "my log/2").stdout)] == [
        "my log/2"
    ]


def test_gaps_are_stretches_and_end_in_exit_code_1(place: Path) -> None:
    result = run(place, "gaps")
    assert result.exit_code == 1
    assert lines(result) == [
        ["log", "window", "from", "to", "missing"],
        ["default", "1h", "2026-03-01T10:00Z", "2026-03-01T12:00Z", "2"],
        ["default", "1h", "2026-03-01T20:00Z", "2026-03-01T21:00Z", "1"],
        ["default", "1d", "2026-03-02T00:00Z", "2026-03-03T00:00Z", "1"],
    ]


def test_gaps_up_to_a_time(place: Path) -> None:
    found = json.loads(run(place, "gaps", "--log", "my log/2", "--to", "2026-03-01T07:30", "--json").stdout)
    assert found == [
        {"log": "my log/2", "window": "1h", "from": "2026-03-01T05:00Z", "to": "2026-03-01T07:00Z", "missing": 2}
    ]
    assert run(place, "gaps", "--to", "now").exit_code == 1
    complete = run(place, "gaps", "--log", "my log/2")
    assert (complete.exit_code, complete.output) == (0, "no window is missing\n")


def test_size_by_month(place: Path) -> None:
    History(str(place)).write(window(PROFILES, end=DAY.replace(month=4, hour=1)))
    *rows, total = lines(run(place, "size"))
    assert [row[:4] for row in rows[1:3]] == [["default", "1h", "2026-03", "45"], ["default", "1h", "2026-04", "1"]]
    assert total[:3] == ["total:", "48", "files,"]


def test_show_is_a_table(place: Path) -> None:
    result = run(place, "show", "--window", "2026-03-01T09", "--log", "default")
    first, unreadable, heading, *rows = result.stdout.splitlines()
    assert first == "log default, 1h from 2026-03-01T09:00Z to 2026-03-01T10:00Z: 100 rows, 2 duplicates"
    assert unreadable == "features could not be read in 2 rows"
    assert heading.split()[:4] == ["predictor", "model", "feature", "rows"]
    assert [row.split()[:3] for row in rows] == [
        ["eta", "eta_v1", "(prediction)"],
        ["eta", "eta_v1", "city"],
        ["eta", "eta_v1", "distance"],
        ["tips", "tips_v1", "(prediction)"],
    ]
    assert "ams 60, ber 30" in rows[1]
    assert "1,234" in rows[2]


def test_show_takes_the_day_for_a_day_and_the_hour_for_a_time(place: Path) -> None:
    for asked, shown in (("2026-03-01", "1d"), ("2026-03-01T00", "1h"), ("2026-03-01T01:00+01:00", "1h")):
        found = json.loads(run(place, "show", "--window", asked, "--json").stdout)
        assert (found["window"], found["from"]) == (shown, "2026-03-01T00:00Z")
    assert json.loads(run(place, "show", "--window", "2026-03-01", "--length", "1h", "--json").stdout)["window"] == "1h"


def test_show_of_one_predictor_as_json_has_all_that_is_kept(place: Path) -> None:
    found = json.loads(
        run(place, "show", "--window", "2026-03-01T09", "--predictor", "tips", "--log", "default", "--json").stdout
    )
    (series,) = found["series"]
    assert (series["predictor"], series["feature"], len(series["distribution"]["grid"])) == ("tips", None, 99)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("show", "--window", "2026-03-01T10"), 1, "no window begins at 2026-03-01T10:00Z; `driftgauge history list`"),
        (("show", "--window", "2026-03-02", "--length", "1d"), 1, "no window of 1d begins at 2026-03-02T00:00Z"),
        (("show", "--window", "2026-03-01T04"), 2, "several logs have that window: default, my log/2; name one"),
        (("show", "--window", "2026-03-01T09", "--predictor", "no"), 1, "no predictor 'no'"),
        (("show", "--window", "then"), 2, "'then' is no time; write one such as 2026-03-01T10 (UTC)"),
        (("show", "--window", "9999-01-01"), 2, "is beyond the years"),
        (("show", "--window", "2026-03-01", "--length", "7h"), 2, "does not divide a day"),
        (("list", "--log", "no"), 1, "no windows of the log 'no'; logs there are: default, my log/2"),
    ],
)
def test_mistakes(place: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    result = run(place, *arguments)
    assert result.exit_code == code
    assert told in result.stderr
    assert result.stdout == ""


def test_a_damaged_file_is_named(place: Path) -> None:
    file = place / "default" / "1h" / "2026-03" / "20260303T0000Z.parquet"
    file.write_bytes(file.read_bytes()[:-40])
    shown = run(place, "show", "--window", "2026-03-02T23")
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert f"{file} can't be read (" in shown.stderr
    listed = run(place, "list")
    assert listed.exit_code == 1
    assert f"driftgauge: {file} can't be read (" in listed.stderr
    assert lines(listed)[1][-1] == "-"


def test_no_folder_and_nothing_in_it(tmp_path: Path) -> None:
    missing = run(tmp_path / "nowhere", "list")
    assert missing.exit_code == 1
    assert f"there is no history {tmp_path}/nowhere; name its folder with --history" in missing.stderr
    (tmp_path / "file").touch()
    assert "there is no history" in run(tmp_path / "file", "list").stderr
    assert run(tmp_path, "list").stdout == "the history has no windows\n"
    assert run(tmp_path, "size").stdout == "the history has no windows\n"
    assert run(tmp_path, "list", "--json").stdout == "[]\n"


def test_the_place_comes_from_the_variable_or_the_config_file_and_no_warehouse_is_asked_for(
    place: Path, tmp_path: Path
) -> None:
    def listed(*arguments: str, **environment: str) -> Result:
        return CliRunner().invoke(
            main, ["history", "list", *arguments], env={"DRIFTGAUGE_HISTORY": None, **environment}
        )

    config = tmp_path / "exporter.yaml"
    config.write_text(f"history: {place}\nmax_age: 3h\n", encoding="utf-8")
    whole = run(place, "list").stdout
    assert listed(DRIFTGAUGE_HISTORY=str(place)).stdout == whole
    assert listed("--config", str(config)).stdout == whole
    assert listed(DRIFTGAUGE_CONFIG=str(config)).stdout == whole
    config.write_text("histroy: x\n", encoding="utf-8")
    assert "did you mean history?" in listed("--config", str(config)).stderr


def test_secrets_of_the_place_are_not_told() -> None:
    result = run("nosuch://key:hunter2@bucket/x?token=hunter3", "list")
    assert result.exit_code == 1
    assert "nosuch://bucket/x can't be opened" in result.stderr
    assert "hunter" not in result.output


def test_names_that_a_terminal_would_obey_are_shown_harmless(tmp_path: Path) -> None:
    History(str(tmp_path)).write(replace(window([profile("a\x1b[31m\nb")]), window=Window.parse("15m")))
    result = run(tmp_path, "show", "--window", "2026-03-02T09:45")
    assert "a�[31m�b" in result.stdout
    assert "\x1b" not in result.stdout


def test_hours_alone_have_no_gaps_where_none_is_missing(tmp_path: Path) -> None:
    history = History(str(tmp_path))
    for hour in range(3):
        history.write(window(PROFILES, end=DAY + hour * HOUR))
    assert run(tmp_path, "gaps").exit_code == 0
    assert list(history.sizes("default", HOURLY)) == [DAY, DAY + HOUR, DAY + 2 * HOUR]


@pytest.mark.parametrize("name", ["list", "gaps", "size", "show"])
def test_help_has_an_example(name: str) -> None:
    result = CliRunner().invoke(main, ["history", name, "--help"])
    assert f"driftgauge history {name}" in result.stdout
