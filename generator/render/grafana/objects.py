"""What each team has in Grafana; checked whole, then written as HCL for Terraform, or as provisioning files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PROMETHEUS = "prometheus"  # stands for the data source, whose UID is a variable of the environment
SHARED_CONTACT = "platform"  # in the shared root, in a severity's place
EXPRESSIONS = "__expr__"  # Grafana's own: reduce, threshold, math


@dataclass(frozen=True)
class Query:
    """A query or an expression of a rule; the range is in seconds before now, `model` lacks id and data source."""

    ref_id: str
    source: str
    range_from: int
    range_to: int
    model: dict[str, Any]


@dataclass(frozen=True)
class AlertRule:
    """A rule; `contact_point` names one of the root's contact points by its severity."""

    uid: str
    name: str
    condition: str
    queries: tuple[Query, ...]
    pending: str
    no_data_state: str
    exec_err_state: str
    labels: dict[str, str]
    annotations: dict[str, str]
    contact_point: str
    group_by: tuple[str, ...]


@dataclass(frozen=True)
class RuleGroup:
    """Rules that are evaluated together."""

    address: str
    name: str
    interval_seconds: int
    rules: tuple[AlertRule, ...]


@dataclass(frozen=True)
class Dashboard:
    """A dashboard, whose JSON is a generated file."""

    address: str
    path: str


@dataclass(frozen=True)
class ContactPoint:
    """Where alerts of a severity go: a Slack channel or a PagerDuty service."""

    severity: str
    kind: str
    name: str
    recipient: str


@dataclass(frozen=True)
class Folder:
    """The root's folder."""

    uid: str
    title: str


@dataclass(frozen=True)
class PredictorFile:
    """What a predictor's own file holds: `path` for Terraform, `stem` in a folder of all teams' files.

    `earlier` are the addresses that its dashboard and rule group had before, the first one first.
    """

    path: str
    stem: str
    about: str
    dashboards: tuple[Dashboard, ...]
    group: RuleGroup | None
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True)
class Root:
    """A folder with dashboards and rules, and the contact points that they notify; a root of Terraform's."""

    path: str
    stem: str
    about: str
    folder: Folder
    contact_points: tuple[ContactPoint, ...]
    files: tuple[PredictorFile, ...]
