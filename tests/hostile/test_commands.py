"""Commands as somebody in a hurry runs them: one message with the place and the fix, the right exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.exporter.serving.builders import NOW, definitions, predictor, write_definitions, write_log
from tests.real_parts import DRIFTGAUGE, missing, wait_until

pytestmark = pytest.mark.slow

EXPORT = ("export", "--lookback-days", "1", "--now", NOW.isoformat())
ONCE = (*EXPORT, "--once", "--warehouse", "duckdb:log.duckdb")
SECRET = "hunter2"
UNMEASURED = {"COVERAGE_PROCESS_CONFIG": ""}  # measuring coverage writes files, too, and these are too large as well


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a registry, with definitions, and with a log, each where commands look for it."""
    (tmp_path / "registry").mkdir()
    write_registry(tmp_path / "registry", 1)
    write_definitions(tmp_path / "output" / "metrics", definitions(predictor("eta"), predictor("tips")))
    write_log(tmp_path / "log.duckdb")
    return tmp_path


def write_registry(folder: Path, predictors: int) -> None:
    entries = "".join(
        f"  p{n}: {{team: logistics, task: regression, title: Title {n}, models: {{primary: m{n}}}}}\n"
        for n in range(predictors)
    )
    text = f'version: 1\nteams: {{logistics: {{slack: {{channel: "#ml"}}}}}}\npredictors:\n{entries}'
    (folder / "logistics.yaml").write_text(text, encoding="utf-8")


def run(
    place: Path,
    *arguments: str,
    before: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*before, DRIFTGAUGE, *arguments],
        cwd=place,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def exported(done: subprocess.CompletedProcess[str], predictor: str) -> bool:
    return f'ml_predictions{{predictor="{predictor}",model_id="{predictor}_v1",window="1h"}} 30' in done.stdout


