"""What a model was trained on: a table or file that is no log, profiled by the scan of the logs."""

from __future__ import annotations

import glob
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from metrics_exporter.definitions import Columns, Kind, Log
from metrics_exporter.errors import UserError
from metrics_exporter.profiles.table import Profiles
from metrics_exporter.sources import ScanTimeoutError, Warehouse
from metrics_exporter.sources.assemble import Scanned, assemble
from metrics_exporter.sources.log_shape import ColumnType, Form, did_you_mean
from metrics_exporter.sources.scan import ScanRequest, scan
from metrics_exporter.windows import HOURLY

_START = datetime(2000, 1, 1, tzinfo=UTC)  # when all of its rows are said to have been sent
_EXACT_ROWS = 10_000_000
_PACKED = (Form.MAP, Form.STRUCT, Form.JSON)
# What a log has and a training set lacks, under names that no table has by chance.
_ROLES = {role: f"driftgauge {role}" for role in ("sent_at", "prediction_id", "predictor_name", "model_id")}
_NO_RESULT, _NO_DEFAULTS = "driftgauge prediction_result", "driftgauge default_values_used"


class TrainingError(UserError):
    """A training set that can't be profiled; the message says why, and what to do."""


@dataclass(frozen=True)
class TrainingSet:
    """A table or file, and what its columns are.

    Attributes:
        table: a qualified name.
        predictor: whose it is.
        model_id: the model that was trained on it.
        features: names of columns, or globs; of none, all columns that are nothing else. One MAP, STRUCT or JSON column
            holds all features.
        prediction: the column with the model's predictions, if there is one.
        left_out: columns that are no features, such as the label.
        kinds: of features, where they are known.
    """

    table: str
    predictor: str
    model_id: str
    features: tuple[str, ...] = ()
    prediction: str | None = None
    left_out: tuple[str, ...] = ()
    kinds: Mapping[str, Kind] | None = None


def profiled(warehouse: Warehouse, training: TrainingSet, timeout_seconds: float) -> Profiles:
    """The profiles of a training set: one of each feature, and one of the predictions, which may have no values.

    Raises:
        TrainingError: a column is missing, or there is no row.
        WarehouseError: the warehouse can't be asked.
    """
    deadline = time.monotonic() + timeout_seconds
    try:
        columns = warehouse.columns(training.table, timeout_seconds)
    except TimeoutError:
        raise ScanTimeoutError(
            f"table {training.table}: its columns were not told within {timeout_seconds:g} s; see to the warehouse"
        ) from None
    finally:
        warehouse.close()
    request = _request(training, columns)
    scanned = _scanned(warehouse, request, deadline)
    kinds = {**request.kinds, **scanned.new_kinds}
    if scanned.must_repeat or scanned.repeated.num_rows:
        scanned = _scanned(warehouse, replace(request, kinds=kinds, atoms=scanned.repeated), deadline)
    profiles = scanned.windows[0].profiles
    if not len(profiles):
        raise TrainingError(f"table {training.table} has no rows; name the table or file of the training set")
    return profiles


def _scanned(warehouse: Warehouse, request: ScanRequest, deadline: float) -> Scanned:
    return assemble("training", request, scan(warehouse, request, max(deadline - time.monotonic(), 0.0)))


def _request(training: TrainingSet, columns: Mapping[str, ColumnType]) -> ScanRequest:
    given: dict[str, str | None] = {
        _ROLES["sent_at"]: _START.isoformat(),
        _ROLES["prediction_id"]: None,
        _ROLES["predictor_name"]: training.predictor,
        _ROLES["model_id"]: training.model_id,
    }
    if training.prediction is None:
        given[_NO_RESULT] = None
    names = Columns(
        **_ROLES,
        prediction_result=training.prediction or _NO_RESULT,
        default_values_used=_NO_DEFAULTS,
        features=_features(training, columns),
    )
    kinds = {(training.predictor, name): kind for name, kind in (training.kinds or {}).items()}
    log = Log(table=training.table, columns=names)
    return ScanRequest(log, _START, _START + HOURLY.length, kinds, HOURLY, given=given, exact_rows=_EXACT_ROWS)


def _features(training: TrainingSet, columns: Mapping[str, ColumnType]) -> str | tuple[str, ...]:
    """The column that holds the features, or the columns that are features, as the registry writes them."""
    others = {*training.left_out, *filter(None, [training.prediction])}
    _require(training.table, others, columns)
    free = [name for name in columns if name not in others]
    for entry in training.features:
        if not any(fnmatchcase(name, entry) for name in free):
            _require(training.table, [entry], columns)
            raise TrainingError(f"table {training.table}: column {entry!r} is no feature; it was named for another use")
    chosen = [name for name in free if any(fnmatchcase(name, entry) for entry in training.features or ("*",))]
    if not chosen:
        raise TrainingError(f"table {training.table} has no column that is a feature; there are: {', '.join(columns)}")
    if len(chosen) == 1 and columns[chosen[0]].form in _PACKED:
        return chosen[0]
    return tuple(map(glob.escape, chosen))


def _require(table: str, names: Iterable[str], columns: Mapping[str, ColumnType]) -> None:
    for name in sorted(set(names) - set(columns)):
        near = did_you_mean(name, columns) or f"There are: {', '.join(columns)}"
        raise TrainingError(f"table {table} has no column {name!r}. {near}")
