"""A bucket on a real S3 server of this machine, which can refuse its clients and be gone."""

from __future__ import annotations

import sys
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from s3fs import S3FileSystem

from tests.real_parts import Service, free_port, running, stop

SECRET = "hunter2-the-secret-key"


@dataclass(frozen=True)
class Bucket:
    """A bucket of its own."""

    server: Service
    name: str

    @property
    def url(self) -> str:
        """A history in it."""
        return f"s3://{self.name}/driftgauge"

    def files(self) -> list[str]:
        """What is in that history."""
        found = S3FileSystem().find(self.name, refresh=True)
        return sorted(path.removeprefix(f"{self.name}/driftgauge/") for path in found)

    def refuse(self) -> None:
        """Let nobody in from now on."""
        self._ask_logins_after("0")

    def let_in(self) -> None:
        """Let everybody in again."""
        self._ask_logins_after("inf")

    def _ask_logins_after(self, requests: str) -> None:
        request = urllib.request.Request(
            f"{self.server.url}/moto-api/reset-auth", requests.encode(), {"Content-Type": "text/plain"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()

    def end(self) -> None:
        """The whole service is gone."""
        stop(self.server.process)


@contextmanager
def server(folder: Path) -> Iterator[Service]:
    """An S3 server."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, f"http://127.0.0.1:{port}", "/moto-api/", folder / "s3.log") as service:
        yield service


def made(service: Service, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A new bucket, and the environment that leads any client to it."""
    settings = {
        "AWS_ENDPOINT_URL": service.url,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()  # its clients lead to where the environment led before
    bucket = Bucket(service, f"b{uuid.uuid4()}")
    S3FileSystem().mkdir(bucket.name)
    return bucket
