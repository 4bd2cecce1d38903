"""`driftgauge export`: serve `/metrics`, or compute once and print."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from metrics_exporter import config, logs
from metrics_exporter.cli.options import YEARS, Command, settings_options
from metrics_exporter.signals import Signals
from metrics_exporter.sources import driver_missing
from metrics_exporter.urls import without_secrets

_EPILOG = """\
Each option but --once, --explain and --now is also a key of the config file and a variable: max_age,
DRIFTGAUGE_MAX_AGE.

\b
Examples:
  driftgauge export --warehouse duckdb:predictions.duckdb
  driftgauge export --warehouse 'duckdb:log/*.parquet' --history s3://bucket/driftgauge
  driftgauge export --warehouse postgresql://driftgauge@host/db --warehouse-password-file /run/secrets/db
  driftgauge export --config exporter.yaml --listen 0.0.0.0:9877 --log-format json
  driftgauge export --config exporter.yaml --once | grep ml_predictions
  driftgauge export --config exporter.yaml --explain
  kill -HUP PID    # take up changed definitions now
"""


@click.command(cls=Command, epilog=_EPILOG)
@settings_options(config.names())
@click.option(
    "--config", "file", type=click.Path(path_type=Path), envvar=config.variable("config"), help="Config file (YAML)."
)
@click.option("--once", is_flag=True, help="Compute what is due, print the metrics, and exit.")
@click.option(
    "--explain", is_flag=True, help="Print the SQL that scans each log, and how the warehouse reads it; then exit."
)
@click.option("--now", metavar="TIME", help="Set the clock, such as 2026-03-01T10:00 (UTC): for replays.")
def command(file: Path | None, once: bool, explain: bool, now: str | None, **options: str | None) -> None:
    """Serve /metrics from the prediction log.

    An option goes before its environment variable, and that before the config file. SIGTERM and Ctrl-C stop it, SIGHUP
    has it take up changed definitions, certificates and passwords.
    """
    if once and explain:
        raise click.UsageError("--once and --explain exclude each other; --explain computes nothing")
    # First: a signal that comes while it starts is not to be lost.
    signals = None if once or explain else Signals()
    given = {name: value for name, value in options.items() if value is not None}
    clock = _moment(now)
    try:
        settings = config.read(given, os.environ, file)
    except config.SettingsError as error:
        raise (click.UsageError if error.usage else click.ClickException)(str(error)) from None
    _run(settings, clock, signals, is_explained=explain)


def _run(settings: config.Settings, clock: datetime | None, signals: Signals | None, *, is_explained: bool) -> None:
    try:  # only now: what the warehouse's extra installs takes its time to load, and may not be there
        from metrics_exporter.service import serve  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise driver_missing(settings.warehouse, error) from None
    if is_explained:
        _print_explained(settings, clock or datetime.now(UTC))
    elif signals is None:
        _print_once(settings, clock or datetime.now(UTC))
    else:
        serve(settings, clock, signals)


def _print_once(settings: config.Settings, now: datetime) -> None:
    """Compute what is due and print it; a log that failed is told on stderr and ends in exit code 1."""
    from metrics_exporter.cycle import Cycle  # noqa: PLC0415
    from metrics_exporter.progress import progress  # noqa: PLC0415

    logs.bare_to_stderr(settings.secrets())
    with progress("computing the windows due"):
        cycle = Cycle(settings)
        *_, update = cycle.run(now)
        while update.is_behind:
            *_, update = cycle.run(now)
    for piece in update.snapshot.current.text.chunks():
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
    for problem in (*update.failures, *update.snapshot.dropped.values()):
        click.echo(f"driftgauge: {without_secrets(problem)}", err=True)
    if update.failures or update.snapshot.dropped:
        sys.exit(1)


def _print_explained(settings: config.Settings, now: datetime) -> None:
    """Print SQL, with all that is none as comments."""
    from metrics_exporter.cycle import Cycle  # noqa: PLC0415

    logs.bare_to_stderr(settings.secrets())
    for name, end, explanation in Cycle(settings).refresher.explain(now):
        bound = (f"{name}: {_bound(value)}" for name, value in explanation.parameters.items())
        plan = ["how the rows of that window are read", *explanation.plan.splitlines()]
        click.echo(f"{_commented([f'log {name}, the window that ends at {end.isoformat()}', *bound])}\n")
        click.echo(f"{explanation.statement.strip()};\n\n{_commented(plan)}\n")


def _bound(value: Any) -> str:
    return f"{len(value)} values" if isinstance(value, list) else repr(value)


def _commented(lines: Iterable[str]) -> str:
    return "\n".join(f"-- {line}".rstrip() for line in lines)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no ISO time; write one such as 2026-03-01T10:00", param_hint="--now"
        ) from None
    if moment.year not in YEARS:
        raise click.BadParameter(f"{text!r} is beyond the years {YEARS[0]} to {YEARS[-1]}", param_hint="--now")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
