"""A real Trino of the tests' own: on loopback, with tables in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trino

from tests import real_parts

_SETTINGS = """\
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
discovery.uri=http://127.0.0.1:{port}
catalog.management=static
plugin.dir={plugins}
query.max-memory=256MB
query.max-memory-per-node=256MB
query.max-length=20000000
"""


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """Its port, until the block ends; skips where there is no Trino, or fails where it is required."""
    home, java = real_parts.require("trino"), real_parts.require("java25")
    port = real_parts.free_port()
    (folder / "catalog").mkdir()
    for name in ("memory", "tpch"):
        (folder / "catalog" / f"{name}.properties").write_text(f"connector.name={name}\n")
    (folder / "config.properties").write_text(_SETTINGS.format(port=port, plugins=home / "plugin"))
    properties = {
        "node.environment": "test",
        "node.id": "test",
        "node.data-dir": folder / "data",
        "node.bind-ip": "127.0.0.1",
        "node.internal-address": "127.0.0.1",
        "catalog.config-dir": folder / "catalog",
        "config": folder / "config.properties",
        "jdk.attach.allowAttachSelf": "true",
    }
    command: list[str | Path] = [
        *(java, "-Xmx1G", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+EnableDynamicAgentLoading"),
        *("--sun-misc-unsafe-memory-access=allow", "--add-modules=jdk.incubator.vector"),
        *(f"-D{name}={value}" for name, value in properties.items()),
        *("-cp", f"{home}/lib/*", "io.trino.server.TrinoServer"),
    ]
    address = f"http://127.0.0.1:{port}"
    with real_parts.running(command, address, "/v1/info", folder / "log", cwd=folder, timeout=120):
        real_parts.wait_until("Trino", lambda: b'"starting":false' in real_parts.get(f"{address}/v1/info"), timeout=120)
        real_parts.wait_until("Trino's node", lambda: _is_ready(port), timeout=60)
        yield port


def _is_ready(port: int) -> bool:
    """Whether it reads what it has just written: a server that has started knows its own node a little later."""
    try:
        ask(port, "DROP TABLE IF EXISTS ready")
        ask(port, "CREATE TABLE ready AS SELECT 1 AS one")
        return ask(port, "SELECT count(one) FROM ready GROUP BY one") == [[1]]
    except trino.exceptions.TrinoQueryError:
        return False


def ask(port: int, statement: str) -> list[Any]:
    """The rows of a statement that an administrator runs."""
    with trino.dbapi.connect(host="127.0.0.1", port=port, user="admin", catalog="memory", schema="default") as opened:
        rows: list[Any] = opened.cursor().execute(statement).fetchall()
        return rows
