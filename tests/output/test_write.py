"""Writing is all or nothing, repairs what was killed, and leaves other people's files alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from generator import write
from generator.conventions import generated_mark
from tests.real_parts import ROOT

RULES = "prometheus/rules/eta.yaml"
MAIN = "terraform/logistics/main.tf"
DASHBOARD = "dashboards/predictors/eta.json"


def content(path: str, text: str = "one") -> bytes:
    if path.endswith(".json"):
        return f'{{"description": "{generated_mark(path)}", "text": "{text}"}}\n'.encode()
    return f"# {generated_mark(path)}\n{text}\n".encode()


def files(*paths: str, text: str = "one") -> dict[str, bytes]:
    return {path: content(path, text) for path in paths or (RULES, MAIN, DASHBOARD)}


def tree(folder: Path) -> dict[str, bytes]:
    """Everything below a folder: files with their content, folders with none."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


def on_disk(folder: Path) -> dict[str, bytes]:
    return {path: data for path, data in tree(folder).items() if (folder / path).is_file()}


def test_writes_what_is_wanted_and_nothing_twice(tmp_path: Path) -> None:
    output = tmp_path / "deep" / "output"
    first = write.apply(output, files())
    assert on_disk(output) == files()
    assert [change.path for change in first.missing] == sorted(files())
    times = {path: path.stat().st_mtime_ns for path in output.rglob("*")}
    again = write.apply(output, files())
    assert again.is_current
    assert again.unchanged == 3
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*")} == times


def test_replaces_only_what_differs(tmp_path: Path) -> None:
    write.apply(tmp_path, files())
    wanted = files() | files(RULES, text="two")
    assert [change.path for change in write.apply(tmp_path, wanted).changes] == [RULES]
    assert on_disk(tmp_path) == wanted


def test_removes_orphans_and_the_folders_they_leave_empty(tmp_path: Path) -> None:
    write.apply(tmp_path, files() | files("terraform/gone/main.tf", "terraform/gone/eta.tf", "terraform/kept/main.tf"))
    backend = tmp_path / "terraform/kept/backend.tf"
    backend.write_text("terraform {}\n")
    done = write.apply(tmp_path, files())
    assert len(done.orphaned) == 3
    assert on_disk(tmp_path) == files() | {"terraform/kept/backend.tf": b"terraform {}\n"}
    assert not (tmp_path / "terraform/gone").exists()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("terraform/logistics/backend.tf", b"terraform {}\n"),
        ("terraform/logistics/copy.tf", content(MAIN)),
        ("dashboards/mine.json", content(DASHBOARD)),
        ("terraform/logistics/.terraform/modules.tf", content("terraform/logistics/.terraform/modules.tf")),
        ("prometheus/notes.md", content("prometheus/notes.md")),
        ("README.yaml", content("README.yaml")),
        ("prometheus/rules/second-line.yaml", b"# mine\n" + content("prometheus/rules/second-line.yaml")),
    ],
    ids=[
        "no mark",
        "a copy",
        "a copied dashboard",
        "hidden",
        "no generated kind",
        "no generated folder",
        "second line",
    ],
)
def test_other_files_are_left_alone(tmp_path: Path, path: str, data: bytes) -> None:
    write.apply(tmp_path, files())
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_bytes(data)
    assert write.plan(tmp_path, files()).is_current
    write.apply(tmp_path, files(text="two"))
    assert on_disk(tmp_path) == files(text="two") | {path: data}


def foreign_file(output: Path) -> None:
    (output / RULES).write_bytes(b"mine\n")


def link_to_a_file(output: Path) -> None:
    (output / RULES).unlink()
    (output / RULES).symlink_to(output.parent / "elsewhere.yaml")


def link_to_a_folder(output: Path) -> None:
    rules = output / "prometheus/rules"
    rules.rename(output.parent / "elsewhere")
    rules.symlink_to(output.parent / "elsewhere")


def folder_in_the_way(output: Path) -> None:
    (output / RULES).unlink()
    (output / RULES).mkdir()


def file_for_a_folder(output: Path) -> None:
    (output / RULES).unlink()
    (output / "prometheus/rules").rmdir()
    (output / "prometheus/rules").write_bytes(b"mine\n")


@pytest.mark.parametrize(
    "block", [foreign_file, link_to_a_file, link_to_a_folder, folder_in_the_way, file_for_a_folder]
)
def test_what_is_in_the_way_stops_everything(tmp_path: Path, block: Callable[[Path], None]) -> None:
    output = tmp_path / "output"
    (tmp_path / "elsewhere.yaml").write_bytes(content(RULES))
    write.apply(output, files())
    block(output)
    before = tree(tmp_path)
    assert len(write.plan(output, files(text="two")).foreign) == 1
    with pytest.raises(write.WriteError, match=r"prometheus/rules.*(move it away|replace it by a folder)"):
        write.apply(output, files(text="two"))
    assert tree(tmp_path) == before


