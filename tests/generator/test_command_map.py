"""`driftgauge --help` is the map: quick, complete, and each place on it exists."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from generator.cli import COMMANDS, main
from tests.real_parts import driftgauge


def test_help_lists_every_command_in_order() -> None:
    listing = driftgauge("--help").partition("Commands:")[2]
    assert [line.split()[0] for line in listing.splitlines() if line.startswith("  ") and line[2] != " "] == [*COMMANDS]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_own_help(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"], prog_name="driftgauge")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: driftgauge {name}")


@pytest.mark.parametrize("name", [name for name, (module, _) in COMMANDS.items() if module.startswith("generator.")])
def test_its_help_ends_with_examples_of_itself(name: str) -> None:
    shown = CliRunner().invoke(main, [name, "--help"], prog_name="driftgauge").output
    examples = shown.partition("Examples:\n")[2].splitlines()
    assert examples
    assert all(line.startswith(f"    driftgauge {name}") for line in examples)


def test_a_package_that_is_not_installed_is_named() -> None:
    script = "import sys; sys.modules['duckdb'] = None; from generator.cli import main; main(['demo', '--log-only'])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("Error: duckdb is not installed; `pip install 'driftgauge[demo]'`")


def test_help_imports_no_command() -> None:
    script = (
        "import sys; from click.testing import CliRunner; from generator.cli import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
        "print([name for name in ('duckdb', 'pandas', 'numpy', 'pydantic', 'jinja2') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"


def test_an_unknown_command_is_wrong_usage() -> None:
    result = CliRunner().invoke(main, ["generat"])
    assert result.exit_code == 2
    assert "No such command 'generat'" in result.output
