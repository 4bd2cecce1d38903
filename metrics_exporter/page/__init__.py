"""The status page: what is monitored, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from metrics_exporter.definitions import Definitions
from metrics_exporter.exposition import Encoded, encode
from metrics_exporter.history import History
from metrics_exporter.refresh import LogReport
from metrics_exporter.view import Group

_TEMPLATES = Environment(
    loader=PackageLoader("metrics_exporter", "page"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Page:
    """Renders the page, and remembers the history that its charts show."""

    def __init__(self, history: History) -> None:
        self._history = history

    def render(
        self,
        definitions: Definitions,
        reports: Sequence[LogReport],
        groups: Sequence[Group],
        failures: Sequence[str],
        now: datetime,
    ) -> Encoded:
        """The page as it is to be served."""
        html = _TEMPLATES.get_template("status.html.j2").render(
            failures=failures, reports=reports, groups=groups, now=now
        )
        return encode(html.encode())
