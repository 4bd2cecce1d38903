"""A real ClickHouse of the tests' own: on loopback, over its HTTP interface, with users, passwords and rights.

`chdb` has the server's whole engine in a Python package, and opens the interface for as long as a query runs.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests import real_parts

READER, PASSWORD = "reader", "hunter2-of-clickhouse"  # who may read the database `log`, and no more

_SERVE = """
from chdb import _chdb
serving = "SYSTEM START LISTEN HTTP; SELECT sleepEachRow(1) FROM numbers(1000000) SETTINGS max_block_size = 1"
_chdb.query(serving, "TabSeparated")  # which is a server's default format
"""
_CONFIG = """\
<clickhouse>
  <http_port>{port}</http_port>
  <listen_host>127.0.0.1</listen_host>
  <user_directories><users_xml><path>users.xml</path></users_xml></user_directories>
</clickhouse>
"""
_USERS = f"""\
<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
    </default>
    <{READER}>
      <password>{PASSWORD}</password><networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile><quota>default</quota>
      <grants><query>GRANT SELECT ON log.*</query></grants>
    </{READER}>
  </users>
</clickhouse>
"""


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """Its port, until the block ends; skips where there is no ClickHouse, or fails where it is required."""
    if find_spec("chdb") is None:
        real_parts.missing("chdb is not installed: make .venv/.dev")
    port = real_parts.free_port()
    (folder / "config.xml").write_text(_CONFIG.format(port=port))
    (folder / "users.xml").write_text(_USERS)
    with real_parts.running(
        [sys.executable, "-c", _SERVE], f"http://127.0.0.1:{port}", "/ping", folder / "log", cwd=folder
    ):
        ask(port, "CREATE DATABASE log")  # in `default`, a table is a file where that has the name
        yield port


def ask(port: int, statement: str) -> str:
    """What a statement that an administrator runs comes to, as text between tabs."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/?default_format=TSV", statement.encode())
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode()) from None
