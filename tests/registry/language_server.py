"""A client of a real language server: starts it, opens a file, asks for diagnostics and completions."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Message = dict[str, Any]

_SECONDS = 30


class LanguageServer:
    """Speaks the language server protocol over a process' stdin and stdout."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._messages: queue.Queue[Message] = queue.Queue()
        self._next_id = 0
        threading.Thread(target=self._read, daemon=True).start()

    def request(self, method: str, params: Message) -> Any:
        """The answer to a request."""
        self._next_id += 1
        self._send({"id": self._next_id, "method": method, "params": params})
        return self._wait(lambda message: message.get("id") == self._next_id and "method" not in message)["result"]

    def notify(self, method: str, params: Message) -> None:
        """Tell the server something."""
        self._send({"method": method, "params": params})

    def diagnostics(self, file: Path) -> list[Message]:
        """Open a file, and what the server finds wrong in it."""
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": file.read_text(encoding="utf-8")}
        self.notify("textDocument/didOpen", {"textDocument": document})
        published = self._wait(lambda message: message.get("method") == "textDocument/publishDiagnostics")
        return list(published["params"]["diagnostics"])

    def completions(self, file: Path, line: int, character: int) -> list[str]:
        """What the server proposes at a position of an open file; both count from 0."""
        position = {"line": line, "character": character}
        answer = self.request("textDocument/completion", {"textDocument": {"uri": file.as_uri()}, "position": position})
        return [item["label"] for item in answer["items"]]

    def hover(self, file: Path, line: int, character: int) -> str:
        """What the server says of a position of an open file."""
        position = {"line": line, "character": character}
        answer = self.request("textDocument/hover", {"textDocument": {"uri": file.as_uri()}, "position": position})
        return str(answer["contents"]["value"])

    def _wait(self, wanted: Callable[[Message], bool]) -> Message:
        while True:
            message = self._messages.get(timeout=_SECONDS)
            if wanted(message):
                return message
            if "id" in message and "method" in message:
                self._answer(message)

    def _answer(self, message: Message) -> None:
        """The server asks for settings, and to register things: there are none, and it may."""
        items = message["params"].get("items") if message["method"] == "workspace/configuration" else None
        self._send({"id": message["id"], "result": [None] * len(items) if items else None})

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream
        while header := stream.readline():
            length = int(header.partition(b":")[2])
            while stream.readline().strip():
                pass
            self._messages.put(json.loads(stream.read(length)))


@contextmanager
def running(command: list[str | Path], folder: Path) -> Iterator[LanguageServer]:
    """A server that has been initialised for a folder, ended on the way out."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            server = LanguageServer(process)
            capabilities = {"textDocument": {"publishDiagnostics": {}, "hover": {"contentFormat": ["markdown"]}}}
            server.request("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities})
            server.notify("initialized", {})
            yield server
        finally:
            process.kill()
