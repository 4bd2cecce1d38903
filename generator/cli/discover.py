"""`driftgauge discover`: what is in the prediction log, as entries for the registry."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from pydantic_core import PydanticCustomError

from generator.discover import propose
from generator.discover.files import FileEdit, edits
from generator.discover.write import write
from generator.findings.refusal import words
from generator.findings.shape import bad_table
from generator.findings.syntax import empty_registry
from generator.load import load_registry
from generator.model import Registry
from generator.report.summary import summary
from generator.spec import seen
from metrics_exporter.compute.log_facts import LogFacts, PredictorFacts
from metrics_exporter.config import warehouse_login
from metrics_exporter.definitions import Kind, Log

_YEARS = range(1990, 9000)  # what is looked back to from there is a date, too
_TIMES = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")


def _table(context: click.Context, parameter: click.Parameter, name: str | None) -> str | None:
    try:
        return None if name is None else bad_table.accept(name)
    except PydanticCustomError as refusal:
        raise click.BadParameter(words(refusal)) from None


_EXAMPLES = """\b
Examples:
  driftgauge discover --warehouse duckdb:predictions.duckdb           shows what it would write
  driftgauge discover --warehouse duckdb:predictions.duckdb --write
  driftgauge discover --warehouse 'duckdb:log-*.parquet' --days 28 --now 2026-03-01
