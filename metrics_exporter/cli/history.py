"""`driftgauge history`: what the history holds and lacks, without a warehouse."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metrics_exporter import config, logs
from metrics_exporter.cli.options import YEARS, Command, settings_options
from metrics_exporter.errors import UserError
from metrics_exporter.windows import Window

if TYPE_CHECKING:
    from metrics_exporter.profiles.history import History
    from metrics_exporter.profiles.inventory import Kept
    from metrics_exporter.profiles.profile import Profile
    from metrics_exporter.profiles.table import WindowProfiles

_TIME = "%Y-%m-%dT%H:%MZ"
_MOST_CATEGORIES = 3  # of a line
_LONGEST = 40  # characters of a cell

_EPILOG = """\
\b
Examples:
  driftgauge history list --history /var/lib/driftgauge
  driftgauge history gaps --history s3://bucket/driftgauge --to now
  driftgauge history size --config exporter.yaml
  driftgauge history show --window 2026-03-01T10 --predictor delivery-time
"""


@click.group(epilog=_EPILOG)
def command() -> None:
    """What the history holds and what it lacks. No warehouse is asked."""


def _shared(function: Callable[..., None]) -> Callable[..., None]:
    """What each of these commands takes."""
    for add in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--log", metavar="NAME", help="This log alone."),
        click.option(
            "--config",
            "file",
            type=click.Path(path_type=Path),
            envvar=config.variable("config"),
            help="Config file (YAML).",
        ),
        settings_options(["history"]),
    ):
        function = add(function)
    return function


@command.command(
    "list", cls=Command, epilog="\b\nExample:\n  driftgauge history list --history /var/lib/driftgauge --json\n"
)
@_shared
def list_(*, history: str | None, file: Path | None, log: str | None, as_json: bool) -> None:
    """Windows by log and length.

    From when to when, how many, their size, and the series of the newest.
    """
    opened = _open(history, file)
    there = _kept(opened, log)
    problems: list[str] = []
    rows = []
    for each in there:
        try:
            series = opened.load(each.log, each.window, each.last, lambda window: window.series)
        except UserError as error:
            series = None
            problems.append(str(error))
        rows.append(
            {
                "log": each.log,
                "window": str(each.window),
                "from": each.first - each.window.length,
                "to": each.last,
                "windows": len(each.sizes),
                "bytes": each.bytes,
                "series": series,
            }
        )
    _print(rows, as_json=as_json, sizes={"bytes"})
    _fail(problems)


@command.command(
    cls=Command,
    epilog="\b\nExamples:\n  driftgauge history gaps\n  driftgauge history gaps --to now || echo incomplete\n",
)
@_shared
@click.option("--to", "until", metavar="TIME", help="Up to then, or now.  [default: the log's newest window]")
def gaps(*, history: str | None, file: Path | None, log: str | None, as_json: bool, until: str | None) -> None:
    """Missing windows by log and length, from the first one on.

    Exit codes: 0 there are none, 1 there are some.
    """
    from metrics_exporter.profiles.inventory import gaps as found_in  # noqa: PLC0415

    moment = None if until is None else datetime.now(UTC) if until == "now" else _time(until, "--to")
    found = found_in(_kept(_open(history, file), log), moment)
    rows = [
        {"log": gap.log, "window": str(gap.window), "from": gap.start, "to": gap.end, "missing": gap.count}
        for gap in found
    ]
    _print(rows, as_json=as_json, nothing="no window is missing")
    if found:
        raise click.exceptions.Exit(1)


@command.command(cls=Command, epilog="\b\nExample:\n  driftgauge history size --history s3://bucket/driftgauge\n")
@_shared
def size(*, history: str | None, file: Path | None, log: str | None, as_json: bool) -> None:
    """The windows' files by log, length and month."""
    rows: list[dict[str, Any]] = []
    for each in _kept(_open(history, file), log):
        months: dict[str, list[int]] = {}
        for end, bytes_ in each.sizes.items():
            months.setdefault(f"{end:%Y-%m}", []).append(bytes_)
        rows += [
            {
                "log": each.log,
                "window": str(each.window),
                "month": month,
                "windows": len(sizes),
                "bytes": sum(sizes),
                "mean": round(sum(sizes) / len(sizes)),
            }
            for month, sizes in months.items()
        ]
    _print(rows, as_json=as_json, sizes={"bytes", "mean"})
    if not as_json and rows:
        files, bytes_ = (sum(row[key] for row in rows) for key in ("windows", "bytes"))
        click.echo(f"total: {files:,} files, {_bytes(bytes_)}")


