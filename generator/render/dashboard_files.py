"""Where each dashboard is and belongs, for the targets that hand dashboards on."""

from __future__ import annotations

from dataclasses import dataclass

from generator.conventions import (
    FEATURE_DASHBOARD_FILE,
    FEATURE_DASHBOARD_UID,
    FLEET_DASHBOARD_FILE,
    FLEET_DASHBOARD_UID,
    SHARED_FOLDER_TITLE,
    folder_path,
    predictor_dashboard_file,
    predictor_dashboard_uid,
)
from generator.model import Predictor, Registry


@dataclass(frozen=True)
class DashboardFile:
    """A dashboard.

    Attributes:
        uid: Grafana's, unique among all dashboards, also of other people.
        path: of its JSON, relative to the output folder.
        folder: the folder that it belongs to, safe as a path.
        about: what it shows, for the person who opens the file.
    """

    uid: str
    path: str
    folder: str
    about: str


SHARED_DASHBOARDS = (
    DashboardFile(FLEET_DASHBOARD_UID, FLEET_DASHBOARD_FILE, SHARED_FOLDER_TITLE, "The fleet dashboard."),
    DashboardFile(FEATURE_DASHBOARD_UID, FEATURE_DASHBOARD_FILE, SHARED_FOLDER_TITLE, "The feature dashboard."),
)


def predictor_dashboard(predictor: Predictor) -> DashboardFile:
    """A predictor's dashboard."""
    return DashboardFile(
        predictor_dashboard_uid(predictor.origin),
        predictor_dashboard_file(predictor.id),
        folder_path(predictor.team.id),
        f"The dashboard of the predictor {predictor.id!r}, team {predictor.team.id!r}.",
    )


def dashboard_files(registry: Registry) -> tuple[DashboardFile, ...]:
    """The fleet's and the features' dashboard, then one a predictor."""
    return (*SHARED_DASHBOARDS, *map(predictor_dashboard, registry.predictors))
