"""Prometheus' text formats: families of lines from profiles, compressed as they are made.

Both formats, text 0.0.4 and OpenMetrics 1.0, share every byte of the window data. The uncompressed text never exists
as a whole: a million series are 110 MB of it, and 8 MB compressed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from metrics_exporter.definitions import CATALOGUE_FILE, DefinitionsError, Metric, Subject
from metrics_exporter.profiles.profile import Profile
from metrics_exporter.serving.view import Group
from metrics_exporter.statistics import OF_MODELS, OF_PROFILES
from metrics_exporter.statistics.kinds import (
    Context,
    Labelled,
    ModelState,
    ModelStatistic,
    ProfileStatistic,
    Scalar,
)

GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 1  # numbers hardly compress better with more work
_READ_BYTES = 1 << 18
_BATCH = 10_000  # lines; Arrow takes its time for each call
_BETWEEN, _LINE_END, _NOTHING = map(pa.scalar, ("} ", "\n", ""))

_MODEL_LABELS = ("predictor", "model_id", "role", "team", "window")
_PROFILE_LABELS = ("predictor", "model_id", "feature", "window")
_LABEL_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\0": "\ufffd"})
# The two formats disagree on how a double quote in a help text is escaped.
_HELP_ESCAPES = str.maketrans({"\\": r"\\", '"': "'", "\n": r"\n", "\0": "\ufffd"})


@dataclass(frozen=True, slots=True)
class Encoded:
    """Text as gzip bytes: a head, which both formats share, and a tail.

    Attributes:
        size: the length of the text, in bytes.
    """

    head: bytes
    tail: bytes
    size: int

    def __len__(self) -> int:
        return len(self.head) + len(self.tail)

    def chunks(self) -> Iterator[bytes]:
        """The text's bytes, piece by piece."""
        inflate = zlib.decompressobj(GZIP)
        for part in (self.head, self.tail):
            pending = part
            while pending:
                yield inflate.decompress(pending, _READ_BYTES)
                pending = inflate.unconsumed_tail
        yield inflate.flush()

    def text(self) -> str:
        """All of it."""
        return b"".join(self.chunks()).decode()


class Writable(Protocol):
    """Takes bytes: an `Encoder`, or a binary file."""

    def write(self, data: bytes, /) -> object:
        """Append bytes."""


class Encoder:
    """Compresses bytes as they come."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, GZIP)
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes, /) -> None:
        """Append bytes."""
        self._size += len(data)
        self._parts.append(self._deflate.compress(data))

    def finish(self, tail: bytes = b"") -> Encoded:
        """What was written so far and `tail`; the encoder can go on, or finish with another tail."""
        self._parts = [b"".join(self._parts)]
        deflate = self._deflate.copy()
        return Encoded(self._parts[0], deflate.compress(tail) + deflate.flush(), self._size + len(tail))


def encode(data: bytes) -> Encoded:
    """Compress bytes that exist as a whole."""
    return Encoder().finish(data)


@lru_cache(maxsize=1 << 16)
def label_value(value: str) -> str:
    """Escape a label's value, and replace what would end a scrape: NUL, and what UTF-8 can't say."""
    return value.translate(_LABEL_ESCAPES).encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with its extractor; `labels` are those that come from the series, without the statistic's own."""

    metric: Metric
    labels: tuple[str, ...]
    statistic: ProfileStatistic | ModelStatistic


def families(metrics: Iterable[Metric]) -> tuple[Family, ...]:
    """The metrics with their extractors, by name.

    Raises:
        DefinitionsError: a metric asks for a statistic of something that doesn't have it, or for an unknown label.
    """
    of_profiles = (metric for metric in metrics if metric.subject is not Subject.ALERT)
    return tuple(_family(metric) for metric in sorted(of_profiles, key=lambda metric: metric.name))


def _family(metric: Metric) -> Family:
    of_model = metric.subject is Subject.MODEL
    statistic = (OF_MODELS if of_model else OF_PROFILES).get(metric.statistic)
    if statistic is None:
        raise DefinitionsError(
            f"{CATALOGUE_FILE}: {metric.name}: a {metric.subject} has no statistic {metric.statistic}; "
            "run `driftgauge generate`"
        )
    own = (statistic.label,) if isinstance(statistic, Labelled) else ()
    known = {*(_MODEL_LABELS if of_model else _PROFILE_LABELS), *own}
    if wrong := {*metric.labels} - known or {*own} - {*metric.labels}:
        raise DefinitionsError(
            f"{CATALOGUE_FILE}: {metric.name}: labels {sorted(wrong)} don't fit {metric.statistic} of a "
            f"{metric.subject}; run `driftgauge generate`"
        )
    return Family(metric, tuple(label for label in metric.labels if label not in own), statistic)


