"""The command line. A command's module is imported when the command runs, so that `--help` starts fast."""

from __future__ import annotations

import errno
import io
import signal
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Any

import click

from generator.errors import UserError

INTERRUPTED = 128 + signal.SIGINT  # the exit code that shells give to what Ctrl-C ended

# What a file system refuses is no defect of ours, wherever it happens.
_ADVICE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "make room"),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "mend its permissions, or choose another place"),
    errno.EROFS: "choose another place",
}

_OURS = frozenset({"", "generator", "metrics_exporter", "demo"})
_INSTALL = (
    "`pip install 'driftgauge[demo]'` installs all that the demo needs, "
    "`pip install 'driftgauge[duckdb]'` what reads a log in DuckDB"
)

# name: (module, one line of help)
COMMANDS = {
    "init": ("generator.cli.init", "Make a new monitoring repository: registry, CI, README."),
    "discover": ("generator.cli.discover", "Propose registry entries for what is in the prediction log."),
    "validate": ("generator.cli.validate", "Report the registry's findings."),
    "explain": ("generator.cli.explain", "Say what a finding means, with a wrong and a right example."),
    "generate": ("generator.cli.generate", "Registry → output: metric definitions, dashboards, alert rules."),
    "schema": ("generator.cli.schema", "Print the registry's JSON Schema, for editors."),
    "profile": ("metrics_exporter.cli.profile", "What a model was trained on, as a file for the registry."),
    "export": ("metrics_exporter.cli.export", "Serve /metrics from the prediction log, or compute once."),
    "backfill": ("metrics_exporter.cli.backfill", "Past windows as samples for Prometheus: files or remote write."),
    "history": ("metrics_exporter.cli.history", "What the exporter's history holds and lacks: no warehouse needed."),
    "demo": ("demo.cli", "All of it on real data, on this machine."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and help lines without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module behind a command; it holds a click command named `command`."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name][0]}.command is no click command")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C ends it as shells expect, and what a file system refuses is one line."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in _OURS:
                raise
            raise click.ClickException(f"{error.name} is not installed; {_INSTALL}") from None
        except UserError as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            if error.errno not in _ADVICE:
                raise
            place = error.filename or "the output"
            raise click.ClickException(f"{place}: {error.strerror}; {_ADVICE[error.errno]}") from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("driftgauge"), prog_name="driftgauge")
def main() -> None:
    """Monitoring as code for machine-learning models.

    Exit codes: 0 fine, 1 findings or failure, 2 wrong usage, 3 output is stale.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that has no Korean gets its codes
        sys.stdout.reconfigure(errors="backslashreplace")
