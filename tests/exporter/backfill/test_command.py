"""`driftgauge backfill`: resumption, refusals, credentials."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from metrics_exporter.backfill import chunks as chunking
from metrics_exporter.backfill import state
from metrics_exporter.backfill.remote_write import Login, Receiver, RemoteWriteError
from metrics_exporter.profiles.history import History
from metrics_exporter.progress import Estimate
from tests import real_parts
from tests.exporter.backfill import world
from tests.exporter.serving import builders

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WEEKS = 4


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """What a backfill of some weeks of history is called with."""
    folder = tmp_path_factory.mktemp("past")
    history = History(str(folder / "history"))
    profiles = [builders.profile(feature=f"feature_{place:02}") for place in range(20)]
    for hour in range(1, WEEKS * 168 + 1):
        history.write(builders.window([builders.profile(), *profiles], end=BEGIN + hour * timedelta(hours=1)))
    builders.write_definitions(folder / "definitions", builders.definitions())
    return (
        "--from=2026-01-01",
        f"--to={(BEGIN + timedelta(weeks=WEEKS)).isoformat()}",
        "--warehouse=duckdb:none.duckdb",
        f"--definitions={folder / 'definitions'}",
        f"--history={folder / 'history'}",
        "--history-only",
    )


def test_a_killed_backfill_goes_on_where_it_was(past: tuple[str, ...], tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    real_parts.driftgauge("backfill", *past, f"--out={whole}")
    process = subprocess.Popen([real_parts.DRIFTGAUGE, "backfill", *past, f"--out={killed}"])
    real_parts.wait_until("second file", lambda: len(world.files(killed)) > 1, every=0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL
    complete = {file.name: file.stat().st_mtime_ns for file in world.files(killed)}
    assert 1 < len(complete) < len(world.files(whole))
    half = killed / f"{world.files(whole)[-1].name}.tmp"
    half.write_text("half a line")
    real_parts.driftgauge("backfill", *past, f"--out={killed}")
    assert [file.name for file in world.files(killed)] == [file.name for file in world.files(whole)]
    assert [file.read_bytes() for file in world.files(killed)] == [file.read_bytes() for file in world.files(whole)]
    redone = {name for name, written in complete.items() if (killed / name).stat().st_mtime_ns != written}
    assert redone <= {max(complete)}  # it was killed between the last file and the note that it is complete
    assert not half.exists()


def test_a_complete_backfill_is_not_done_again(past: tuple[str, ...], tmp_path: Path) -> None:
    arguments = [*past, f"--out={tmp_path}"]
    arguments[1] = "--to=2026-01-02"
    real_parts.driftgauge("backfill", *arguments)
    written = [file.stat().st_mtime_ns for file in world.files(tmp_path)]
    real_parts.driftgauge("backfill", *arguments)
    assert [file.stat().st_mtime_ns for file in world.files(tmp_path)] == written
    assert "holds another backfill, with another --to" in failure(*past, f"--out={tmp_path}")


def test_a_fleet_is_cut_into_shorter_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each ends at a multiple of two hours, so that it still lies in one block."""
    monkeypatch.setattr(chunking, "MOST_VALUES", 10)

    class Full(chunking.Standing):
        def show(self, moment: datetime, groups: object) -> int:
            return 4

    standing = Full((), {}, BEGIN)
    moments = ((BEGIN + timedelta(hours=hour, minutes=10), ()) for hour in range(12))
    found = list(chunking.chunks(moments, standing, BEGIN, BEGIN + timedelta(hours=12)))
    assert [chunk.start for chunk in found][1:] == [chunk.end for chunk in found][:-1]
    assert len(found) == 3
    assert all(chunk.end.hour % 2 == 0 and chunk.end.minute == 0 for chunk in found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from=tomorrow",), "'tomorrow' is no time; write one such as 2026-03-01"),
        (("--from=1d", "--to=2d"), "--from must lie before --to"),
        (("--from=1d", "--to=2999-01-01"), "--to not ahead of now"),
        (("--from=99999w",), "is beyond the years"),
        (("--from=1d", "--every=0m"), "'0m' is no duration"),
        (("--from=1d", "--label=a-b"), "'a-b' is no label"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    run = command(*arguments, "--warehouse=duckdb:none", f"--out={tmp_path}")
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_a_log_that_can_not_be_read_is_one_line(past: tuple[str, ...], tmp_path: Path) -> None:
    message = failure(*past[:-1], f"--out={tmp_path / 'out'}", "--warehouse=duckdb:/nowhere/none.duckdb")
    assert message.startswith("Error: log default: ")
    assert world.files(tmp_path / "out") == []


@dataclass
class Mailbox:
    url: str = ""
    answers: list[int] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A receiver that answers as it is told to, and then with success."""
    box = Mailbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            box.logins.append(self.headers["Authorization"])
            self.send_response(box.answers.pop(0) if box.answers else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    box.url = f"http://127.0.0.1:{server.server_address[1]}/write"
    yield box
    server.shutdown()
    server.server_close()


def test_a_busy_receiver_is_asked_again(mailbox: Mailbox) -> None:
    pauses: list[float] = []
    mailbox.answers = [503, 429]
    Receiver(mailbox.url, Login(), pauses.append).send(b"samples")
    assert pauses == [1.0, 2.0]
    assert mailbox.logins == [None] * 3


def test_a_receiver_that_is_away_is_told(mailbox: Mailbox) -> None:
    mailbox.answers = [500] * 6
    with pytest.raises(RemoteWriteError, match="it goes on where it was"):
        Receiver(mailbox.url, Login(), lambda _: None).send(b"samples")


def test_a_refusal_is_told_with_what_to_do(mailbox: Mailbox) -> None:
    mailbox.answers = [400, 401, 404]
    receiver = Receiver(mailbox.url, Login(username="me", password="hunter22"), lambda _: None)
    for advice in ("out_of_order_time_window", "a login that may write", "enable-remote-write-receiver"):
        with pytest.raises(RemoteWriteError, match=advice) as refused:
            receiver.send(b"samples")
        assert "hunter22" not in str(refused.value)
    assert mailbox.logins == ["Basic bWU6aHVudGVyMjI="] * 3


@pytest.mark.parametrize(
    "url", ["localhost:9090", "ftp://host/x", "http://me:hunter22@host/write", "http://host:port/", "http://[host/"]
)
def test_no_address_of_a_receiver(url: str) -> None:
    with pytest.raises(RemoteWriteError) as refused:
        Receiver(url, Login())
    assert "hunter22" not in str(refused.value)


@pytest.mark.parametrize(
    "login", [Login("me"), Login(password="hunter22"), Login(token="hünter22"), Login(token="a\nb")]
)
def test_no_login(login: Login) -> None:
    with pytest.raises(RemoteWriteError) as refused:
        Receiver("http://localhost/write", login)
    assert "nter22" not in str(refused.value)


def test_a_range_that_the_history_can_not_hold_is_refused(past: tuple[str, ...], tmp_path: Path) -> None:
    arguments = [*past[:-1], f"--out={tmp_path}"]
    arguments[0] = "--from=2024-11-01"
    assert "the history keeps 9,600 windows of 1h" in failure(*arguments)
    assert world.files(tmp_path) == []


def test_two_at_once_are_kept_apart(past: tuple[str, ...], tmp_path: Path) -> None:
    with state.locked(tmp_path):
        assert "another backfill is at work here" in failure(*past, f"--out={tmp_path}")


def test_what_is_kept_and_damaged_is_told(past: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "backfill.json").write_text("{}")
    assert "backfill.json: can't be read" in failure(*past, f"--out={tmp_path}")


def test_a_terminal_is_told_how_long_it_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 0.0, 10.0, 40.0, 41.0])
    monkeypatch.setattr("metrics_exporter.progress.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    estimate = Estimate("writing samples")
    for share in (0.5, 0.51, 0.6, 0.61):
        estimate.reach(share)
    estimate.done()
    said = capsys.readouterr().err.split("\r\x1b[K")
    assert said == [
        "",
        "writing samples … 51%, about 8 min left",
        "writing samples … 60%, about 3 min left",
        "writing samples … 61%, about 2 min left",
        "",
    ]


def test_a_token_comes_from_a_file_or_a_variable(past: tuple[str, ...], mailbox: Mailbox, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("from-a-file\n")
    arguments = [*past, f"--remote-write={mailbox.url}"]
    arguments[1] = "--to=2026-01-02"
    real_parts.driftgauge("backfill", *arguments, f"--token-file={token}", f"--out={tmp_path / 'one'}")
    variable = {"DRIFTGAUGE_REMOTE_WRITE_TOKEN": "from-a-variable"}
    said = real_parts.driftgauge("backfill", *arguments, f"--out={tmp_path / 'two'}", environment=variable)
    assert set(mailbox.logins) == {"Bearer from-a-file", "Bearer from-a-variable"}
    assert "from-a-variable" not in said + "".join(file.read_text() for file in (tmp_path / "two").glob("*.json"))
    missing = failure(*arguments, f"--token-file={tmp_path / 'hunter22'}", f"--out={tmp_path / 'three'}")
    assert "--token-file: can't be read" in missing
    assert "hunter22" not in missing


def failure(*arguments: str | Path) -> str:
    run = command(*arguments)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    return run.stderr


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [real_parts.DRIFTGAUGE, "backfill", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
        check=False,
    )
