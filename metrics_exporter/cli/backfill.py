"""`driftgauge backfill`: past windows as samples for Prometheus, in files or by remote write."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metrics_exporter import config, logs
from metrics_exporter.cli.options import YEARS, Command, settings_options
from metrics_exporter.files import read_text
from metrics_exporter.reasons import reason
from metrics_exporter.urls import shown

if TYPE_CHECKING:
    from metrics_exporter.backfill.chunks import Chunk
    from metrics_exporter.backfill.state import State
    from metrics_exporter.definitions import Definitions

_SETTINGS = (
    "definitions",
    "warehouse",
    "history",
    "max_age",
    "lookback_days",
    "keep_short",
    "keep_long",
    "query_timeout",
    "query_threads",
    "query_memory",
)
_PASSWORD, _TOKEN = "DRIFTGAUGE_REMOTE_WRITE_PASSWORD", "DRIFTGAUGE_REMOTE_WRITE_TOKEN"
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_JOB = {"job": "driftgauge", "instance": "driftgauge"}  # as the generated scrape.example.yaml has them
_LABEL = re.compile(r"(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)=(?P<value>.*)", re.S)

_EPILOG = """\
The samples carry the labels that a scrape adds: job and instance, both driftgauge, as in scrape.example.yaml.

\b
Examples:
  driftgauge backfill --from 60d --warehouse duckdb:predictions.duckdb
  driftgauge backfill --from 2026-01-01 --to 2026-03-01 --config exporter.yaml --out january
  for file in backfill/*.om; do promtool tsdb create-blocks-from openmetrics --max-block-duration=162h $file data; done
  driftgauge backfill --from 14d --config exporter.yaml --remote-write http://localhost:9090/api/v1/write
"""


@click.command(cls=Command, epilog=_EPILOG)
@click.option("--from", "begin", metavar="TIME", required=True, help="The first moment: 2026-03-01, an ISO time, 60d.")
@click.option("--to", "end", metavar="TIME", default="now", show_default=True, help="The moment after the last.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("backfill"),
    show_default=True,
    help="Folder for the files, and for how far it has come.",
)
@click.option("--remote-write", "url", metavar="URL", help="Send the samples there instead of writing files.")
@click.option("--username", help="User name that the receiver asks for.")
@click.option("--password-file", type=click.Path(path_type=Path), help=f"File of the password; or set {_PASSWORD}.")
@click.option("--token-file", type=click.Path(path_type=Path), help=f"File of a bearer token; or set {_TOKEN}.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="Label of the scrape; may be repeated.")
@click.option(
    "--every", metavar="DURATION", help="Repeat each value so often, such as 5m, for queries without a range."
)
@click.option("--history-only", is_flag=True, help="Compute no window that the history lacks.")
@settings_options(_SETTINGS)
@click.option(
    "--config", "file", type=click.Path(path_type=Path), envvar=config.variable("config"), help="Config file (YAML)."
)
def command(
    *,
    begin: str,
    end: str,
    out: Path,
    url: str | None,
    username: str | None,
    password_file: Path | None,
    token_file: Path | None,
    labels: tuple[str, ...],
    every: str | None,
    history_only: bool,
    file: Path | None,
    **options: str | None,
) -> None:
    """Past windows as samples that Prometheus takes in.

    From --from on and before --to. What the history lacks is computed from the warehouse first. The same command again
    goes on where it was.
    """
    given = {name: value for name, value in options.items() if value is not None}
    now = datetime.now(UTC)
    start, until = _moment(begin, now, "--from"), _moment(end, now, "--to")
    if not start < until <= now:
        raise click.UsageError("--from must lie before --to, and --to not ahead of now")
    target, step = _target(labels), _step(every)
    try:
        settings = config.read(given, os.environ, file)
    except config.SettingsError as error:
        raise (click.UsageError if error.usage else click.ClickException)(str(error)) from None
    logs.bare_to_stderr(settings.secrets())
    try:
        from metrics_exporter import definitions as contract  # noqa: PLC0415
        from metrics_exporter.backfill import run  # noqa: PLC0415
        from metrics_exporter.backfill.state import State, advanced, locked, resumed  # noqa: PLC0415
        from metrics_exporter.errors import UserError  # noqa: PLC0415
        from metrics_exporter.profiles.history import History  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"backfill needs {error.name}; install it with: pip install 'driftgauge[duckdb]'"
        ) from None
    try:
        definitions = contract.load(settings.definitions)
        take = _taker(
            url=url,
            username=username,
            password_file=password_file,
            token_file=token_file,
            out=out,
            target=target,
        )
        request = {
            "--from": begin,
            "--to": end,
            "--remote-write": shown(url) if url else "",
            "--label": " ".join(f"{name}={value}" for name, value in target.items()),
            "--every": every or "",
            "--history": shown(settings.history),
            "--max-age": str(settings.max_age),
            "definitions": run.fingerprint(definitions),
        }
        with locked(out):
            state = resumed(out, State(request, start, until, start))
            state = advanced(out, state, state.done)
            history = History(settings.history)
            if not history_only and not state.is_complete:
                run.fill(settings, definitions, history, state.start, state.end)
            run.play(
                settings=settings,
                definitions=definitions,
                history=history,
                state=state,
                folder=out,
                every=step,
                take=take,
            )
    except UserError as error:
        raise click.ClickException(str(error)) from None
    _say(state, definitions, out, url)


def _say(state: State, definitions: Definitions, out: Path, url: str | None) -> None:
    count = len([*out.glob("*.om")])
    where = f"sent to {shown(url)}" if url else f"{count} {'file' if count == 1 else 'files'} in {out}"
    click.echo(f"{state.start:%Y-%m-%dT%H:%MZ} to {state.end:%Y-%m-%dT%H:%MZ}: {where}")
    for problem in definitions.broken:
        click.echo(f"driftgauge: left out: {problem}", err=True)
    if definitions.broken:
        raise click.exceptions.Exit(1)


def _taker(
    *,
    url: str | None,
    username: str | None,
    password_file: Path | None,
    token_file: Path | None,
    out: Path,
    target: Mapping[str, str],
) -> Callable[[Chunk], None]:
    from metrics_exporter.backfill.run import Files  # noqa: PLC0415

    if url is None:
        return Files(out, target)
    try:
        from metrics_exporter.backfill.remote_write import Login, Receiver, Sender  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"remote write needs {error.name}; install it with: pip install 'driftgauge[remote-write]'"
        ) from None
    login = Login(
        username,
        _secret(password_file, "--password-file", _PASSWORD),
        _secret(token_file, "--token-file", _TOKEN),
    )
    return Sender(Receiver(url, login), target)


def _secret(file: Path | None, option: str, variable: str) -> str | None:
    """What a file holds, else a variable."""
    if file is None:
        return os.environ.get(variable) or None
    try:
        return read_text(file).strip()
    except (OSError, ValueError) as error:  # without its name, which is the secret where somebody mixed them up
        raise click.ClickException(f"{option}: can't be read ({reason(error)}); name a file that holds it") from None


def _target(labels: tuple[str, ...]) -> dict[str, str]:
    target = dict(_JOB)
    for label in labels:
        found = _LABEL.fullmatch(label)
        if found is None:
            raise click.BadParameter(f"{label!r} is no label; write NAME=VALUE", param_hint="--label")
        target[found["name"]] = found["value"]
    return {name: value for name, value in target.items() if value}  # an empty label is none


def _step(every: str | None) -> timedelta | None:
    if every is None:
        return None
    found = re.fullmatch(r"(\d{1,4})([mhd])", every)
    if found is None or int(found[1]) == 0:
        raise click.BadParameter(f"{every!r} is no duration; write one such as 5m", param_hint="--every")
    return int(found[1]) * _UNITS[found[2]]


def _moment(text: str, now: datetime, option: str) -> datetime:
    """An ISO time or date (UTC unless it says otherwise), a time ago such as 60d, or now; to the minute."""
    ago = re.fullmatch(r"(\d{1,5})([mhdw])", text)
    try:
        if ago is not None:
            moment = now - int(ago[1]) * _UNITS[ago[2]]
        else:
            moment = now if text == "now" else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no time; write one such as 2026-03-01, 2026-03-01T10:00 or 60d", param_hint=option
        ) from None
    if moment.year not in YEARS:
        raise click.BadParameter(f"{text!r} is beyond the years {YEARS[0]} to {YEARS[-1]}", param_hint=option)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.replace(second=0, microsecond=0)
