"""Links in the documentation lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from tests.real_parts import ROOT

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The fragments that a forge gives to a page's headings."""
    headings = _HEADING.findall(re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_nowhere(page: Path, link: str) -> bool:
    path, _, fragment = link.partition("#")
    target = page.parent / path if path else page
    return not target.exists() or bool(fragment and fragment not in anchors(target))


def test_relative_links_resolve() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [(page, link) for page in pages for link in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8")))]
    relative = [(page, link) for page, link in links if "://" not in link]
    assert [(page.name, link) for page, link in relative if leads_nowhere(page, link)] == []
    assert len(relative) > len(pages)
