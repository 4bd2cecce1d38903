"""`driftgauge explain`: what a finding means, with an example that is wrong and one that is right."""

from __future__ import annotations

import click

from generator.checks import listed
from generator.findings import did_you_mean, quote


@click.command("explain")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain the finding CODE, such as `unknown-team`; without one, list all there are."""
    if code is None:
        width = max(map(len, listed.RULES))
        for name, rule in sorted(listed.RULES.items()):
            click.echo(f"{name:<{width}}  {rule.severity:<7}  {rule.summary}")
    elif code in listed.RULES:
        click.echo(listed.page(code), nl=False)
    else:
        near = did_you_mean(code, listed.RULES)
        raise click.UsageError(f"there is no finding {quote(code)}: {near}")
