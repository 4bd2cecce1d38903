"""The count of the worker's restarts, kept by the process that outlives them, in what the last worker rendered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from metrics_exporter.definitions import OwnMetric
from metrics_exporter.serving.exposition import Encoded, Encoder, encode
from metrics_exporter.serving.own_metrics import OwnMetrics
from metrics_exporter.serving.snapshot import Exposition, Snapshot

_LINE = re.compile(rb"^(%s) \S+$" % OwnMetric.WORKER_RESTARTS.encode(), re.M)


def recounted(snapshot: Snapshot, restarts: int) -> Snapshot:
    """The same snapshot with another count."""
    return replace(snapshot, current=_both(snapshot.current, restarts), expired=_both(snapshot.expired, restarts))


def counted(restarts: int) -> Exposition:
    """The count alone, while no worker has rendered anything yet."""
    own = OwnMetrics((), {}, {}, {}, restarts)
    return Exposition(encode(own.text()), encode(own.openmetrics()))


def _both(exposition: Exposition, restarts: int) -> Exposition:
    return Exposition(_encoded(exposition.text, restarts), _encoded(exposition.openmetrics, restarts))


def _encoded(text: Encoded, restarts: int) -> Encoded:
    encoder = Encoder()
    for lines in _whole_lines(text.chunks()):
        encoder.write(_LINE.sub(rb"\g<1> %.1f" % restarts, lines))
    return encoder.finish()


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    begun = b""
    for chunk in chunks:
        lines, end, rest = chunk.rpartition(b"\n")
        if end:
            yield begun + lines + end
            begun = rest
        else:
            begun += chunk
    yield begun