@command.command(
    cls=Command,
    epilog="\b\nExamples:\n  driftgauge history show --window 2026-03-01T10\n"
    "  driftgauge history show --window 2026-03-01 --predictor delivery-time --json\n",
)
@_shared
@click.option("--window", "begin", metavar="TIME", required=True, help="When it begins: 2026-03-01T10, or a day.")
@click.option("--length", metavar="LENGTH", help="Its length, such as 1h, where several begin then.")
@click.option("--predictor", help="This predictor alone.")
def show(
    *,
    history: str | None,
    file: Path | None,
    log: str | None,
    as_json: bool,
    begin: str,
    length: str | None,
    predictor: str | None,
) -> None:
    """A window's profiles, a line a series.

    Of a day alone, the longest window that begins then is shown; of a time, the shortest.
    """
    start, is_day = _time(begin, "--window"), _is_day(begin)
    wanted = None if length is None else _length(length)
    opened = _open(history, file)
    at = _chosen(_kept(opened, log), start, wanted, is_day=is_day)
    names = None if predictor is None else frozenset({predictor})
    window = opened.load(at.log, at.window, start + at.window.length, lambda each: each.read(names))
    profiles = [*window.profiles]
    if predictor is not None and not profiles:
        raise click.ClickException(f"the window has no predictor {predictor!r}; leave --predictor out to see all")
    if as_json:
        click.echo(json.dumps(_document(window, profiles), indent=2, ensure_ascii=False))
        return
    click.echo(
        f"log {window.log}, {window.window} from {window.start.strftime(_TIME)} to {window.end.strftime(_TIME)}: "
        f"{window.rows:,} rows, {window.duplicates:,} duplicates"
    )
    for what, count in window.unreadable:
        click.echo(f"{what} could not be read in {count:,} rows")
    _print([_line(profile) for profile in profiles], as_json=False, nothing="no series")


def _open(place: str | None, file: Path | None) -> History:
    try:
        settings = config.read_history({} if place is None else {"history": place}, os.environ, file)
    except config.SettingsError as error:
        raise (click.UsageError if error.usage else click.ClickException)(str(error)) from None
    logs.bare_to_stderr(settings.secrets())
    try:
        from metrics_exporter.profiles.history import History  # noqa: PLC0415
        from metrics_exporter.urls import shown  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"history needs {error.name}; install it with: pip install 'driftgauge[duckdb]'"
        ) from None
    history = History(settings.history)
    if not history.is_there():
        raise click.ClickException(f"there is no history {shown(settings.history)}; name its folder with --history")
    return history


def _kept(history: History, log: str | None) -> list[Kept]:
    from metrics_exporter.profiles.inventory import kept  # noqa: PLC0415

    there = kept(history, log)
    if log is not None and not there:
        known = ", ".join(history.logs()) or "none"
        raise click.ClickException(f"the history has no windows of the log {log!r}; logs there are: {known}")
    return there


def _chosen(there: Sequence[Kept], start: datetime, length: Window | None, *, is_day: bool) -> Kept:
    """The log and the length that are meant."""
    found = [each for each in there if start + each.window.length in each.sizes and length in (None, each.window)]
    if not found:
        what = f"window of {length}" if length else "window"
        raise click.ClickException(
            f"no {what} begins at {start.strftime(_TIME)}; `driftgauge history list` says which there are, "
            "`driftgauge history gaps` which are missing"
        )
    if len(names := sorted({each.log for each in found})) > 1:
        raise click.UsageError(f"--log: several logs have that window: {', '.join(names)}; name one")
    return max(found, key=lambda each: each.window) if is_day else min(found, key=lambda each: each.window)