def test_a_link_is_no_orphan(tmp_path: Path) -> None:
    output = tmp_path / "output"
    write.apply(output, files())
    (tmp_path / "elsewhere.yaml").write_bytes(content("prometheus/rules/link.yaml"))
    (output / "prometheus/rules/link.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert write.apply(output, files()).is_current
    assert (output / "prometheus/rules/link.yaml").is_symlink()


OLD = files() | files("prometheus/rules/gone.yaml")
NEW = files(RULES, DASHBOARD, text="two") | files("metrics/predictors/new.yaml", "terraform/new/main.tf")


@pytest.mark.parametrize("failing", range(6))
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_midway_leaves_the_tree_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int, error: BaseException
) -> None:
    """Each of the renames and removals fails in turn."""
    write.apply(tmp_path, OLD)
    before = tree(tmp_path)
    fail_at(monkeypatch, failing, error)
    expected = write.WriteError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write.apply(tmp_path, NEW)
    assert tree(tmp_path) == before
    write.apply(tmp_path, NEW)
    assert on_disk(tmp_path) == NEW


def test_what_can_t_be_put_back_is_said_and_repaired_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write.apply(tmp_path, OLD)
    with monkeypatch.context() as patch, pytest.raises(write.WriteError, match=r"can't be put back .*run it again"):
        fail_at(patch, 3, OSError(5, "Input/output error"), forever=True)
        write.apply(tmp_path, NEW)
    write.apply(tmp_path, NEW)
    assert on_disk(tmp_path) == NEW


def fail_at(monkeypatch: pytest.MonkeyPatch, failing: int, error: BaseException, *, forever: bool = False) -> None:
    """Let the file system refuse one of the steps that change the tree, or all from there on."""
    steps = iter(range(100))
    for name in ("replace", "unlink"):
        genuine = getattr(Path, name)

        def step(self: Path, *args: object, genuine: Callable[..., object] = genuine, **kwargs: object) -> object:
            now = next(steps)
            if now == failing or (forever and now > failing):
                raise error
            return genuine(self, *args, **kwargs)

        monkeypatch.setattr(Path, name, step)


def test_a_full_disk_while_staging_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write.apply(tmp_path, OLD)
    before = tree(tmp_path)

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device", str(self))

    with monkeypatch.context() as patch, pytest.raises(write.WriteError, match="No space left"):
        patch.setattr(Path, "write_bytes", full)
        write.apply(tmp_path, NEW)
    assert tree(tmp_path) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from generator import write
from tests.output.test_write import NEW

kill_at = int(sys.argv[2])
genuine, steps = write._rename, iter(range(100))
def rename(*args):
    if next(steps) == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)
    genuine(*args)
write._rename = rename
write.apply(Path(sys.argv[1]), NEW)
"""


@pytest.mark.parametrize("kill_at", [0, 3, 5])
def test_a_killed_run_is_repaired_by_the_next(tmp_path: Path, kill_at: int) -> None:
    write.apply(tmp_path, OLD)
    killed = run_script(KILLED, tmp_path, str(kill_at))
    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.glob(".driftgauge-*"))
    whole = {**OLD, **NEW}
    left = {path: data for path, data in on_disk(tmp_path).items() if not path.startswith(".driftgauge-")}
    assert all(data in (OLD.get(path), NEW.get(path)) for path, data in left.items())
    assert set(left) <= set(whole)
    write.apply(tmp_path, NEW)
    assert on_disk(tmp_path) == NEW
    assert not list(tmp_path.glob(".driftgauge-*"))


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from generator import write
from tests.output.test_write import NEW
if os.geteuid() == 0:  # whom the file system refuses nothing
    os.setuid(65534)
try:
    write.apply(Path(sys.argv[1]), NEW)
except write.WriteError as error:
    sys.exit(str(error))
"""


def test_an_unwritable_folder_leaves_the_tree_as_it_was(tmp_path: Path) -> None:
    output = tmp_path / "output"
    write.apply(output, OLD)
    for path in (output, *output.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    (output / "prometheus/rules").chmod(0o555)  # not the first that it comes to
    for parent in (tmp_path, *tmp_path.parents[:2]):  # pytest's own folders, which only their owner may enter
        parent.chmod(0o711)
    before = tree(output)
    refused = run_script(UNPRIVILEGED, output)
    assert "Permission denied; the output is as it was" in refused.stderr
    assert refused.returncode == 1
    assert tree(output) == before


def test_the_plan_writes_nothing(tmp_path: Path) -> None:
    output = tmp_path / "output"
    assert len(write.plan(output, files()).missing) == 3
    assert not output.exists()


def run_script(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


TURN = """
import sys
from pathlib import Path
from generator import write
from tests.output.test_write import files

write.apply(Path(sys.argv[1]), files(text=sys.argv[2]))
"""


def test_two_runs_at_once_take_turns(tmp_path: Path) -> None:
    texts = ("one", "two", "one", "two")
    runs = [subprocess.Popen([sys.executable, "-c", TURN, str(tmp_path), text], cwd=ROOT) for text in texts]
    assert [run.wait(60) for run in runs] == [0, 0, 0, 0]
    assert on_disk(tmp_path) in (files(text="one"), files(text="two"))
