"""Chunks sent by Prometheus' remote write 1.0: protobuf, compressed with snappy, over HTTP."""

from __future__ import annotations

import base64
import http.client
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import cramjam
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from metrics_exporter.backfill.chunks import Chunk, Samples
from metrics_exporter.errors import UserError
from metrics_exporter.statistics.kinds import Labelled
from metrics_exporter.urls import shown

_MOST_SAMPLES = 10_000  # in a request
_TIMEOUT_SECONDS = 60.0
_RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
_LONGEST_REASON = 300
_HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "User-Agent": "driftgauge",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
# prometheus/prompb/remote.proto and types.proto, as far as samples need them: message, field, number, type, repeated.
_FIELD = descriptor_pb2.FieldDescriptorProto
_SCHEMA: Mapping[str, list[tuple[str, int, int, str | None]]] = {
    "Label": [("name", 1, _FIELD.TYPE_STRING, None), ("value", 2, _FIELD.TYPE_STRING, None)],
    "Sample": [("value", 1, _FIELD.TYPE_DOUBLE, None), ("timestamp", 2, _FIELD.TYPE_INT64, None)],
    "TimeSeries": [("labels", 1, _FIELD.TYPE_MESSAGE, "Label"), ("samples", 2, _FIELD.TYPE_MESSAGE, "Sample")],
    "WriteRequest": [("timeseries", 1, _FIELD.TYPE_MESSAGE, "TimeSeries")],
}


class RemoteWriteError(UserError):
    """Samples that nobody takes; the message says why and what to do, and holds no secret."""


