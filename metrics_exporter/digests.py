"""What a predictor is measured by, as a digest: dashboards mark when it becomes another."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from metrics_exporter.definitions import Definitions, Log, Predictor

_LENGTH = 12

# Says who or which, and not what is measured.
_LEFT_OUT: dict[str, Any] = {
    "schema_version": True,
    "predictor": True,  # a renamed predictor goes on
    "title": True,
    "team": True,
    "log": True,  # its name; what it is comes in beside
    "alerts": True,  # when somebody hears of it is not what is measured
    "models": {"__all__": {"role"}},  # a promotion has a mark of its own
    "exclude": {"__all__": {"reason"}},
}


def digests(definitions: Definitions) -> dict[str, str]:
    """A digest of what each registered predictor is measured by, in 12 hexadecimal digits.

    In it are the log's table, columns, settling time and partition; the windows; which models, each with its
    reference; days that are left out; kinds and units of features and of the prediction; the evaluation. A unit changes
    no number, but what it says. Not in it are ids and titles, the team, the alerts and the models' roles; neither order
    nor whether a default is written out matters, so that each replica has the same digest, and a newer exporter with
    more to declare has it still.
    """
    logs = definitions.catalogue.logs
    return {name: _digest(predictor, logs[predictor.log]) for name, predictor in definitions.predictors.items()}


def _digest(predictor: Predictor, log: Log) -> str:
    measured = predictor.model_dump(mode="json", exclude=_LEFT_OUT, exclude_defaults=True)
    measured["windows"] = list(map(str, predictor.windows))  # in another order they are no default
    features = measured.get("features", {})
    measured["features"] = {name: declared for name, declared in features.items() if declared}
    measured["log"] = log.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(json.dumps(_unordered(measured), sort_keys=True).encode()).hexdigest()[:_LENGTH]


def _unordered(value: Any) -> Any:
    """Every list of a definition names a set: it is sorted."""
    if isinstance(value, dict):
        return {key: _unordered(item) for key, item in value.items()}
    return sorted(map(_unordered, value), key=json.dumps) if isinstance(value, list) else value
