"""What a real browser makes of a page."""

from __future__ import annotations

import json
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.real_parts import require

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


class Dom(HTMLParser):
    """The elements, attributes, links and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.text = self.title = ""
        self._in = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take up an element."""
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links.update(value or "" for name, value in attrs if name in {"href", "src"})
        self._in = tag

    def handle_data(self, data: str) -> None:
        """Take up text."""
        self.text += data
        if self._in == "title" and not self.title:
            self.title = data.strip()

    @property
    def is_inert(self) -> bool:
        """Whether it runs nothing, loads nothing, and leads nowhere else."""
        return (
            {"script", "img", "iframe", "object", "link"}.isdisjoint(self.tags)
            and not [name for name in self.attributes if name.startswith("on")]
            and all(value.startswith("#") or value in {"metrics", "readyz", "healthz"} for value in self.links)
        )


def dom(page: Path | str, folder: Path) -> Dom:
    """Open a file, or the page at a URL, in Chromium; `folder` is for the browser's profile."""
    found = Dom()
    found.feed(_open(page.as_uri() if isinstance(page, Path) else page, folder))
    return found


def measure(page: Path, folder: Path, width: int, script: str) -> Any:
    """What an expression says of a file that is shown so wide; `page` is its document, with all of it unfolded."""
    frame = folder / f"frame{width}.html"
    frame.write_text(
        f'''<iframe src="{page.name}" style="width:{width}px;height:800px;border:0"></iframe><script>
        onload = () => {{
          const page = document.querySelector("iframe").contentDocument;
          page.querySelectorAll("details").forEach(each => each.open = true);
          document.title = JSON.stringify({script});
        }}
        </script>''',
        encoding="utf-8",
    )
    found = Dom()
    found.feed(_open(frame.as_uri(), folder, "--allow-file-access-from-files", f"--window-size={width + 100},900"))
    return json.loads(found.title)


def _open(url: str, folder: Path, *flags: str) -> str:
    run = subprocess.run(
        [require("chromium"), *_FLAGS.split(), *flags, f"--user-data-dir={folder / 'chromium'}", "--dump-dom", url],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return run.stdout
