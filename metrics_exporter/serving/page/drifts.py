"""Groups → the series that drifted, and how many were judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from metrics_exporter.definitions import Subject
from metrics_exporter.profiles.table import Drift
from metrics_exporter.serving.page.facts import Drifted
from metrics_exporter.serving.page.subjects import Followed
from metrics_exporter.serving.view import Group
from metrics_exporter.statistics.drift import AMBIENT, drift_score, psi, psi_limit


def drifts(found: Sequence[Followed], groups: Iterable[Group]) -> tuple[list[Drifted], int]:
    """Predictions and features beyond their limit in the latest day, those furthest first; and how many were judged.

    What all rows of a day share comes last: it is worth knowing, and no fault of a feature.
    """
    anchors = {subject.name: f"p{place}" for place, subject in enumerate(found)}
    drifted: list[Drifted] = []
    judged = 0
    for group in groups:
        if group.window is not None and group.profiles.drift is not None:
            here, count = _of_group(group, group.profiles.drift, anchors)
            drifted += here
            judged += count
    return sorted(drifted, key=lambda each: (each.is_ambient, -each.score, each.predictor, each.feature or "")), judged


def _of_group(group: Group, drift: Drift, anchors: Mapping[str, str]) -> tuple[list[Drifted], int]:
    profiles = group.profiles
    rows = np.concatenate((group.rows[Subject.PREDICTION], group.rows[Subject.FEATURE]))
    score, index, limit = (extract(profiles) for extract in (drift_score, psi, psi_limit))
    beyond = rows[score[rows] > 1]
    shown = [
        Drifted(
            predictor=str(profiles.predictor[row]),
            model_id=str(profiles.model_id[row]),
            feature=profiles.feature[row],
            anchor=anchors.get(str(profiles.predictor[row])),
            score=float(score[row]),
            psi=float(index[row]),
            limit=float(limit[row]),
            is_ambient=bool(drift.shared[row] > AMBIENT),
            end=group.models.end,
        )
        for row in beyond.tolist()
    ]
    return shown, int(np.isfinite(score[rows]).sum())
