"""`driftgauge explain`: what a finding means, with an example that is wrong and one that is right."""

from __future__ import annotations

import click

from generator.findings import did_you_mean, quote
from generator.findings.kinds import page
from generator.rulebook import RULES

_EXAMPLES = """\b
Examples:
  driftgauge explain                                     all findings
  driftgauge explain unknown-team
"""


@click.command("explain", epilog=_EXAMPLES)
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain the finding CODE, such as `unknown-team`; without one, list all there are."""
    if code is None:
        width = max(map(len, RULES))
        for name, rule in sorted(RULES.items()):
            click.echo(f"{name:<{width}}  {rule.severity:<7}  {rule.summary}")
    elif code in RULES:
        click.echo(page(code), nl=False)
    else:
        near = did_you_mean(code, RULES)
        raise click.UsageError(f"there is no finding {quote(code)}: {near}")