def _line(profile: Profile) -> dict[str, Any]:
    """What a person wants to see of a series."""
    shape, kinds = profile.distribution, profile.categories
    return {
        "predictor": profile.series.predictor,
        "model": profile.series.model_id,
        "feature": profile.series.feature or "(prediction)",
        "rows": profile.rows,
        "values": profile.values,
        "nulls": profile.nulls,
        "defaults": profile.defaults,
        "infinities": profile.infinities,
        "unparsable": profile.unparsable,
        "mean": shape.mean if shape else None,
        "min": shape.minimum if shape else None,
        "p50": shape.grid[49] if shape else None,
        "max": shape.maximum if shape else None,
        "categories": ", ".join(f"{name} {count:,}" for name, count in kinds.top[:_MOST_CATEGORIES]) if kinds else None,
    }


def _document(window: WindowProfiles, profiles: Iterable[Profile]) -> dict[str, Any]:
    return {
        "log": window.log,
        "window": str(window.window),
        "from": _plain(window.start),
        "to": _plain(window.end),
        "rows": window.rows,
        "duplicates": window.duplicates,
        "unreadable": dict(window.unreadable),
        "series": [
            {
                "predictor": profile.series.predictor,
                "model_id": profile.series.model_id,
                "feature": profile.series.feature,
                **{name: getattr(profile, name) for name in ("rows", "values", "nulls", "infinities")},
                **{name: getattr(profile, name) for name in ("defaults", "unparsable")},
                "distribution": _shape(profile),
                "categories": _categories(profile),
            }
            for profile in profiles
        ],
    }


def _shape(profile: Profile) -> dict[str, Any] | None:
    shape = profile.distribution
    if shape is None:
        return None
    return {
        "mean": shape.mean,
        "squared_deviations": shape.squared_deviations,
        "minimum": shape.minimum,
        "maximum": shape.maximum,
        "grid": shape.grid,
        "grid_rows": shape.grid_rows,
        "atoms": shape.atoms,
    }


def _categories(profile: Profile) -> dict[str, Any] | None:
    kinds = profile.categories
    if kinds is None:
        return None
    return {"top": kinds.top, "other": kinds.other, "distinct": kinds.distinct, "unseen": kinds.unseen}


def _print(
    rows: Sequence[dict[str, Any]],
    *,
    as_json: bool,
    sizes: Iterable[str] = (),
    nothing: str = "the history has no windows",
) -> None:
    if as_json:
        plain = [{key: _plain(value) for key, value in row.items()} for row in rows]
        click.echo(json.dumps(plain, indent=2, ensure_ascii=False))
    elif not rows:
        click.echo(nothing)
    else:
        written = [[_bytes(v) if k in sizes else _cell(v) for k, v in row.items()] for row in rows]
        lines = [[*rows[0]], *written]
        is_number = [all(isinstance(row[key], int | float | None) for row in rows) for key in rows[0]]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            cells = zip(line, widths, is_number, strict=True)
            padded = (cell.rjust(width) if right else cell.ljust(width) for cell, width, right in cells)
            click.echo("  ".join(padded).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return f"{value:,}"
    text = value.strftime(_TIME) if isinstance(value, datetime) else str(value)
    text = "".join(each if each.isprintable() else "�" for each in text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _plain(value: Any) -> Any:
    return value.strftime(_TIME) if isinstance(value, datetime) else value


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _fail(problems: Sequence[str]) -> None:
    for problem in problems:
        click.echo(f"driftgauge: {problem}", err=True)
    if problems:
        raise click.exceptions.Exit(1)


def _length(text: str) -> Window:
    try:
        return Window.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--length") from None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _time(text: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time; write one such as 2026-03-01T10 (UTC)", param_hint=option
        ) from None
    if moment.year not in YEARS:
        raise click.BadParameter(f"{text!r} is beyond the years {YEARS[0]} to {YEARS[-1]}", param_hint=option)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
