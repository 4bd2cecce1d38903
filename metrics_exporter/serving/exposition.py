"""Prometheus' text formats: families of lines from columns, compressed as they are made.

Both formats, text 0.0.4 and OpenMetrics 1.0, share every byte of the window data. The uncompressed text never exists
as a whole: a million series are 110 MB of it, and 8 MB compressed.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from metrics_exporter.definitions import CATALOGUE_FILE, DefinitionsError, Metric, Statistic, Subject
from metrics_exporter.profiles.table import Floats
from metrics_exporter.profiles.text import Ints, Text
from metrics_exporter.serving.view import Group
from metrics_exporter.statistics import OF_ALERTS, OF_MODELS, OF_PROFILES
from metrics_exporter.statistics.kinds import AlertStatistic, Labelled, ModelStatistic, ProfileStatistic, Scalar


def _large(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 1  # numbers hardly compress better with more work
_READ_BYTES = 1 << 18
_BATCH = 10_000  # lines; Arrow takes its time for each call
_COMMA, _LINE_END, _NOTHING, _NAN = map(_large, (",", "\n", "", "NaN"))

_EXTRACTORS: Mapping[Subject, Mapping[Statistic, ProfileStatistic | ModelStatistic | AlertStatistic]] = {
    Subject.MODEL: OF_MODELS,
    Subject.PREDICTION: OF_PROFILES,
    Subject.FEATURE: OF_PROFILES,
    Subject.ALERT: OF_ALERTS,
}
_LABELS = {
    Subject.MODEL: ("predictor", "model_id", "role", "team", "window"),
    Subject.PREDICTION: ("predictor", "model_id", "window", "reference"),
    Subject.FEATURE: ("predictor", "model_id", "feature", "window", "reference"),
    Subject.ALERT: ("predictor", "model_id", "feature", "alert", "bound"),
}
_LABEL_ESCAPES = (("\\", r"\\"), ('"', r"\""), ("\n", r"\n"), ("\0", "\ufffd"))
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


def escaped(words: Sequence[str]) -> pa.Array:
    """Words as values of labels. NUL, which would end a scrape, is replaced."""
    column = pa.array(words, pa.large_string())
    for pattern, replacement in _LABEL_ESCAPES:
        column = pc.replace_substring(column, pattern, replacement)
    return column


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with its extractor; `labels` are those that come from the series, without the statistic's own."""

    metric: Metric
    labels: tuple[str, ...]
    statistic: ProfileStatistic | ModelStatistic | AlertStatistic


def families(metrics: Iterable[Metric]) -> tuple[Family, ...]:
    """The metrics with their extractors, by name.

    Raises:
        DefinitionsError: a metric asks for a statistic of something that doesn't have it, or for an unknown label.
    """
    return tuple(_family(metric) for metric in sorted(metrics, key=lambda metric: metric.name))


def _family(metric: Metric) -> Family:
    statistic = _EXTRACTORS[metric.subject].get(metric.statistic)
    if statistic is None:
        raise DefinitionsError(
            f"{CATALOGUE_FILE}: {metric.name}: a {metric.subject} has no statistic {metric.statistic}; "
            "run `driftgauge generate`"
        )
    own = (statistic.label,) if isinstance(statistic, Labelled) else ()
    known = {*_LABELS[metric.subject], *own}
    if wrong := {*metric.labels} - known or {*own} - {*metric.labels}:
        raise DefinitionsError(
            f"{CATALOGUE_FILE}: {metric.name}: labels {sorted(wrong)} don't fit {metric.statistic} of a "
            f"{metric.subject}; run `driftgauge generate`"
        )
    return Family(metric, tuple(label for label in metric.labels if label not in own), statistic)


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """A metric's values in a group, one for each row that is shown of its subject.

    Attributes:
        own: the value of the statistic's own label; empty where it has none.
        there: which of the rows have a value.
    """

    own: str
    values: Floats
    there: NDArray[np.bool_]


def columns(family: Family, group: Group) -> Iterator[Column]:
    """What a group shows of a metric; nothing where one of them has a window and the other has none."""
    rows = group.rows[family.metric.subject]
    if not len(rows) or ("window" in family.labels) == (group.window is None):
        return
    table: Any = group.table(family.metric.subject)
    statistic: Scalar[Any] | Labelled[Any] = family.statistic
    if isinstance(statistic, Scalar):
        yield _column(family, "", statistic.extract(table)[rows])
        return
    for choice, values in statistic.extract(table):
        yield _column(family, choice, values[rows])


