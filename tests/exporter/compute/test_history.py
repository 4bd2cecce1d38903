"""The history on a disk and in memory."""

from __future__ import annotations

import logging
import os
import random
import resource
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from metrics_exporter.definitions import Kind
from metrics_exporter.profiles import codec
from metrics_exporter.profiles import history as module
from metrics_exporter.profiles.history import History, HistoryError
from metrics_exporter.profiles.profile import Categories, Distribution, Profile, Series
from metrics_exporter.profiles.table import Profiles, WindowProfiles
from metrics_exporter.windows import DAILY, HOURLY
from tests.exporter.compute.logs import HOUR, START, shown

SHAPE = Distribution(1.5, 2.25, -1e308, 3.0, tuple(i / 7 for i in range(99)), 8, ((0.0, 5), (2.5, 3)))
PROFILES = (
    Profile(Series("p", "m", None), 12, 10, 1, 1, 0, 0, SHAPE, None),
    Profile(Series("p", "m", "city"), 12, 12, 0, 0, 0, 0, None, Categories((("a", 7), ("", 5)), 0, 2, 5)),
    Profile(Series("p", "m", "flag"), 12, 12, 0, 0, 3, 2, SHAPE, Categories((("true", 12),), 4, 9)),
    Profile(Series("p", "m", "배달\n'x'"), 12, 0, 12, 0, 0, 0, None, None),
)
WINDOW = WindowProfiles("my log/1", HOURLY, START + HOUR, 12, 1, Profiles.of(PROFILES), (("defaults", 3),))


@pytest.fixture(params=["disk", "memory", "bucket"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> History:
    if request.param == "bucket":
        return History(request.getfixturevalue("bucket").url)
    return History(str(tmp_path / "history") if request.param == "disk" else f"memory://{uuid.uuid4()}")


def _at(hours: int) -> WindowProfiles:
    return replace(WINDOW, end=START + (hours + 1) * HOUR, rows=hours)


def test_what_is_written_is_read(history: History) -> None:
    history.write(WINDOW)
    assert [shown(window) for window in history.read("my log/1", HOURLY, START, START + HOUR)] == [shown(WINDOW)]
    assert list(history.read("my log/1", DAILY, START, START + HOUR)) == []
    assert list(history.read("another", HOURLY, START, START + HOUR)) == []


def test_reads_a_range_oldest_first_over_months(history: History) -> None:
    hours = [-800, 2, 0, 30 * 24]
    for hour in hours:
        history.write(_at(hour))
    assert history.ends("my log/1", HOURLY) == [START + (hour + 1) * HOUR for hour in sorted(hours)]
    read = history.read("my log/1", HOURLY, START, START + 40 * 24 * HOUR)
    assert [window.rows for window in read] == [0, 2, 720]
    assert [window.rows for window in history.read("my log/1", HOURLY, START + HOUR, START + 3 * HOUR)] == [2]


def test_a_window_replaces_the_one_before(history: History) -> None:
    history.write(WINDOW)
    history.write(replace(WINDOW, rows=99))
    assert [window.rows for window in history.read("my log/1", HOURLY, START, START + HOUR)] == [99]


def test_kinds(history: History) -> None:
    assert history.kinds("l") == {}
    kinds = {("p", "city"): Kind.CATEGORICAL, ("q", "배달"): Kind.NUMERIC}
    history.write_kinds("l", kinds)
    assert history.kinds("l") == kinds


def _file(folder: Path) -> Path:
    (file,) = folder.rglob("*.parquet")
    return file


def _newer(table: pa.Table) -> pa.Table:
    meta = {key: value.replace(b'"schema_version": 3', b'"schema_version": 9') for key, value in _meta(table).items()}
    return table.replace_schema_metadata(meta)


def _of_another_hour(table: pa.Table) -> pa.Table:
    meta = {key: value.replace(b"T11:00", b"T12:00") for key, value in _meta(table).items()}
    return table.replace_schema_metadata(meta)


def _with_grid(grid: object) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.set_column(table.schema.get_field_index("grid"), "grid", pa.array([grid] * len(table)))


def _meta(table: pa.Table) -> dict[bytes, bytes]:
    return dict(table.schema.metadata)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda _: pa.table({"a": [1]}), "driftgauge"),
        (_newer, "newer driftgauge"),
        (_of_another_hour, "holds the window 1h of my log/1 until 2026-03-04T12:00:00"),
        (_with_grid("text"), "its columns are not those of a window"),
        (_with_grid([1.0, 2.0]), "not all of its grids have 99 points"),
        (lambda table: table.replace_schema_metadata({b"driftgauge": b"[" * 100_000}), "recursion"),
    ],
)
def test_a_file_that_holds_something_else_is_reported_and_left_out(
    tmp_path: Path, damage: Callable[[pa.Table], pa.Table], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    history = History(str(tmp_path))
    history.write(WINDOW)
    file = _file(tmp_path)
    pq.write_table(damage(pq.read_table(file)), file)
    with caplog.at_level(logging.WARNING):
        assert list(history.read("my log/1", HOURLY, START, START + HOUR)) == []
    assert str(file.name) in caplog.text
    assert told in caplog.text


def test_a_damaged_file_is_left_out_and_never_taken_for_other_numbers(tmp_path: Path) -> None:
    history = History(str(tmp_path))
    history.write(WINDOW)
    file = _file(tmp_path)
    whole = file.read_bytes()
    rng = random.Random(1)
    damaged = [b"", whole[:-40], *(_with_a_bit_flipped(whole, rng.randrange(len(whole))) for _ in range(500))]
    outcomes = []
    for content in damaged:
        file.write_bytes(content)
        outcomes += history.read("my log/1", HOURLY, START, START + HOUR)
    numbers = [tuple(window.profiles) for window in outcomes]
    assert numbers == [PROFILES] * len(numbers)
    assert len(numbers) < len(damaged) / 2


def _with_a_bit_flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :]


