"""Pictures of whole pages, by Chromium over its DevTools protocol."""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.request import urlopen

import websocket

from tests.real_parts import free_port, stop

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


class Browser:
    """A headless Chromium for the length of a with-block."""

    def __init__(self, chromium: Path) -> None:
        self._chromium = chromium
        self._folder = tempfile.TemporaryDirectory(prefix="preview-", ignore_cleanup_errors=True)  # its children linger

    def __enter__(self) -> Browser:
        port = free_port()
        arguments = [*FLAGS, f"--remote-debugging-port={port}", f"--user-data-dir={self._folder.name}", "about:blank"]
        self._process = subprocess.Popen(
            [self._chromium, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._socket = websocket.create_connection(_page_address(port), timeout=60, suppress_origin=True)
        self._count = 0
        self._send("Page.enable")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        stop(self._process)
        self._folder.cleanup()

    def picture(self, page: Path, file: Path, width: int) -> None:
        """The whole page at this width in CSS pixels, as PNG."""
        self._resize(width, 900)
        self._open(page)
        self._resize(width, self._evaluate("document.documentElement.scrollHeight"))
        content = self._send("Page.captureScreenshot", format="png")["data"]
        file.write_bytes(base64.b64decode(content))

    def words(self, page: Path) -> str:
        """What a person reads on the page."""
        self._open(page)
        return str(self._evaluate("document.body.innerText"))

    def _open(self, page: Path) -> None:
        self._send("Page.navigate", url=page.resolve().as_uri())
        deadline = time.monotonic() + 30
        while not self._evaluate("window.drawn === true"):
            assert time.monotonic() < deadline, f"{page} is not drawn"
            time.sleep(0.1)

    def _resize(self, width: int, height: int) -> None:
        self._send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def _evaluate(self, expression: str) -> Any:
        return self._send("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def _send(self, method: str, **parameters: Any) -> Any:
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while (answer := json.loads(self._socket.recv())).get("id") != self._count:
            continue
        return answer["result"]


def _page_address(port: int) -> str:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/json", timeout=5) as answer:
                return str(next(tab["webSocketDebuggerUrl"] for tab in json.load(answer) if tab["type"] == "page"))
        except (OSError, StopIteration):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