class TestDefinitions:
    """One predictor's broken file takes no other predictor down."""

    @pytest.mark.parametrize(
        ("spoil", "told"),
        [
            (lambda text: text[: len(text) // 2], "run `driftgauge generate`"),
            (lambda _: "alerts: [somebody: else]\n", "has no schema_version, so it is not driftgauge's"),
            (lambda text: text.replace("schema_version: 1", "schema_version: 99"), "schema_version is 99"),
            (lambda _: "just words", "is not a definitions file"),
            (lambda _: "a: 2026-13-45", "can't be read (month must be in 1..12)"),
            (lambda _: "[" * 100_000, "can't be read (nested too deep)"),
            (lambda _: "x: " + "{a: " * 100_000, "can't be read (nested too deep)"),
            (lambda _: "- " * 100_000, "can't be read (nested too deep)"),
            (lambda _: "".join(f"{' ' * n}a:\n" for n in range(6_000)), "can't be read (nested too deep)"),
            (lambda text: text + "".join(f"wrong{n}: 1\n" for n in range(1000)), "and 997 more; run `driftgauge"),
            (lambda text: text.replace("predictor: tips", "predictor: eta"), "'eta' is defined twice"),
            (lambda text: text.replace("log: default", "log: other"), "log 'other' is not in catalogue.yaml"),
        ],
    )
    def test_a_broken_file(self, place: Path, spoil: Callable[[str], str], told: str) -> None:
        file = place / "output" / "metrics" / "predictors" / "tips.yaml"
        file.write_text(spoil(file.read_text()), encoding="utf-8")
        done = run(place, *ONCE)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith("driftgauge: output/metrics/predictors/tips.yaml: ")
        assert told in line
        assert exported(done, "eta")
        assert 'model_id="eta_v1",role="primary",team="logistics"' in done.stdout

    def test_a_broken_catalogue(self, place: Path) -> None:
        (place / "output" / "metrics" / "catalogue.yaml").write_bytes(b"\xff\xfe")
        done = run(place, *ONCE)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: output/metrics/catalogue.yaml: can't be read")

    @pytest.mark.parametrize("folder", ["nowhere", "log.duckdb", "registry"])
    def test_somewhere_else(self, place: Path, folder: str) -> None:
        done = run(place, *ONCE, "--definitions", folder)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
        assert done.stderr.startswith(f"Error: {folder}/catalogue.yaml: ")


class TestLog:
    """A log that can't be read, or that holds what it shouldn't."""

    def test_locked_by_a_writer(self, place: Path) -> None:
        writer = "import sys, duckdb; held = duckdb.connect('log.duckdb'); print(flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", writer], cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            done = run(place, *ONCE)
            process.communicate()
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "log.duckdb is locked: another process has it open for writing; let the writer close it" in line

    def test_without_a_column_and_beside_a_good_one(self, place: Path) -> None:
        logs = definitions(predictor("eta"), predictor("tips", log="other"), logs=("default", "other"))
        other = logs.catalogue.logs["other"].model_copy(update={"table": "bad"})
        catalogue = logs.catalogue.model_copy(update={"logs": {**logs.catalogue.logs, "other": other}})
        write_definitions(place / "output" / "metrics", logs.model_copy(update={"catalogue": catalogue}))
        self._execute(place, "CREATE TABLE bad AS SELECT * EXCLUDE (model_id) FROM predictions")
        done = run(place, *ONCE)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "log other: table bad has no column 'model_id'; name the one that holds model_id" in line
        assert exported(done, "eta")

    def test_rows_that_hold_what_they_should_not(self, place: Path) -> None:
        self._execute(
            place,
            "ALTER TABLE predictions ALTER prediction_result TYPE VARCHAR",
            *[
                f"INSERT INTO predictions BY NAME SELECT {what} FROM predictions "
                "WHERE predictor_name = 'eta' AND model_id = 'eta_v1' AND sent_at = TIMESTAMP '2026-03-02 09:58:00'"
                for what in (
                    "* REPLACE ('bad' AS predictor_name, 'many' AS prediction_result)",
                    "* REPLACE ('bad' AS predictor_name, 'x' AS prediction_id, 'inf' AS prediction_result)",
                    "* REPLACE ('bad' AS predictor_name, 'y' AS prediction_id, NULL AS prediction_result)",
                    "* REPLACE ('bad' AS predictor_name, 'z' AS prediction_id, NULL AS features)",
                    "* REPLACE (NULL AS predictor_name, NULL AS model_id, NULL AS prediction_id)",
                    "* REPLACE ('future' AS predictor_name, TIMESTAMP '2999-01-01' AS sent_at)",
                    "* REPLACE ('never' AS predictor_name, 'infinity'::TIMESTAMP AS sent_at)",
                    "* REPLACE ('unknown' AS predictor_name, NULL AS sent_at)",
                )
            ],
        )
        done = run(place, *ONCE)
        assert (done.returncode, done.stderr) == (0, "")
        assert exported(done, "eta")
        assert 'ml_predictions{predictor="bad",model_id="eta_v1",window="1h"} 4' in done.stdout
        assert 'driftgauge_unparsable_values{log="default",window="1h"} 1.0' in done.stdout
        assert 'driftgauge_undated_rows{log="default"} 3.0' in done.stdout
        assert not any(f'predictor="{name}"' in done.stdout for name in ("future", "never", "unknown"))

    def test_times_as_text_that_are_none(self, place: Path) -> None:
        self._execute(
            place,
            "ALTER TABLE predictions ALTER sent_at TYPE VARCHAR",
            "UPDATE predictions SET sent_at = 'yesterday' WHERE prediction_id = 'id3'",
            "UPDATE predictions SET sent_at = NULL WHERE prediction_id = 'id4'",
        )
        done = run(place, *ONCE)
        assert (done.returncode, done.stderr) == (0, "")
        assert 'ml_predictions{predictor="eta",model_id="eta_v1",window="1h"} 28' in done.stdout
        assert 'driftgauge_undated_rows{log="default"} 6.0' in done.stdout

    def test_an_empty_window(self, place: Path) -> None:
        self._execute(place, "DELETE FROM predictions")
        done = run(place, *ONCE)
        assert (done.returncode, done.stderr) == (0, "")
        assert 'ml_predictions{predictor="eta",model_id="eta_v1",window="1h"} 0' in done.stdout
        assert "ml_feature_mean" not in done.stdout

    def _execute(self, place: Path, *statements: str) -> None:
        with duckdb.connect(str(place / "log.duckdb")) as database:
            for statement in statements:
                database.execute(statement)


class TestSecrets:
    """A password in an address is in no message, and on no page."""

    @pytest.mark.parametrize(
        "url", [f"postgresql://user:{SECRET}@127.0.0.1:1/db", f"duckdb:postgres://user:{SECRET}@127.0.0.1:1/db?x=1"]
    )
    def test_warehouse(self, place: Path, url: str) -> None:
        done = run(place, *EXPORT, "--once", environment={"DRIFTGAUGE_WAREHOUSE": url})
        assert done.returncode == 1
        assert SECRET not in done.stdout + done.stderr

    @pytest.mark.parametrize(
        "url", [f"sftp://user:{SECRET}@127.0.0.1:1/x", f"ftp://user:{SECRET}@127.0.0.1:1/x", f"no://u:{SECRET}@h/x"]
    )
    def test_history(self, place: Path, url: str) -> None:
        done = run(place, *ONCE, "--history", url)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"Error: the history {url.partition(':')[0]}://")
        assert SECRET not in line

    @pytest.mark.parametrize(
        "content",
        [
            f"history: postgresql://user:{SECRET}@host/db: x",
            f"history: *{SECRET}",
            f"history: !{SECRET} x",
            f"{SECRET}: x",
            f"history: !!bool {SECRET}",
            f"history: 's3://u:{SECRET}@bucket",
        ],
    )
    def test_config(self, place: Path, content: str) -> None:
        (place / "exporter.yaml").write_text(content)
        done = run(place, *ONCE, "--config", "exporter.yaml")
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
        assert done.stderr.startswith("Error: exporter.yaml: ")
        assert SECRET not in done.stderr

    @pytest.mark.parametrize("file", ["catalogue.yaml", "predictors/tips.yaml"])
    def test_definitions(self, place: Path, file: str) -> None:
        (place / "output" / "metrics" / file).write_text(f"schema_version: 1\nlogs: *{SECRET}")
        done = run(place, *ONCE)
        assert done.returncode == 1
        assert f"{file}: can't be read (line 2, column 7: found undefined alias" in done.stderr
        assert SECRET not in done.stderr

    @pytest.mark.parametrize("arguments", [("postgresql://user:{}@h/d",), ("--now", "https://h/?token={}")])
    def test_arguments(self, place: Path, arguments: tuple[str, ...]) -> None:
        done = run(place, *ONCE, *(argument.format(SECRET) for argument in arguments))
        assert done.returncode == 2
        assert SECRET not in done.stderr

    def test_a_defect_s_traceback(self, place: Path) -> None:
        url = f"duckdb:postgres://user:{SECRET}%21@host/db"
        (place / "defect.py").write_text(DEFECT)
        done = subprocess.run(
            [sys.executable, "defect.py", *EXPORT, "--once", "--warehouse", url],
            cwd=place,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert "RuntimeError: no way to" in done.stderr
        assert SECRET not in done.stderr


DEFECT = """\
from generator.cli import main
from metrics_exporter.sources import duckdb


def scan(self, *_):
    raise RuntimeError(f"no way to {self._place} with hunter2!")


duckdb.DuckDBWarehouse.columns = scan
main()
"""


class TestSettings:
    """Nonsense among the settings."""

    @pytest.mark.parametrize(
        ("arguments", "code", "told"),
        [
            (("--now", "0001-01-01"), 2, "beyond the years 1990 to 8999"),
            (("--now", "9999-12-31T23:59-14:00"), 2, "beyond the years 1990 to 8999"),
            (("--max-age", "999999999d"), 2, "--max-age: is longer than 3650d"),
            (("--query-timeout", "99999999999999s"), 2, "--query-timeout: is no duration"),
            (("--lookback-days", "99999999999"), 2, "--lookback-days: input should be less than or equal to 3642"),
            (("--config", "registry"), 1, "registry: can't be read (Is a directory)"),
            (("--history", "log.duckdb"), 1, "log.duckdb/default/1h can't be listed (Not a directory)"),
        ],
    )
    def test_options(self, place: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
        done = run(place, *ONCE, *arguments)
        assert (done.returncode, told in done.stderr) == (code, True), done.stderr

    @pytest.mark.parametrize(
        ("variable", "value", "told"),
        [
            ("LISTEN", "nonsense", "DRIFTGAUGE_LISTEN: is no address"),
            ("RECOMPUTE", "many", "DRIFTGAUGE_RECOMPUTE: input should be a valid integer"),
            ("WAREHOUSE", "", "DRIFTGAUGE_WAREHOUSE: names no kind of warehouse"),
            ("WAREHOUSE", "duckdb:\udcff.duckdb", "the warehouse URL is not UTF-8"),
            ("CONFIG", "nowhere.yaml", "nowhere.yaml: can't be read"),
        ],
    )
    def test_variables(self, place: Path, variable: str, value: str, told: str) -> None:
        environment = {"DRIFTGAUGE_WAREHOUSE": "duckdb:log.duckdb", f"DRIFTGAUGE_{variable}": value}
        done = run(place, *EXPORT, "--once", environment=environment)
        assert done.returncode == 1
        assert told in done.stderr

    def test_a_host_that_can_be_no_name(self, place: Path) -> None:
        done = run(place, *EXPORT, "--warehouse", "duckdb:log.duckdb", "--listen", f"{'é' * 80}:80")
        assert done.returncode == 1
        assert "choose another address with --listen" in done.stderr

    def test_discover(self, place: Path) -> None:
        for arguments in (("--now", "0001-01-01"), ("--timeout", "inf")):
            done = run(place, "discover", "--warehouse", "duckdb:log.duckdb", *arguments)
            assert (done.returncode, arguments[0] in done.stderr) == (2, True)


def test_a_terminal_that_has_no_korean(place: Path) -> None:
    (place / "registry" / "more.yaml").write_text("version: 1\nteams: {팀: {slak: {}}}\n", encoding="utf-8")
    done = run(place, "validate", environment={"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 1
    assert r"teams: {\ud300: {slak: {}}}" in done.stdout


class TestPermissions:
    """Folders that refuse, also to root: the commands run without its power to pass over permissions."""

    WITHOUT_PRIVILEGE = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")

    @pytest.fixture
    def before(self) -> tuple[str, ...]:
        if os.geteuid() != 0:
            return ()
        probe = subprocess.run([*self.WITHOUT_PRIVILEGE, "true"], capture_output=True, check=False)
        return self.WITHOUT_PRIVILEGE if probe.returncode == 0 else missing("setpriv can't drop root's privileges")

    @pytest.mark.parametrize(
        ("arguments", "code", "told"),
        [
            (("validate", "closed"), 2, "'closed' is not readable"),
            (("generate", "closed"), 2, "'closed' is not readable"),
            (("generate", "--output", "closed"), 2, "'closed' is not readable"),
            (("generate", "--output", "closed/output"), 1, "closed/output: Permission denied"),
            (("generate", "--output", "readonly"), 1, "readonly: Permission denied; the output is as it was: see to"),
            (("init", "closed/new"), 1, "Permission denied; nothing was written"),
            (("init", "readonly"), 1, "Permission denied; nothing was written"),
            ((*ONCE, "--definitions", "closed"), 1, "closed/catalogue.yaml: can't be read (Permission denied)"),
            ((*ONCE, "--history", "closed"), 1, "closed/default/1h can't be listed (Permission denied)"),
            ((*ONCE, "--history", "readonly"), 1, "can't be written (Permission denied)"),
            ((*ONCE, "--config", "closed/exporter.yaml"), 1, "closed/exporter.yaml: can't be read (Permission denied)"),
            ((*EXPORT, "--once", "--warehouse", "duckdb:closed/log.duckdb"), 1, "Permission denied"),
        ],
    )
    def test_refused(
        self, place: Path, before: tuple[str, ...], arguments: tuple[str, ...], code: int, told: str
    ) -> None:
        (place / "closed").mkdir(mode=0)
        (place / "readonly").mkdir(mode=0o555)
        done = run(place, *arguments, before=before)
        (place / "closed").chmod(0o755)
        assert (done.returncode, told in done.stderr) == (code, True), done.stderr
        assert not [*(place / "closed").iterdir(), *(place / "readonly").iterdir()]

    def test_the_demo_s_folder(self, place: Path, before: tuple[str, ...]) -> None:
        (place / ".cache").mkdir(mode=0o555)
        done = run(place, "demo", "--log-only", before=before)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            "Error: .cache/driftgauge: Permission denied; mend its permissions, or choose another place\n"
        )

    def test_definitions_of_predictors(self, place: Path, before: tuple[str, ...]) -> None:
        folder = place / "output" / "metrics" / "predictors"
        folder.chmod(0)
        done = run(place, *ONCE, before=before)
        folder.chmod(0o755)
        assert (done.returncode, done.stdout) == (1, "")
        assert "output/metrics/predictors: can't be read (Permission denied)" in done.stderr


class TestCtrlC:
    """Ctrl-C, as a terminal sends it to the whole group of processes, ends a command at once and without a trace."""

    ENDLESS = (
        "CREATE VIEW endless AS SELECT p.* FROM predictions p, range(1000000) a(i), range(1000000) b(i) "
        "WHERE sin(a.i * b.i) < -0.9999999"
    )

    @contextmanager
    def _started(self, place: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [DRIFTGAUGE, *arguments],
            cwd=place,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            yield process
            assert process.wait(30) is not None

    def _end(self, process: subprocess.Popen[str], within: float = 10) -> str:
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[1]
        assert time.monotonic() - began < within
        return said

    def test_validate(self, place: Path) -> None:
        endless = "local f(n) = if n < 2 then n else f(n - 1) + f(n - 2); f(99)"
        (place / "registry" / "endless.jsonnet").write_text(endless)
        with self._started(place, "validate") as process:
            wait_until("Jsonnet's process", lambda: _children(process.pid), every=0.01)
            assert self._end(process) == "interrupted\n"
        assert process.returncode == 130

    def test_generate_while_it_writes(self, place: Path) -> None:
        write_registry(place / "registry", 200)
        output = place / "new"
        with self._started(place, "generate", "--output", "new") as process:
            wait_until("staging", lambda: any(output.glob(".driftgauge-*")), timeout=60, every=0.002)
            said = self._end(process)
        assert said.endswith("interrupted\n")
        assert process.returncode == 130
        assert not [path for path in output.rglob("*") if path.is_file() and not path.name.startswith(".")]
        assert not list(output.glob(".driftgauge-????????"))

    @pytest.mark.parametrize("command", ["export", "discover"])
    def test_in_the_middle_of_a_query(self, place: Path, command: str) -> None:
        with duckdb.connect(str(place / "log.duckdb")) as database:
            database.execute(self.ENDLESS)
        arguments = {
            "export": ("export", "--once", "--now", NOW.isoformat()),
            "discover": ("discover", "new", "--table", "endless", "--now", f"{NOW:%Y-%m-%dT%H:%M}"),
        }[command]
        catalogue = place / "output" / "metrics" / "catalogue.yaml"
        catalogue.write_text(catalogue.read_text().replace("table: predictions", "table: endless"))
        with self._started(place, *arguments, "--warehouse", "duckdb:log.duckdb") as process:
            wait_until("query", lambda: _cpu_seconds(process.pid) > 4, timeout=60)
            assert self._end(process) == "interrupted\n"
        assert process.returncode == 130

    def test_the_exporter_before_its_worker_is_up(self, place: Path) -> None:
        with self._started(place, *EXPORT, "--warehouse", "duckdb:log.duckdb", "--listen", "127.0.0.1:0") as process:
            assert process.stderr is not None
            assert "listening" in process.stderr.readline()
            time.sleep(0.2)
            said = self._end(process)
        assert process.returncode == 0
        assert said.endswith("info stopped\n")
        assert "Traceback" not in said


def _children(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_init_without_room_leaves_nothing(place: Path) -> None:
    done = run(place, "init", "deep/new", before=("prlimit", "--fsize=10000"), environment=UNMEASURED)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: deep/new: File too large; nothing was written\n"
    assert not (place / "deep").exists()


HOPELESS = """\
from generator.cli import main
from metrics_exporter.sources import calls

calls.HOPELESS_SECONDS = 1
main()
"""


def test_a_read_that_nothing_interrupts_ends_with_the_command(place: Path) -> None:
    os.mkfifo(place / "log.csv")  # that is opened once somebody writes into it, and nobody does
    (place / "hopeless.py").write_text(HOPELESS)
    arguments = (*EXPORT, "--once", "--warehouse", "duckdb:log.csv", "--query-timeout", "1s")
    done = subprocess.run(
        [sys.executable, "hopeless.py", *arguments],
        cwd=place,
        env={**os.environ, "TMPDIR": str(place)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == "log.csv: a read from it hangs, and nothing stops it; see to the disk or network that it is on\n"
    )


def test_no_room_for_the_demo_s_log_is_one_line(place: Path) -> None:
    done = run(place, "demo", "--log-only", before=("prlimit", "--fsize=1000000"), environment=UNMEASURED)
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Error: the log can't be written (")
    assert "Could not write file " in last
    assert not list((place / ".cache" / "driftgauge").glob("flights*"))


@pytest.mark.parametrize("arguments", [ONCE, (*EXPORT, "--warehouse", "duckdb:log.duckdb", "--listen", "127.0.0.1:0")])
def test_no_place_for_temporary_files_is_one_line(place: Path, arguments: tuple[str, ...]) -> None:
    (place / "sitecustomize.py").write_text("import tempfile; tempfile._candidate_tempdir_list = lambda: ['/nowhere']")
    done = run(place, *arguments, environment={"PYTHONPATH": str(place)})
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert "there is no place for temporary files (no usable temporary directory found in ['/nowhere'])" in line
    assert line.endswith("set TMPDIR to a folder that can be written")


def test_a_full_disk_is_one_line(place: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [DRIFTGAUGE, *ONCE], cwd=place, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "Error: the output: No space left on device; make room\n"
