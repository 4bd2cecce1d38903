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

from metrics_exporter.definitions import CATALOGUE_FILE, DefinitionsError, Metric, Subject
from metrics_exporter.profile import Profile
from metrics_exporter.statistics import OF_MODELS, OF_PROFILES
from metrics_exporter.statistics.kinds import (
    Context,
    Labelled,
    ModelState,
    ModelStatistic,
    ProfileStatistic,
    Scalar,
)
from metrics_exporter.view import Group

GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 1  # numbers hardly compress better with more work
_READ_BYTES = 1 << 18

_MODEL_LABELS = ("predictor", "model_id", "role", "team", "window")
_PROFILE_LABELS = ("predictor", "model_id", "feature", "window")
_LABEL_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\0": "\ufffd"})
# The two formats disagree on how a double quote in a help text is escaped.
_HELP_ESCAPES = str.maketrans({"\\": r"\\", '"': "'", "\n": r"\n", "\0": "\ufffd"})


@dataclass(frozen=True, slots=True)
class Encoded:
    """Text as gzip bytes; `size` is its uncompressed length in bytes."""

    gzip: bytes
    size: int

    def chunks(self) -> Iterator[bytes]:
        """The uncompressed bytes, piece by piece."""
        inflate = zlib.decompressobj(GZIP)
        pending = self.gzip
        while not inflate.eof:
            yield inflate.decompress(pending, _READ_BYTES)
            pending = inflate.unconsumed_tail

    def text(self) -> str:
        """All of it."""
        return b"".join(self.chunks()).decode()


class Writable(Protocol):
    """Takes text: an `Encoder`, or a text file."""

    def write(self, text: str, /) -> object:
        """Append text."""


class Encoder:
    """Compresses text as it comes; copies go on from where the original is."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, GZIP)
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, text: str, /) -> None:
        """Append text; what no encoding can say (lone surrogates) becomes a question mark."""
        data = text.encode("utf-8", "replace")
        self._size += len(data)
        self._parts.append(self._deflate.compress(data))

    def finish(self, tail: bytes = b"") -> Encoded:
        """What was written so far and `tail`; the encoder can go on, or finish with another tail."""
        deflate = self._deflate.copy()
        return Encoded(b"".join((*self._parts, deflate.compress(tail), deflate.flush())), self._size + len(tail))


def encode(data: bytes) -> Encoded:
    """Compress bytes that exist as a whole."""
    return Encoder().finish(data)


@lru_cache(maxsize=1 << 16)
def label_value(value: str) -> str:
    """Escape a label's value; NUL, which ends a scrape for Prometheus, becomes the replacement character."""
    return value.translate(_LABEL_ESCAPES)


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
    return tuple(_family(metric) for metric in sorted(metrics, key=lambda metric: metric.name))


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
        metric = family.metric
        pending = f"# HELP {metric.name} {metric.help.translate(_HELP_ESCAPES)}\n# TYPE {metric.name} {metric.type}\n"
        for group in groups:
            subjects = _subjects(family, group)
            if not subjects:
                continue
            key = id(group), metric.subject, family.labels
            if key not in blocks:
                blocks[key] = [_block(family.labels, subject, group.context) for subject in subjects]
            if lines := _lines(family, subjects, blocks[key], group.context):
                out.write(pending + "".join(lines))
                pending = ""
                counts[group.predictor] += len(lines)
    return counts


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


def _lines(family: Family, subjects: Sequence[Any], blocks: Sequence[str], context: Context) -> list[str]:
    """A line for each value; `repr` is the shortest text that reads back as the same number."""
    start = f"{family.metric.name}{{"
    statistic = family.statistic
    if isinstance(statistic, Scalar):
        extract = statistic.extract
        return [
            f"{start}{block}}} {value!r}\n"
            for subject, block in zip(subjects, blocks, strict=True)
            if (value := extract(subject, context)) is not None
        ]
    extract_all = statistic.extract
    return [
        f'{start}{block},{statistic.label}="{label_value(choice)}"}} {value!r}\n'
        for subject, block in zip(subjects, blocks, strict=True)
        for choice, value in extract_all(subject, context)
    ]


def _block(labels: Iterable[str], subject: Profile | ModelState, context: Context) -> str:
    """The labels of a series as text, without the braces."""
    if isinstance(subject, ModelState):
        values = {"model_id": subject.model_id, "role": subject.role, "team": subject.team}
        predictor = subject.predictor
    else:
        values = {"model_id": subject.series.model_id, "feature": subject.series.feature or ""}
        predictor = subject.series.predictor
    values |= {"predictor": predictor, "window": context.window or ""}
    return ",".join(f'{label}="{label_value(values[label])}"' for label in labels)