@dataclass(frozen=True)
class Login:
    """What says to the receiver who sends: user name and password, or a token; neither: nothing does."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    def headers(self) -> dict[str, str]:
        """As HTTP has it.

        Raises:
            RemoteWriteError: half of it is missing, or no header can hold it.
        """
        if (self.username is None) != (self.password is None):
            raise RemoteWriteError(
                "a login needs both a user name and a password; give --username, and --password-file or the variable"
            )
        if self.token and not (self.token.isascii() and self.token.isprintable()):
            raise RemoteWriteError("the token holds characters that no header can hold; look at its file or variable")
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        if self.username and self.password:
            pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {}


def _message_types() -> Mapping[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="driftgauge/remote_write.proto", package="driftgauge", syntax="proto3"
    )
    for name, fields in _SCHEMA.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind, of in fields:
            label = _FIELD.LABEL_REPEATED if of else _FIELD.LABEL_OPTIONAL
            type_name = f".driftgauge.{of}" if of else None
            message.field.add(name=field_name, number=number, type=kind, label=label, type_name=type_name)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = {name: pool.FindMessageTypeByName(f"driftgauge.{name}") for name in _SCHEMA}
    return {name: message_factory.GetMessageClass(found) for name, found in names.items()}


_WRITE_REQUEST = _message_types()["WriteRequest"]


def requests(chunk: Chunk, target: Mapping[str, str]) -> Iterator[bytes]:
    """The chunk as bodies of requests.

    Args:
        chunk: with the samples.
        target: the labels that a scrape would add: `job`, `instance`.
    """
    request, count = _WRITE_REQUEST(), 0
    for samples in chunk.samples():
        firsts = np.flatnonzero(np.diff(samples.series, prepend=-1))
        for first, last in zip(firsts.tolist(), [*firsts[1:].tolist(), len(samples.series)], strict=True):
            labels = _labels(samples, int(samples.series[first]), target)
            for begin in range(first, last, _MOST_SAMPLES):
                end = min(begin + _MOST_SAMPLES, last)
                _add(request, labels, samples, slice(begin, end))
                count += end - begin
                if count >= _MOST_SAMPLES:
                    yield _compressed(request)
                    request, count = _WRITE_REQUEST(), 0
    if count:
        yield _compressed(request)


def _labels(samples: Samples, series: int, target: Mapping[str, str]) -> list[tuple[str, str]]:
    """Sorted by name, as the protocol wants them; an empty label is none."""
    found = {"__name__": samples.family.metric.name, **target}
    found |= {name: words[series] or "" for name, words in samples.labels.items()}
    if samples.window is not None:
        found["window"] = str(samples.window)
    if isinstance(samples.family.statistic, Labelled):
        found[samples.family.statistic.label] = samples.own
    return [(name, value.replace("\0", "\ufffd")) for name, value in sorted(found.items()) if value]


def _add(request: Any, labels: list[tuple[str, str]], samples: Samples, rows: slice) -> None:
    series = request.timeseries.add()
    for name, value in labels:
        series.labels.add(name=name, value=value)
    add = series.samples.add
    for value, moment in zip(samples.values[rows].tolist(), (samples.times[rows] * 1000).tolist(), strict=True):
        add(value=value, timestamp=moment)


def _compressed(request: Any) -> bytes:
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


class Receiver:
    """Where samples are sent: one connection, opened again when it breaks."""

    def __init__(self, url: str, login: Login, pause: Callable[[float], object] = time.sleep) -> None:
        """Connect with the first request.

        Args:
            url: of the receiver, such as `http://localhost:9090/api/v1/write`.
            login: what it asks for.
            pause: waits before the next attempt.

        Raises:
            RemoteWriteError: it is no address of one, or the login can't be sent.
        """
        wrong = f"{shown(url)} is no address of a receiver; write one such as http://localhost:9090/api/v1/write"
        try:
            parts, port = urlsplit(url), urlsplit(url).port
        except ValueError:
            raise RemoteWriteError(wrong) from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise RemoteWriteError(wrong)
        if parts.username or parts.password:
            raise RemoteWriteError(
                "the receiver's address holds a login; give it by --username and --password-file, or by variables"
            )
        self._url, self._pause = url, pause
        self._path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        self._headers = {**_HEADERS, **login.headers()}
        self._connection = _connection(parts.scheme, parts.hostname, port)

    def send(self, body: bytes) -> None:
        """Send a request, again and again where the receiver is away or busy.

        Raises:
            RemoteWriteError: it stayed away, or refuses the samples.
        """
        for seconds in (*_RETRY_SECONDS, None):
            try:
                status, reason = self._post(body)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                status, reason = None, str(error) or type(error).__name__
            if status is not None and status // 100 == 2:
                return
            if status is not None and status != http.client.TOO_MANY_REQUESTS and status // 100 != 5:
                raise RemoteWriteError(
                    f"{shown(self._url)} refuses the samples ({status}: {reason}); {_advice(status)}"
                )
            if seconds is None:
                raise RemoteWriteError(
                    f"{shown(self._url)} takes no samples ({reason}); see to it, then run the same command again: "
                    "it goes on where it was"
                )
            self._pause(seconds)

    def _post(self, body: bytes) -> tuple[int, str]:
        self._connection.request("POST", self._path, body, self._headers)
        answer = self._connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return answer.status, " ".join((text or answer.reason).split())[:_LONGEST_REASON]


def _advice(status: int) -> str:
    if status in {http.client.UNAUTHORIZED, http.client.FORBIDDEN}:
        return "give a login that may write"
    if status in {http.client.NOT_FOUND, http.client.METHOD_NOT_ALLOWED}:
        return "look at the address; Prometheus needs --web.enable-remote-write-receiver"
    return "Prometheus takes old samples only with storage.tsdb.out_of_order_time_window as long as the range"


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)


@dataclass(frozen=True)
class Sender:
    """Sends each chunk; what was sent before a failure is sent again, which changes nothing."""

    receiver: Receiver
    target: Mapping[str, str]

    def __call__(self, chunk: Chunk, /) -> None:
        """Send it all."""
        for body in requests(chunk, self.target):
            self.receiver.send(body)
