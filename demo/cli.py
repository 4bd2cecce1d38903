"""`driftgauge demo`: everything there is, run on a real log on this machine."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime

import click

from demo.processes import DemoError, free_port
from demo.report import table
from demo.run import Running, built_log, driftgauge_command, running

_PORT = 9877


@click.command()
@click.option("--exit", "leave", is_flag=True, help="Check the answers, print a summary, and end with 0 or 1.")
@click.option("--log-only", is_flag=True, help="Build the prediction log, print its path, and end.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Interface that the exporter listens on.")
@click.option(
    "--port",
    default=_PORT,
    type=click.IntRange(1, 65535),
    show_default=True,
    help="Port of the exporter; another one if it is taken.",
)
def command(leave: bool, log_only: bool, host: str, port: int) -> None:
    """All of it on real data: a log of a year's flights, the exporter over it, Prometheus where there is one.

    Run it in a clone of driftgauge. What it builds stays in .cache/driftgauge and is used again.
    """
    try:
        if log_only:
            click.echo(built_log(_say).file)
            return
        with running(host, _free(port), _say) as demo:
            click.echo(f"\n{table(demo.checks)}\n")
            if not leave:
                click.echo(_what_next(demo))
                stay(demo)
    except DemoError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("\nstopped; nothing is left running", err=True)
        sys.exit(130 if leave else 0)
    sys.exit(0 if demo.fine else 1)


def _free(port: int) -> int:
    free = free_port(port)
    if free != port:
        _say(f"port {port} is taken: the exporter gets {free}")
    return free


def _say(text: str) -> None:
    click.echo(f"· {text}", err=True)


def _what_next(demo: Running) -> str:
    width = max(len(companion.url) for companion in demo.companions)
    places = "\n".join(f"  {companion.url:<{width}}  {companion.title}" for companion in demo.companions)
    steps = [
        "in registry/operations.yaml, change `above: 45` of predicted-delay-high to `above: 15`",
        f"{driftgauge_command()} generate",
        "git diff output/    # only the files that hold this threshold have changed",
        *(companion.takes_up for companion in demo.companions if companion.takes_up),
    ]
    numbered = "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, start=1))
    hours = (demo.log.end - datetime.now(UTC).replace(tzinfo=None)).total_seconds() / 3600
    return f"""\
Open
{places}

Try, in another terminal
{numbered}

New windows come ten minutes after each full hour. The log goes on for {hours:.0f} hours; a demo started after that
moves it by a week. Its last day, from Tuesday 01:00 UTC on, has no weather, since the source has none: then
arrival_delay: weather-nulls and cancellation: defaults fire, as they should.

Dashboards: demo/compose.yaml. Ctrl-C stops everything."""


def stay(demo: Running) -> None:
    """Stay until Ctrl-C.

    Raises:
        DemoError: one of the processes has ended.
    """
    while not (ended := demo.processes.ended()):
        time.sleep(1)
    raise DemoError(f"{ended.name} has ended:\n{ended.tail()}")
