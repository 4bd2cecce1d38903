"""A column of text as codes into its distinct words, so that millions of names are compared as numbers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True)
class Text:
    """Words in ascending order, and for each row the place of its word; -1 is NULL."""

    words: tuple[str, ...]
    codes: Codes

    @classmethod
    def of(cls, values: Iterable[str | None]) -> Text:
        """The column of some values."""
        return cls.from_arrow(pa.array(list(values), pa.string()))

    @classmethod
    def from_arrow(cls, column: pa.Array | pa.ChunkedArray) -> Text:
        """The column of an Arrow array of text, plain or dictionary-coded."""
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
            column = column.chunk(0) if isinstance(column, pa.ChunkedArray) and column.num_chunks else column
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        words: list[str] = coded.dictionary.to_pylist()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return _sorted(words, codes)

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> str | None:
        code = self.codes[row]
        return None if code < 0 else self.words[code]

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Text:
        """The column of some rows."""
        return Text(self.words, self.codes[rows])

    def slim(self) -> Text:
        """The same column with no other words than it has: what is put together with others is then quick to join."""
        codes, place = np.unique(self.codes, return_inverse=True)
        words = tuple(self.words[code] for code in codes.tolist() if code >= 0)
        return Text(words, (place - (len(codes) - len(words))).astype(np.int32))

    def to_arrow(self) -> pa.DictionaryArray:
        """A dictionary-coded Arrow array."""
        indices = pa.array(self.codes, pa.int32(), mask=self.codes < 0)
        return pa.DictionaryArray.from_arrays(indices, pa.array(self.words, pa.string()))

    def code(self, word: str) -> int:
        """The place of a word; -2, which no row has, for one that there is not."""
        place = bisect_left(self.words, word)
        return place if place < len(self.words) and self.words[place] == word else -2


def joined(columns: Sequence[Text]) -> Text:
    """The columns one below the other, with one set of words."""
    columns = [column for column in columns if len(column)]
    if not columns:
        return Text((), np.empty(0, np.int32))
    if all(column.words == columns[0].words for column in columns):
        return Text(columns[0].words, np.concatenate([column.codes for column in columns]))
    place: dict[str, int] = {}
    parts = []
    for column in columns:
        new = np.array([place.setdefault(word, len(place)) for word in column.words] + [-1], np.int64)
        parts.append(new[column.codes])
    return _sorted(list(place), np.concatenate(parts))


def _sorted(words: list[str], codes: Ints) -> Text:
    order = sorted(range(len(words)), key=words.__getitem__)
    rank = np.empty(len(words) + 1, np.int32)
    rank[-1] = -1
    rank[order] = np.arange(len(words), dtype=np.int32)
    return Text(tuple(words[place] for place in order), rank[codes])