def test_a_disk_without_room_keeps_the_window_before_and_nothing_half_written(tmp_path: Path) -> None:
    history = History(str(tmp_path))
    history.write(WINDOW)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(HistoryError, match=r"parquet can't be written \(File too large\)"):
            history.write(replace(WINDOW, rows=99))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [_file(tmp_path)]
    assert [shown(window) for window in history.read("my log/1", HOURLY, START, START + HOUR)] == [shown(WINDOW)]


def test_kinds_that_can_not_be_got_at_are_not_found_anew(tmp_path: Path) -> None:
    (tmp_path / "l" / "kinds.json").mkdir(parents=True)
    with pytest.raises(HistoryError, match=r"kinds.json can't be read \(Is a directory\); see to its place"):
        History(str(tmp_path)).kinds("l")


@pytest.mark.parametrize("content", ["{", "[]", '{"p": {"x": "odd"}}', "[" * 100_000])
def test_unreadable_kinds_are_found_anew(tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    history = History(str(tmp_path))
    history.write_kinds("l", {("p", "x"): Kind.NUMERIC})
    (tmp_path / "l" / "kinds.json").write_text(content, encoding="utf-8")
    assert history.kinds("l") == {}
    assert "kinds.json" in caplog.text


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    history = History(str(tmp_path))
    history.write(WINDOW)
    folder = _file(tmp_path).parent
    for name in ("notes.txt", "later.parquet", "20260304T1100Z.parquet.77.tmp"):
        (folder / name).touch()
    assert history.ends("my log/1", HOURLY) == [START + HOUR]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(HistoryError, match=r"file/my%20log%2F1/1h/.* can't be written"):
        History(str(tmp_path / "file")).write(WINDOW)


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(HistoryError, match="nosuch://bucket can't be opened"):
        History("nosuch://bucket?key=secret")


@pytest.mark.parametrize("name", ["..", ".", "a/../b"])
def test_a_log_name_never_leaves_the_folder(tmp_path: Path, name: str) -> None:
    history = History(str(tmp_path / "history"))
    history.write(replace(WINDOW, log=name))
    assert history.ends(name, HOURLY) == [START + HOUR]
    assert [path.name for path in tmp_path.iterdir()] == ["history"]


_WRITER = """
import sys
from dataclasses import replace
from datetime import timedelta
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.table import Profiles
from tests.exporter.compute.test_history import PROFILES, WINDOW
history = History(sys.argv[1])
many = [replace(p, series=replace(p.series, model_id=str(i))) for i in range(2000) for p in PROFILES]
window = replace(WINDOW, profiles=Profiles.of(many))
print("writing", flush=True)
while True:
    history.write(window)
"""


@pytest.mark.slow
def test_a_killed_writer_leaves_no_half_file(tmp_path: Path) -> None:
    for delay in (0.0, 0.05, 0.11, 0.2):
        command = [sys.executable, "-c", _WRITER, str(tmp_path)]
        writer = subprocess.Popen(
            command, stdout=subprocess.PIPE, cwd=Path.cwd(), env={**os.environ, "PYTHONPATH": "."}
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        while not list(tmp_path.rglob("*.parquet")):
            time.sleep(0.01)
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        writer.wait(10)
        writer.stdout.close()
        (window,) = History(str(tmp_path)).read("my log/1", HOURLY, START, START + HOUR)
        assert len(window.profiles) == 8000


def test_a_window_is_on_the_disk_before_it_has_its_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(str(tmp_path))
    history.write(WINDOW)
    file = _file(tmp_path)
    before = file.read_bytes()
    seen = []
    monkeypatch.setattr(os, "fsync", lambda opened: seen.append((_target(opened), file.read_bytes() == before)))
    history.write(replace(WINDOW, rows=99))
    assert seen == [(f"{file}.{os.getpid()}.tmp", True), (str(file.parent), False)]


def test_the_names_of_new_folders_are_on_the_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda opened: seen.append(_target(opened)))
    History(str(tmp_path)).write(WINDOW)
    month = _file(tmp_path).parent
    assert seen[1:] == [str(folder) for folder in (month, *month.parents[:3])]


def _target(opened: int) -> str:
    return str(Path(f"/proc/self/fd/{opened}").readlink())


def test_two_weeks_of_hours_are_read_fast(tmp_path: Path) -> None:
    history = History(str(tmp_path))
    for hour in range(14 * 24):
        history.write(_at(hour))
    began = time.process_time()
    assert len(list(history.read("my log/1", HOURLY, START, START + timedelta(days=15)))) == 14 * 24
    assert time.process_time() - began < 3


@pytest.mark.parametrize(("version", "atoms"), [("first", ()), ("second", ((2.0, 1),))])
def test_a_window_of_an_earlier_version_is_read(tmp_path: Path, version: str, atoms: tuple[object, ...]) -> None:
    """A file that an earlier version wrote, as it was."""
    history = History(str(tmp_path))
    file = tmp_path / "default" / "1h" / "2026-03" / "20260304T1100Z.parquet"
    file.parent.mkdir(parents=True)
    file.write_bytes((Path(__file__).parent / f"{version}-version.parquet").read_bytes())
    (window,) = history.read("default", HOURLY, START, START + HOUR)
    assert (window.rows, window.duplicates, window.end) == (3, 1, START + HOUR)
    x, city = (next(p for p in window.profiles if p.series.feature == name) for name in ("x", "city"))
    assert x.distribution is not None
    assert (x.values, x.distribution.mean, x.distribution.grid_rows, x.distribution.atoms) == (3, 2.0, 3, atoms)
    assert city.categories == Categories((("a", 2), ("b", 1)), 0, 2, None)
    merged, unreadable = history.merged("default", HOURLY, [START + HOUR], DAILY, START + HOUR)
    assert unreadable == set()
    assert merged is not None
    assert tuple(merged.profiles) == tuple(window.profiles)


def test_windows_are_merged_some_predictors_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(str(tmp_path))
    for hour in range(3):
        profiles = [
            replace(p, series=replace(p.series, predictor=f"p{i}")) for i in range(hour, hour + 40) for p in PROFILES
        ]
        history.write(replace(_at(hour), profiles=Profiles.of(profiles)))
    ends = [START + (hour + 1) * HOUR for hour in range(3)]
    whole, _ = history.merged("my log/1", HOURLY, ends, DAILY, START)
    monkeypatch.setattr(module, "_BATCH_ROWS", 30)
    monkeypatch.setattr(codec, "_GROUP_ROWS", 10)
    parts, _ = history.merged("my log/1", HOURLY, ends, DAILY, START)
    assert whole is not None
    assert parts is not None
    assert len(whole.profiles) == 42 * 4
    assert tuple(parts.profiles) == tuple(whole.profiles)
    assert (parts.rows, parts.duplicates, parts.unreadable) == (3, 3, (("defaults", 9),))


def test_a_damaged_window_is_named_when_it_is_to_be_merged(history: History) -> None:
    history.write(WINDOW)
    assert history.merged("my log/1", HOURLY, [START + HOUR, START], DAILY, START) == (None, {START})
