"""`driftgauge schema`: the registry's JSON Schema."""

from __future__ import annotations

import click

from generator.spec import schema

_EXAMPLES = """\b
Examples:
  driftgauge schema > registry/registry.schema.json
"""


@click.command("schema", epilog=_EXAMPLES)
def command() -> None:
    """Print the JSON Schema of a registry file, for editors.

    A YAML language server uses it where a file's first line is
    `# yaml-language-server: $schema=registry.schema.json`.
    """
    click.echo(schema.text(), nl=False)