def _column(family: Family, own: str, values: Floats) -> Column:
    # A reading that is no number says that it can't be judged; of all others NaN says that there is none.
    there = ~np.isinf(values) if family.metric.subject is Subject.ALERT else np.isfinite(values)
    return Column(own, values, there)


def render(families: Iterable[Family], groups: Sequence[Group], out: Writable) -> Mapping[str, int]:
    """Write every family that has series, and count each predictor's series."""
    tables = [_Table(group) for group in groups]
    for family in families:
        head = header(family.metric)
        for table in tables:
            for lines in table.lines(family):
                out.write(head + lines)
                head = b""
    total: Counter[str] = Counter()
    for table in tables:
        table.add_counts(total)
    return total


class _Table:
    """A group's lines. Arrow puts them together; their labels are the same in many families, and are kept."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._blocks: dict[tuple[Subject, tuple[str, ...]], pa.Array] = {}
        self._counts = {subject: np.zeros(len(group.table(subject).predictor.words), np.int64) for subject in Subject}

    def lines(self, family: Family) -> Iterator[bytes]:
        """The family's lines in batches."""
        rows = self._group.rows[family.metric.subject]
        for column in columns(family, self._group):
            if not column.there.any():  # such as drift, of hours: to put its labels together would be in vain
                continue
            self._count(family.metric.subject, rows[column.there])
            block = self._block(family)
            yield from _lines(f"{family.metric.name}{{", block, _end(family, column), column.values, column.there)

    def add_counts(self, total: Counter[str]) -> None:
        """Add how many lines there were to what other tables have, by predictor."""
        for subject, counts in self._counts.items():
            predictor = self._group.table(subject).predictor
            shown = np.unique(predictor.codes[self._group.rows[subject]])
            total.update({predictor.words[code]: int(counts[code]) for code in shown.tolist()})

    def _count(self, subject: Subject, rows: Ints) -> None:
        counts = self._counts[subject]
        counts += np.bincount(self._group.table(subject).predictor.codes[rows], minlength=len(counts))

    def _block(self, family: Family) -> pa.Array:
        """The labels of each shown row as text, without the braces; one that is NULL is left out."""
        key = family.metric.subject, family.labels
        if key not in self._blocks:
            columns = [self._labels(family.metric.subject, label) for label in family.labels]
            self._blocks[key] = pc.binary_join_element_wise(*columns, _COMMA, null_handling="skip")
        return self._blocks[key]

    def _labels(self, subject: Subject, label: str) -> pa.Array | pa.Scalar:
        if label == "window":
            return label_text(label, [str(self._group.window)])[0]
        text: Text = getattr(self._group.table(subject), label)
        codes = text.codes[self._group.rows[subject]]
        return label_text(label, text.words).take(pa.array(codes, mask=codes < 0))


def _end(family: Family, column: Column) -> str:
    """What follows the labels of the series: the statistic's own, if it has one."""
    if not isinstance(family.statistic, Labelled):
        return "} "
    return f",{label_text(family.statistic.label, [column.own])[0].as_py()}}} "


def label_text(label: str, words: Sequence[str]) -> pa.Array:
    """A label with each of some values, as it stands between braces."""
    return pc.binary_join_element_wise(_large(f'{label}="'), escaped(words), _large('"'), _NOTHING)


def _lines(start: str, block: pa.Array, end: str, values: Floats, there: NDArray[np.bool_]) -> Iterator[bytes]:
    """Lines in batches, of the rows that are there.

    Arrow writes a number as `repr` does: in the shortest text that reads back as the same.
    """
    before, between = _large(start), _large(end)
    for first in range(0, len(values), _BATCH):
        batch = slice(first, first + _BATCH)
        if not there[batch].any():
            continue
        text = numbers(values[batch], there[batch])
        labels = block.slice(first, _BATCH)
        yield pc.binary_join_element_wise(before, labels, between, text, _LINE_END, _NOTHING).buffers()[2].to_pybytes()


def numbers(values: Floats, there: NDArray[np.bool_]) -> pa.Array:
    """Values as text; NULL where there is none."""
    column = pa.array(values, pa.float64(), mask=~there)
    return pc.if_else(pc.is_nan(column), _NAN, column.cast(pa.large_string()))


def header(metric: Metric) -> bytes:
    """What comes before a metric's lines."""
    help_ = metric.help.translate(_HELP_ESCAPES)
    # The two formats have different words for what has no type, and both take it that none is told.
    type_ = "" if metric.type == "unknown" else f"# TYPE {metric.name} {metric.type}\n"
    return f"# HELP {metric.name} {help_}\n{type_}".encode("utf-8", "replace")