"""


@click.command("discover", epilog=_EXAMPLES)
@click.argument("registry", type=click.Path(file_okay=False, path_type=Path), default="registry")
@click.option(
    "--warehouse",
    required=True,
    metavar="URL",
    envvar="DRIFTGAUGE_WAREHOUSE",
    help="Where the prediction log lies, such as duckdb:predictions.duckdb.",
)
@click.option(
    "--warehouse-password-file",
    "password_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar="DRIFTGAUGE_WAREHOUSE_PASSWORD_FILE",
    help="File that holds the warehouse's password; or set DRIFTGAUGE_WAREHOUSE_PASSWORD.",
)
@click.option("--table", callback=_table, help="Read this table only. Without it: all logs of the registry.")
@click.option("--days", type=click.IntRange(1, 28), default=7, show_default=True, help="How far back to read.")
@click.option(
    "--now",
    type=click.DateTime(_TIMES),
    metavar="TIME",
    help="Read up to this time, such as 2026-03-01T10:00 (UTC), instead of the clock's.",
)
@click.option(
    "--timeout", type=click.IntRange(1, 86_400), default=300, show_default=True, help="Seconds that a query may take."
)
@click.option("--write", "do_write", is_flag=True, help="Write the files instead of printing them.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found, and the files, as JSON.")
def command(
    *,
    registry: Path,
    warehouse: str,
    password_file: Path | None,
    table: str | None,
    days: int,
    now: datetime | None,
    timeout: int,
    do_write: bool,
    as_json: bool,
) -> None:
    """Propose entries of the REGISTRY folder for what is in the prediction log and not in the registry.

    Predictors that no file registers go into a new file, with guesses that comments mark as such. Of a registered
    predictor only new models are proposed (as shadows), and the kinds of features that hold numbers and text.
    The names of all features go into seen.json, with which `driftgauge validate` compares the registry.
    Prints the new file and a diff of each changed one; the registry stays as it is unless --write is given.

    Exit codes: 0 fine, also when there is nothing to propose; 1 failure; 2 wrong usage.
    """
    if now and now.year not in _YEARS:
        raise click.BadParameter(f"is beyond the years {_YEARS[0]} to {_YEARS[-1]}", param_hint="--now")
    known = _registry(registry)
    try:
        logs = propose.logs_to_read(known, table)
    except LookupError as error:
        raise click.BadParameter(str(error.args[0]), param_hint="--table") from None
    moment = (now or datetime.now(UTC)).replace(tzinfo=UTC)
    password = partial(warehouse_login, os.environ.get("DRIFTGAUGE_WAREHOUSE_PASSWORD"), password_file)
    found = _read(warehouse, password, logs, known, now=moment, days=days, timeout_seconds=timeout)
    proposal = propose.propose(found, known)
    changed, by_hand = edits(registry, proposal, table if known is None else None)
    if do_write:
        write(changed)
    notes = (*_nothing(found), *proposal.notes, *by_hand)
    if as_json:
        click.echo(json.dumps(_report(found, changed, notes), indent=2, ensure_ascii=False))
    else:
        _show(changed, written=do_write)
    if not (changed or notes):
        click.echo("nothing to add: the registry has all that is in the log", err=True)
    for note in notes:
        click.echo(f"note: {note}", err=True)


def _registry(folder: Path) -> Registry | None:
    """The registry; None where there is no file of one yet."""
    loaded = load_registry(folder)
    if loaded.registry is None:
        if {finding.code for finding in loaded.findings} == {empty_registry.RULE.code}:
            return None
        raise click.ClickException(f"{folder}: {summary(loaded)}; `driftgauge validate {folder}` shows what to mend")
    return loaded.registry


def _read(
    url: str,
    password: Callable[[], str | None],
    logs: dict[str, Log],
    registry: Registry | None,
    *,
    now: datetime,
    days: int,
    timeout_seconds: float,
) -> tuple[LogFacts, ...]:
    from metrics_exporter.errors import UserError  # noqa: PLC0415
    from metrics_exporter.progress import progress  # noqa: PLC0415
    from metrics_exporter.sources import driver_missing  # noqa: PLC0415

    try:
        from metrics_exporter.compute.discovery import discover  # noqa: PLC0415 - reading needs what an extra installs

        with progress(f"reading {days} days of the log"):
            return discover(
                url, logs, _kinds(registry), now=now, days=days, timeout_seconds=timeout_seconds, password=password
            )
    except ModuleNotFoundError as error:
        raise click.ClickException(str(driver_missing(url, error))) from None
    except UserError as error:
        raise click.ClickException(str(error)) from None


def _kinds(registry: Registry | None) -> dict[tuple[str, str], Kind]:
    predictors = registry.predictors if registry else ()
    return {(p.id, f.name): f.kind for p in predictors for f in p.features if f.kind is not None}


def _nothing(found: Iterable[LogFacts]) -> Iterator[str]:
    for facts in found:
        if not facts.predictors:
            yield (
                f"the log {facts.log} has no predictions from {facts.start:%Y-%m-%d %H:%M} to "
                f"{facts.end:%Y-%m-%d %H:%M} UTC; --days looks further back, --now at another time"
            )


def _show(changed: tuple[FileEdit, ...], *, written: bool) -> None:
    for edit in changed:
        verb = "changed" if edit.before is not None else "new"
        click.echo(f"{edit.path}: {verb}{', written' if written else ''}", err=True)
        if not written:
            click.echo("".join(_shown(edit)), nl=False)
    if changed and not written:
        click.echo("Add --write to write this, then check it and run `driftgauge generate`.", err=True)


def _shown(edit: FileEdit) -> Iterator[str]:
    """What a person should read. All names of the log aren't: so a first proposal is a registry file and no more."""
    if edit.before is not None:
        yield from _diff(edit)
    elif edit.path.name != seen.FILE:
        yield edit.after


def _diff(edit: FileEdit) -> Iterator[str]:
    before, after = (side.splitlines(keepends=True) for side in (edit.before or "", edit.after))
    for line in difflib.unified_diff(before, after, f"a/{edit.path.as_posix()}", f"b/{edit.path.as_posix()}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _report(found: Iterable[LogFacts], changed: Iterable[FileEdit], notes: Iterable[str]) -> dict[str, Any]:
    return {
        "logs": [
            {
                "log": facts.log,
                "start": facts.start.isoformat(),
                "end": facts.end.isoformat(),
                "predictors": [_predictor(predictor) for predictor in facts.predictors],
            }
            for facts in found
        ],
        "files": [
            {"path": edit.path.as_posix(), "new": edit.before is None, "content": edit.after} for edit in changed
        ],
        "notes": list(notes),
    }


def _predictor(facts: PredictorFacts) -> dict[str, Any]:
    return {
        "predictor": facts.name,
        "models": [
            {
                "id": model.id,
                "rows": model.rows(),
                "first_seen": model.first_seen.isoformat(),
                "last_seen": model.last_seen.isoformat(),
            }
            for model in facts.models
        ],
        "features": [{"name": f.name, "kind": f.kind, "mixed": f.is_mixed} for f in facts.features],
    }
