"""`driftgauge profile`: what a model was trained on, as a file for the registry."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metrics_exporter import config, definitions, logs
from metrics_exporter.cli.options import Command
from metrics_exporter.files import replace_file
from metrics_exporter.progress import progress
from metrics_exporter.sources import ScanTimeoutError, driver_missing, open_warehouse
from metrics_exporter.training_profiles import text
from metrics_exporter.urls import secrets

if TYPE_CHECKING:
    from metrics_exporter.compute.training import TrainingSet
    from metrics_exporter.training_profiles import TrainingProfile

_FILES = (".parquet", ".csv")
_FILE_TABLE = "training"
_REGISTRY = Path("registry")
_SAFE = re.compile(r"[\w.-]{1,100}", re.ASCII)

_EPILOG = """\
\b
Examples:
  driftgauge profile training.parquet --predictor eta --model eta_v12 --without label
  driftgauge profile 'training/*.csv' --predictor eta --model eta_v12 --features 'f_*'
  driftgauge profile postgresql://me@host/db --table ml.training --predictor eta --model eta_v12 --prediction score
"""


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("source", metavar="FILE|URL")
@click.option("--table", help="The table or view of the training set, where it lies in a database.")
@click.option("--predictor", required=True, help="Whose model it is, as in the registry.")
@click.option("--model", "model_id", required=True, metavar="ID", help="The model that was trained on it.")
@click.option(
    "--features",
    multiple=True,
    metavar="COLUMN",
    help="A feature, a glob of some, or the one column with all of them; again for more.  [default: each column]",
)
@click.option("--prediction", metavar="COLUMN", help="The model's predictions for these rows.")
@click.option(
    "--without", "left_out", multiple=True, metavar="COLUMN", help="No feature, such as the label; again for more."
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="[default: registry/profiles/ID.json]")
@click.option(
    "--definitions",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("output/metrics"),
    show_default=True,
    help="Where generated definitions say the features' kinds.",
)
@click.option(
    "--warehouse-password-file",
    "password_file",
    type=click.Path(path_type=Path),
    envvar=config.variable("warehouse_password_file"),
    metavar="FILE",
    help="File that holds the warehouse's password; or set DRIFTGAUGE_WAREHOUSE_PASSWORD.",
)
@click.option(
    "--timeout", type=click.IntRange(1, 86_400), default=3600, show_default=True, help="Seconds that it may take."
)
def command(
    *,
    source: str,
    table: str | None,
    predictor: str,
    model_id: str,
    features: tuple[str, ...],
    prediction: str | None,
    left_out: tuple[str, ...],
    output: Path | None,
    folder: Path,
    password_file: Path | None,
    timeout: int,
) -> None:
    """Profile what a model was trained on, for the registry: drift is then measured against it.

    The training set is a Parquet or CSV file, or a table of any warehouse that the exporter reads. Commit the file that
    is written, and name it with the model's reference in the registry.
    """
    file = output or _file(model_id)
    url, name = _place(source, table)
    logs.bare_to_stderr(secrets(url))
    try:
        from metrics_exporter.compute.training import TrainingSet  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise driver_missing(url, error) from None
    training = TrainingSet(name, predictor, model_id, features, prediction, left_out, _kinds(folder, predictor))
    password = partial(config.warehouse_login, os.environ.get(config.variable("warehouse_password")), password_file)
    with progress(f"profiling {name}"):
        profile = _profile(url, password, training, timeout)
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, [text(profile).encode()])
    size = len(profile.features)
    click.echo(f"{file}: {profile.rows:,} rows, {size:,} feature{'' if size == 1 else 's'}", err=True)
    if file.is_relative_to(_REGISTRY):
        shown = file.relative_to(_REGISTRY).as_posix()
        click.echo(f"Name it in the registry:\n  reference: {{kind: training, profile: {shown}}}", err=True)


def _file(model_id: str) -> Path:
    if not _SAFE.fullmatch(model_id) or set(model_id) == {"."}:
        raise click.UsageError(f"no file can be named after the model {model_id!r}; name one with --output")
    if not _REGISTRY.is_dir():
        raise click.UsageError("there is no folder registry here; name the file with --output")
    return _REGISTRY / "profiles" / f"{model_id}.json"


def _place(source: str, table: str | None) -> tuple[str, str]:
    """The warehouse's URL, and the table there."""
    if source.endswith(_FILES):
        url = source if re.match(r"\w+:", source) else f"duckdb:{source}"
        return url, table or _FILE_TABLE
    if ":" not in source:
        raise click.BadParameter(
            f"{source!r} is neither a .parquet or .csv file nor a warehouse's URL, such as postgresql://me@host/db",
            param_hint="FILE|URL",
        )
    if table is None:
        raise click.UsageError("--table is missing; name the table or view of the training set")
    return source, table


def _kinds(folder: Path, predictor: str) -> Mapping[str, definitions.Kind]:
    """The kinds that the registry declares, so that the exporter finds the features as it reads them itself."""
    if not (folder / definitions.CATALOGUE_FILE).exists():
        return {}
    known = definitions.load(folder).predictors.get(predictor)
    features = known.features if known else {}
    return {name: feature.kind for name, feature in features.items() if feature.kind is not None}


def _profile(url: str, password: partial[str | None], training: TrainingSet, timeout_seconds: float) -> TrainingProfile:
    from metrics_exporter.compute.training import profiled  # noqa: PLC0415
    from metrics_exporter.profiles.training import to_document  # noqa: PLC0415

    try:
        return to_document(profiled(open_warehouse(url, password=password), training, timeout_seconds))
    except ScanTimeoutError:
        raise click.ClickException(
            f"table {training.table} was not read within {timeout_seconds} s; raise --timeout"
        ) from None
