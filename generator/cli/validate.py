"""`driftgauge validate`: the registry's findings."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import click

from generator.load import Loaded, load_repository
from generator.report import text
from generator.report.summary import summary

_FORMATS = {
    "github": "generator.report.github",
    "sarif": "generator.report.sarif",
}
_JSON = "generator.report.json_report"


_EXAMPLES = """\b
Examples:
  driftgauge validate                                    the folder registry
  driftgauge validate --json | jq '.findings[].code'
  driftgauge validate --format github                    in a workflow: annotates the pull request
"""


@click.command("validate", epilog=_EXAMPLES)
@click.argument("registry", type=click.Path(exists=True, file_okay=False, path_type=Path), default="registry")
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(_FORMATS)),
    help="For a pull request on GitHub, or (SARIF) for a code-scanning service.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(*, registry: Path, format_: str | None, as_json: bool) -> None:
    """Report everything that is wrong in the REGISTRY folder and in driftgauge.yaml, and what to write instead.

    Warnings alone are no failure. Exit codes: 0 no errors, 1 errors, 2 wrong usage.
    """
    if as_json and format_:
        raise click.UsageError("--json and --format are two formats: choose one")
    loaded = load_repository(registry)
    if module := _JSON if as_json else _FORMATS.get(format_ or ""):
        click.echo(import_module(module).render(loaded.findings).removesuffix("\n"))
    else:
        show(loaded)
    click.echo(summary(loaded), err=True)
    if loaded.registry is None:
        sys.exit(1)


def show(loaded: Loaded) -> None:
    """Print the findings for a person; in colour on a terminal, unless `NO_COLOR` is set."""
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    click.echo(text.render(loaded.findings, colour=colour), nl=False)
