"""Two alerts whose panels get the same id: their digests are short enough to find a pair."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from generator.conventions import alert_panel_id
from generator.load import load_registry
from tests.registry.examples import complete


def colliding_ids() -> tuple[str, str]:
    """Two alert ids with the same panel id: among 28 bits some 20,000 tries find them."""
    seen: dict[int, str] = {}
    for number in count():
        name = f"alert-{number}"
        other = seen.setdefault(alert_panel_id(name), name)
        if other != name:
            return other, name
    raise AssertionError


def test_ids_that_yield_the_same_panel_are_found(tmp_path: Path) -> None:
    first, second = colliding_ids()
    alerts = "\n".join(
        f"  - {{id: {name}, metric: predictions, below: {below}, severity: page}}"
        for below, name in enumerate((first, second), start=1)
    )
    (tmp_path / "a.yaml").write_text(complete(f"alerts:\n{alerts}"), encoding="utf-8")
    (finding,) = load_registry(tmp_path).findings
    assert finding.code == "name-collision"
    assert finding.message == f"the alert `{second}` gets the same alert panel id as `{first}`"
    assert finding.place.line == finding.related[0].line + 1
