"""Chunks as OpenMetrics text, which promtool makes blocks of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from metrics_exporter.backfill.chunks import Chunk, Samples
from metrics_exporter.profiles.text import Text
from metrics_exporter.serving.exposition import header, label_text, numbers
from metrics_exporter.statistics.kinds import Labelled

_BATCH = 50_000  # samples; Arrow takes its time for each call
_SPACE, _LINE_END, _NOTHING, _COMMA = (pa.scalar(text, pa.large_string()) for text in (" ", "\n", "", ","))


def text(chunk: Chunk, target: Mapping[str, str]) -> Iterator[bytes]:
    """The chunk's text, piece by piece.

    Args:
        chunk: with the samples.
        target: the labels that a scrape would add: `job`, `instance`.
    """
    before = None
    for samples in chunk.samples():
        if samples.family.metric != before:
            before = samples.family.metric
            yield header(before)
        yield from _lines(samples, target)
    yield b"# EOF\n"


def _lines(samples: Samples, target: Mapping[str, str]) -> Iterator[bytes]:
    series = _series(samples, target)
    for first in range(0, len(samples.series), _BATCH):
        batch = slice(first, first + _BATCH)
        values = samples.values[batch]
        value = numbers(values, np.ones(len(values), bool))
        time = pa.array(samples.times[batch]).cast(pa.large_string())
        lines = pc.binary_join_element_wise(
            series.take(pa.array(samples.series[batch])), value, _SPACE, time, _LINE_END, _NOTHING
        )
        yield lines.buffers()[2].to_pybytes()


def _series(samples: Samples, target: Mapping[str, str]) -> pa.Array:
    """Each series as it begins a line."""
    fixed = [label_text(name, [value])[0].as_py() for name, value in target.items()]
    if samples.window is not None:
        fixed.append(label_text("window", [str(samples.window)])[0].as_py())
    if isinstance(samples.family.statistic, Labelled):
        fixed.append(label_text(samples.family.statistic.label, [samples.own])[0].as_py())
    columns = [_label(name, words) for name, words in samples.labels.items()]
    start = pa.scalar(f"{samples.family.metric.name}{{", pa.large_string())
    every = pc.binary_join_element_wise(
        *columns, pa.scalar(",".join(fixed), pa.large_string()), _COMMA, null_handling="skip"
    )
    return pc.binary_join_element_wise(start, every, pa.scalar("} ", pa.large_string()), _NOTHING)


def _label(name: str, column: Text) -> pa.Array:
    return label_text(name, column.words).take(pa.array(column.codes, mask=column.codes < 0))