def render(families: Iterable[Family], groups: Sequence[Group], out: Writable) -> Mapping[str, int]:
    """Write every family that has series, and count each predictor's series."""
    counts = {group.predictor: 0 for group in groups}
    blocks: dict[tuple[int, Subject, tuple[str, ...]], list[str]] = {}
    for family in families:
        lines = _Lines(family.metric, out)
        for group in groups:
            if subjects := _subjects(family, group):
                key = id(group), family.metric.subject, family.labels
                if key not in blocks:
                    blocks[key] = [_block(family.labels, subject, group.context) for subject in subjects]
                counts[group.predictor] += lines.add(*_readings(family.statistic, subjects, blocks[key], group.context))
        lines.flush()
    return counts


class _Lines:
    """A family's lines, written in batches below its header.

    Arrow puts them together, several times faster than Python does. It writes a number as `repr` does: in the shortest
    text that reads back as the same.
    """

    def __init__(self, metric: Metric, out: Writable) -> None:
        help_ = metric.help.translate(_HELP_ESCAPES)
        # The two formats have different words for what has no type, and both take it that none is told.
        type_ = "" if metric.type == "unknown" else f"# TYPE {metric.name} {metric.type}\n"
        self._header = f"# HELP {metric.name} {help_}\n{type_}".encode("utf-8", "replace")
        self._start = pa.scalar(f"{metric.name}{{")
        self._out = out
        self._labels: list[str] = []
        self._values: list[float | None] = []

    def add(self, labels: Sequence[str], values: Sequence[float | None]) -> int:
        """Take up lines, one for each value that is not None; how many these are."""
        self._labels += labels
        self._values += values
        if len(self._values) >= _BATCH:
            self.flush()
        return len(values) - values.count(None)

    def flush(self) -> None:
        """Write what was taken up; the header comes before the first line."""
        numbers = pa.array(self._values, pa.float64())
        if numbers.null_count < len(numbers):
            labels = pa.array(self._labels, pa.string())
            parts = (self._start, labels, _BETWEEN, numbers.cast(pa.string()), _LINE_END, _NOTHING)
            lines = pc.binary_join_element_wise(*parts)  # null where the number is
            self._out.write(self._header + lines.buffers()[2].to_pybytes())
            self._header = b""
        self._labels, self._values = [], []


def _subjects(family: Family, group: Group) -> Sequence[Profile] | Sequence[ModelState]:
    """Whom the family describes in a group; nobody where one of them has a window and the other has none."""
    if ("window" in family.labels) == (group.context.window is None):
        return ()
    match family.metric.subject:
        case Subject.MODEL:
            return group.models
        case Subject.PREDICTION:
            return group.predictions
        case Subject.FEATURE:
            return group.features
        case Subject.ALERT:
            return ()


def _readings(
    statistic: ProfileStatistic | ModelStatistic, subjects: Sequence[Any], blocks: Sequence[str], context: Context
) -> tuple[Sequence[str], Sequence[float | None]]:
    """Labels and value of each series."""
    if isinstance(statistic, Scalar):
        return blocks, [statistic.extract(subject, context) for subject in subjects]
    ends = _Ends(statistic.label)
    labels: list[str] = []
    values: list[float | None] = []
    for subject, block in zip(subjects, blocks, strict=True):
        for choice, value in statistic.extract(subject, context):
            labels.append(block + ends[choice])
            values.append(value)
    return labels, values


class _Ends(dict[str, str]):
    """What follows a series' labels: the statistic's own label, by its value."""

    def __init__(self, label: str) -> None:
        self._label = label

    def __missing__(self, choice: str) -> str:
        self[choice] = end = f',{self._label}="{label_value(choice)}"'
        return end


def _block(labels: Iterable[str], subject: Profile | ModelState, context: Context) -> str:
    """The labels of a series as text, without the braces."""
    series = subject if isinstance(subject, ModelState) else subject.series
    return ",".join(
        [
            f'{label}="{label_value(context.window or "" if label == "window" else getattr(series, label) or "")}"'
            for label in labels
        ]
    )
