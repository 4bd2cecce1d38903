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

_MACHINE_FORMATS = {
    "json": "generator.report.json_report",
    "github": "generator.report.github",
    "sarif": "generator.report.sarif",
}


@click.command("validate")
@click.argument("registry", type=click.Path(exists=True, file_okay=False, path_type=Path), default="registry")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", *_MACHINE_FORMATS]),
    default="text",
    show_default=True,
    help="For a person, a program, a pull request on GitHub, or a code-scanning service.",
)
def command(registry: Path, format_: str) -> None:
    """Report everything that is wrong in the REGISTRY folder and in driftgauge.yaml, and what to write instead.

    Warnings alone are no failure. Exit codes: 0 no errors, 1 errors, 2 wrong usage.
    """
    loaded = load_repository(registry)
    if format_ == "text":
        show(loaded)
    else:
        click.echo(import_module(_MACHINE_FORMATS[format_]).render(loaded.findings).removesuffix("\n"))
    click.echo(summary(loaded), err=True)
    if loaded.registry is None:
        sys.exit(1)


def show(loaded: Loaded) -> None:
    """Print the findings for a person; in colour on a terminal, unless `NO_COLOR` is set."""
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    click.echo(text.render(loaded.findings, colour=colour), nl=False)
