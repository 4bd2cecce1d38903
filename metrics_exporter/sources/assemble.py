"""A warehouse's answer to the scan → tables of profiles, column by column."""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from metrics_exporter.definitions import Kind
from metrics_exporter.logs import event
from metrics_exporter.profiles.merge import ATOM_SHARE, most_frequent
from metrics_exporter.profiles.table import (
    COUNTS,
    GRID,
    MOMENTS,
    Floats,
    NameLists,
    NumberLists,
    Profiles,
    WindowProfiles,
    offsets_of,
)
from metrics_exporter.profiles.text import Ints, Text
from metrics_exporter.sources.scan import ATOMS, NAMES, Kinds, ScanRequest

MAX_NAME = 1_000  # characters
# Categories, and the ends of the first and the last window in which each was seen (Unix seconds).
SEEN_NAMES = pa.schema([*NAMES, ("first", pa.int64()), ("last", pa.int64())])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUTHS = ("false", "true")
_KINDS = {kind: code for code, kind in enumerate(Kind)}
_UNKNOWN = -1
_RANKS = np.array(GRID)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scanned:
    """The windows of a scan, oldest first, and the kinds of features met for the first time.

    Attributes:
        must_repeat: a new feature mixed values that are read otherwise now that its kind is known, so read it again.
        undated_rows: rows of the whole log without a time that can be read, so that they are in no window; None: the
            scan did not ask.
        names: categories beyond the top of a profile, with the schema SEEN_NAMES.
        repeated: single values that seem to hold much of a series, and were not counted, with the schema ATOMS.
    """

    windows: tuple[WindowProfiles, ...]
    new_kinds: Kinds
    must_repeat: bool
    undated_rows: int | None
    names: pa.Table
    repeated: pa.Table


def assemble(name: str, request: ScanRequest, answer: pa.Table) -> Scanned:
    """Put the answer together: one window for each of the request, also for those without rows.

    Of a name longer than `MAX_NAME` characters, its beginning and a digest of the whole stand for it from here on, so
    that one row with a megabyte in it does not swell every scrape and page.
    """
    rows = _Answer(answer, int((request.start - _EPOCH) / request.window.length))
    new_kinds, must_repeat = _detected(rows, request.kinds)
    profiles, window_of = _profiles(rows, {**request.kinds, **new_kinds}, request.names)
    ends = list(_ends(request))
    bounds = np.searchsorted(window_of, np.arange(len(ends) + 1))
    windows = tuple(
        _window(name, request, end, profiles.take(np.arange(bounds[place], bounds[place + 1])), rows)
        for place, end in enumerate(ends)
    )
    undated = rows.present[rows.part == "undated"]
    return Scanned(
        windows,
        new_kinds,
        must_repeat,
        int(undated.sum()) if len(undated) else None,
        rows.names(request),
        rows.repeated(),
    )


def _ends(request: ScanRequest) -> Iterator[datetime]:
    end = request.start
    while end < request.end:
        end += request.window.length
        yield end


def _window(name: str, request: ScanRequest, end: datetime, profiles: Profiles, rows: _Answer) -> WindowProfiles:
    here = rows.window == int((end - request.start) / request.window.length) - 1
    duplicates = rows.present[here & (rows.part == "duplicates")].sum()
    unreadable: dict[str, int] = defaultdict(int)
    for row in np.flatnonzero(here & (rows.part == "unreadable")).tolist():
        unreadable[rows.category[row] or ""] += int(rows.present[row])
    for row in np.flatnonzero(here & (rows.part == "left_out")).tolist():
        unreadable["feature names"] += int(rows.present[row])
        _warn_of_names(name, end, rows.predictor[row], int(rows.numbers[row]))
    return WindowProfiles(
        log=name,
        window=request.window,
        end=end,
        rows=int(profiles.rows[profiles.is_prediction].sum()),
        duplicates=int(duplicates),
        profiles=profiles,
        unreadable=tuple(sorted(unreadable.items())),
    )


def _warn_of_names(log: str, end: datetime, predictor: str | None, names: int) -> None:
    event(
        _log,
        logging.WARNING,
        "too many feature names: no feature of this predictor is profiled in this window; "
        "see to what writes its features, where data has become names",
        log=log,
        end=end.isoformat(),
        predictor=predictor,
        names=names,
    )


class _Answer:
    """The answer's columns; `window` counts from the first one of the request."""

    def __init__(self, answer: pa.Table, first: int) -> None:
        answer = answer.combine_chunks()
        self._answer = answer
        self.part = np.array(answer["part"].to_numpy(), object)
        self.window = self._ints("window_number") - first
        self.predictor, self.model_id, self.feature, self.category = (
            _shortened(Text.from_arrow(answer[name])) for name in ("predictor", "model_id", "feature", "category")
        )
        self.present, self.usable, self.numbers, self.infinities, self.grid_rows, self.unseen = map(
            self._ints, ("present", "usable", "numbers", "infinities", "grid_rows", "unseen")
        )
        self.is_series = self.is_part("series")
        self.is_number = self.is_series & (self.category.codes < 0)
        self.is_label = self.is_series & (self.category.codes >= 0)
        self.is_other = self.is_part("other")
        self.model_keys = (self.window * max(len(self.predictor.words), 1) + self.predictor.codes) * max(
            len(self.model_id.words), 1
        ) + self.model_id.codes
        self.keys = self.model_keys * (len(self.feature.words) + 1) + self.feature.codes + 1

    def is_part(self, part: str) -> NDArray[np.bool_]:
        """Whether a row is of a part."""
        return np.asarray(self.part == part, bool)

    def _ints(self, name: str) -> Ints:
        column: Ints = self._answer[name].fill_null(0).to_numpy().astype(np.int64)
        return column

    def floats(self, name: str, rows: Ints) -> Floats:
        """A column of numbers, NaN for NULL, of some rows."""
        column: Floats = self._answer[name].take(pa.array(rows)).fill_null(np.nan).to_numpy()
        return column

    def grids(self, rows: Ints) -> Floats:
        """The grids of some rows that have one."""
        lists = self._answer["grid"].take(pa.array(rows)).combine_chunks()
        return np.asarray(lists.flatten(), float).reshape(-1, len(GRID))

    def atoms(self, rows: Ints) -> NumberLists:
        """The atoms of some rows."""
        values, counts = (self._answer[name].take(pa.array(rows)).combine_chunks() for name in ("atoms", "atom_counts"))
        lengths = np.asarray(values.value_lengths().fill_null(0))
        return NumberLists(offsets_of(lengths), np.asarray(values.flatten(), float), np.asarray(counts.flatten()))

    def repeated(self) -> pa.Table:
        """The values that a grid repeats and that were not counted."""
        rows = np.flatnonzero(self.has_grid)
        grids, atoms = self.grids(rows), self.atoms(rows)
        again = np.nonzero(grids[:, 1:] == grids[:, :-1])
        owner = np.concatenate((np.repeat(np.arange(len(rows)), atoms.lengths), again[0]))
        values = np.concatenate((atoms.values, grids[:, 1:][again]))
        is_new = np.arange(len(owner)) >= len(atoms.values)
        order = np.lexsort((is_new, values, owner))
        owner, values, is_new = owner[order], values[order], is_new[order]
        is_first = (np.diff(owner, prepend=-1) != 0) | (np.diff(values, prepend=np.nan) != 0)
        found = np.flatnonzero(is_first & is_new)
        names = (
            column.take(rows[owner[found]]).to_arrow().cast(pa.string()) for column in (self.predictor, self.feature)
        )
        return pa.table([*names, values[found]], schema=ATOMS).group_by(ATOMS.names).aggregate([])

    def names(self, request: ScanRequest) -> pa.Table:
        """The categories beyond the top, and the end of the window in which they were seen (Unix seconds)."""
        lists = self._answer["names"].combine_chunks()
        lengths = np.asarray(lists.value_lengths().fill_null(0))
        rows = np.repeat(np.arange(len(lengths)), lengths)
        end = int(request.start.timestamp()) + (self.window[rows] + 1) * request.window.seconds
        names = [_bounded(name) for name in lists.flatten().to_pylist()]
        columns = [self.predictor.take(rows).to_arrow(), self.feature.take(rows).to_arrow(), names, end, end]
        return pa.table([pa.array(column) for column in columns], names=SEEN_NAMES.names).cast(SEEN_NAMES)

    @property
    def has_grid(self) -> NDArray[np.bool_]:
        """Whether a row has the shape of numbers."""
        valid = self._answer["grid"].is_valid().to_numpy() & (self.numbers > 0)
        return np.asarray(valid & self._answer["mean"].is_valid().to_numpy(), bool)


def _shortened(names: Text) -> Text:
    if all(len(word) <= MAX_NAME for word in names.words):
        return names
    coded = names.to_arrow()
    words = pa.array([_bounded(word) for word in names.words], pa.string())
    return Text.from_arrow(pa.DictionaryArray.from_arrays(coded.indices, words).dictionary_decode())


def _bounded(name: str) -> str:
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{name[: MAX_NAME - len(digest) - 1]}…{digest}"


def _detected(rows: _Answer, known: Kinds) -> tuple[dict[tuple[str, str], Kind], bool]:
    """The kinds of unknown features: what most of their values are, over all windows and models of the scan."""
    votes: dict[tuple[str, str], dict[Kind, int]] = defaultdict(lambda: dict.fromkeys(Kind, 0))
    truths = np.array([word in _TRUTHS for word in rows.category.words] + [False], bool)[rows.category.codes]
    of_features = (rows.feature.codes >= 0) & (rows.is_series | rows.is_other) & (rows.present > 0)
    for mask, counted, kind in (
        (rows.is_number, rows.numbers + rows.infinities, Kind.NUMERIC),
        (rows.is_label & truths, rows.present, Kind.BOOLEAN),
        ((rows.is_label & ~truths) | rows.is_other, rows.present, Kind.CATEGORICAL),
    ):
        for key, count in _sums(rows, of_features & mask, counted):
            if key not in known:
                votes[key][kind] += count
    kinds = {key: max(Kind, key=lambda kind: counts[kind]) for key, counts in votes.items()}
    mixed = any(sum(count > 0 for count in counts.values()) > 1 for counts in votes.values())
    # A date or a list is a category, too, once the feature is known to have some.
    odd = _sums(rows, of_features & rows.is_number, rows.usable - rows.numbers - rows.infinities)
    return kinds, mixed or any(count > 0 and kinds.get(key) is Kind.CATEGORICAL for key, count in odd)


def _sums(rows: _Answer, mask: NDArray[np.bool_], counted: Ints) -> Iterator[tuple[tuple[str, str], int]]:
    """What is counted of each predictor's feature."""
    keys = rows.predictor.codes[mask].astype(np.int64) * max(len(rows.feature.words), 1) + rows.feature.codes[mask]
    found, place = np.unique(keys, return_inverse=True)
    counts = np.bincount(place, counted[mask], len(found))
    for key, count in zip(found.tolist(), counts.tolist(), strict=True):
        predictor, feature = divmod(key, max(len(rows.feature.words), 1))
        yield (rows.predictor.words[predictor], rows.feature.words[feature]), int(count)


def _profiles(rows: _Answer, kinds: Kinds, names: pa.Table) -> tuple[Profiles, Ints]:
    """All series of all windows, and the window of each; sorted by window, then as a table is."""
    of_series = np.flatnonzero(rows.is_series | rows.is_other | rows.is_part("defaults"))
    models = np.flatnonzero(rows.is_part("model"))
    first = np.unique(np.concatenate((rows.keys[models], rows.keys[of_series])), return_index=True)
    keys, example = first[0], np.concatenate((models, of_series))[first[1]]
    columns = _Columns(rows, keys, _kind_codes(rows, example, kinds), _has_past(rows, example, names))
    columns.add_models(models)
    columns.add_features()
    table = Profiles(
        predictor=rows.predictor.take(example),
        model_id=rows.model_id.take(example),
        feature=rows.feature.take(example),
        **columns.finished(rows.present[models], rows.model_keys[models]),
    )
    return table, rows.window[example]


def _kind_codes(rows: _Answer, example: Ints, kinds: Kinds) -> Ints:
    """The code of each series' kind; of predictions and of features without a value, unknown."""
    width = len(rows.feature.words) + 1
    pairs = rows.predictor.codes[example].astype(np.int64) * width + rows.feature.codes[example]
    found, place = np.unique(np.where(rows.feature.codes[example] < 0, -1, pairs), return_inverse=True)
    codes = [_kind_code(rows, pair, width, kinds) for pair in found.tolist()]
    return np.array(codes, np.int64)[place] if codes else np.empty(0, np.int64)


def _has_past(rows: _Answer, example: Ints, names: pa.Table) -> NDArray[np.bool_]:
    """Whether categories of a series' feature are known from before."""
    pairs = names.group_by(["predictor", "feature"]).aggregate([]).to_pydict()
    known = set(zip(pairs["predictor"], pairs["feature"], strict=True))
    width = len(rows.feature.words) + 1
    keys = rows.predictor.codes[example].astype(np.int64) * width + rows.feature.codes[example] + 1
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    mine = ((rows.predictor[row], rows.feature[row]) for row in example[first].tolist())
    return np.array([pair in known for pair in mine], bool)[place]


def _kind_code(rows: _Answer, pair: int, width: int, kinds: Kinds) -> int:
    if pair < 0:
        return _UNKNOWN
    predictor, feature = divmod(pair, width)
    kind = kinds.get((rows.predictor.words[predictor], rows.feature.words[feature]))
    return _UNKNOWN if kind is None else _KINDS[kind]


class _Columns:
    """The columns of a table whose series are `keys`, as they fill up."""

    def __init__(self, rows: _Answer, keys: Ints, kinds: Ints, has_past: NDArray[np.bool_]) -> None:
        self._rows, self._keys, self._kinds, self._has_past = rows, keys, kinds, has_past
        size = len(keys)
        self._counts = {name: np.zeros(size, np.int64) for name in COUNTS}
        self._moments = {name: np.full(size, np.nan) for name in MOMENTS}
        self._grid = np.full((size, len(GRID)), np.nan)
        self._atoms: list[tuple[Ints, Floats, Ints]] = []
        self._categories = NameLists(
            np.zeros(size + 1, np.int64), rows.category.take(np.empty(0, np.int64)), np.empty(0, np.int64)
        )

    def add_models(self, models: Ints) -> None:
        """The predictions: rows of the part `model`."""
        rows, place = self._rows, self._places(models)
        self._counts["values"][place] = rows.numbers[models]
        self._counts["nulls"][place] = rows.present[models] - rows.usable[models]
        self._counts["infinities"][place] = rows.infinities[models]
        self._counts["unparsable"][place] = (rows.usable - rows.numbers - rows.infinities)[models]
        self._add_shapes(models[rows.has_grid[models]])

    def add_features(self) -> None:
        """What the other parts say."""
        rows, counts = self._rows, self._counts
        of_feature = rows.feature.codes >= 0
        numbers = np.flatnonzero(rows.is_number & of_feature)
        labels = np.flatnonzero(rows.is_label | rows.is_other)
        defaults = np.flatnonzero(rows.is_part("defaults"))
        features = self._keys % (len(rows.feature.words) + 1) > 0
        read = self._sum(numbers, rows.present) + self._sum(labels, rows.present)
        labelled = self._sum(labels, rows.usable)
        numeric = self._kinds == _KINDS[Kind.NUMERIC]
        counts["nulls"] -= np.where(features, read, 0)  # of the model's rows, which are added at the end
        counts["infinities"] += np.where(features, self._sum(numbers, rows.infinities), 0)
        counts["defaults"] += self._sum(defaults, rows.present)
        counts["values"] += np.where(numeric, self._sum(numbers, rows.numbers), np.where(features, labelled, 0))
        classes = ~features & (counts["values"] == 0)  # of predictions: results that are names, and none is a number
        counts["values"] += np.where(classes, labelled, 0)
        counts["unparsable"] -= np.where(classes, labelled, 0)
        odd = self._sum(numbers, rows.usable - rows.numbers - rows.infinities)
        counts["unparsable"] += odd + np.where(numeric, labelled, 0)
        shaped = numbers[rows.has_grid[numbers]]
        self._add_shapes(shaped[numeric[self._places(shaped)]])
        self._add_categories(labels)

    def finished(self, model_rows: Ints, model_keys: Ints) -> dict[str, Any]:
        """The columns, the rows of each series' model included."""
        order = np.argsort(model_keys)
        found = np.searchsorted(model_keys[order], self._keys // (len(self._rows.feature.words) + 1))
        self._counts["rows"] = model_rows[order][found]
        features = self._keys % (len(self._rows.feature.words) + 1) > 0
        self._counts["nulls"] += np.where(features, self._counts["rows"], 0)
        owner, values, counts = (np.concatenate(parts) for parts in zip(*self._atoms, strict=True))
        enough = counts >= np.maximum(ATOM_SHARE * self._counts["values"][owner], 1)
        return {
            **self._counts,
            **self._moments,
            "grid": self._grid,
            "atoms": most_frequent(owner[enough], values[enough], counts[enough], len(self._keys)),
            "categories": self._categories,
        }

    def _places(self, rows: Ints) -> Ints:
        return np.searchsorted(self._keys, self._rows.keys[rows])

    def _sum(self, rows: Ints, column: Ints) -> Ints:
        total = np.zeros(len(self._keys), np.int64)
        np.add.at(total, self._places(rows), column[rows])
        return total

    def _add_shapes(self, rows: Ints) -> None:
        place = self._places(rows)
        for name in MOMENTS:
            self._moments[name][place] = self._rows.floats(name, rows)
        self._grid[place] = self._rows.grids(rows)
        self._counts["grid_rows"][place] = self._rows.grid_rows[rows]
        atoms = self._rows.atoms(rows)
        self._atoms.append((np.repeat(place, atoms.lengths), atoms.values, atoms.counts))

    def _add_categories(self, labels: Ints) -> None:
        rows = self._rows
        named = self._kinds != _KINDS[Kind.NUMERIC]
        top = labels[rows.is_label[labels] & (rows.usable[labels] > 0) & named[self._places(labels)]]
        place = self._places(top)
        order = np.lexsort((rows.category.codes[top], -rows.usable[top], place))
        top, place = top[order], place[order]
        lengths = np.bincount(place, minlength=len(self._keys))
        self._categories = NameLists(offsets_of(lengths), rows.category.take(top), rows.usable[top])
        other = labels[rows.is_other[labels] & named[self._places(labels)]]
        self._counts["other"] = self._sum(other, rows.usable)
        self._counts["distinct"] = lengths + self._sum(other, rows.numbers)
        self._counts["unseen"] = np.where(self._has_past, self._sum(np.append(top, other), rows.unseen), -1)
        self._add_truths(top, place)

    def _add_truths(self, top: Ints, place: Ints) -> None:
        """The distributions of booleans: true counts as 1, false as 0."""
        boolean = self._kinds[place] == _KINDS[Kind.BOOLEAN]
        is_true = np.array([word == "true" for word in self._rows.category.words] + [False])[
            self._rows.category.codes[top]
        ]
        size = len(self._keys)
        counts = [
            np.bincount(place[boolean & side], self._rows.usable[top][boolean & side], size)
            for side in (~is_true, is_true)
        ]
        total = counts[0] + counts[1]
        there = np.flatnonzero(total)
        false, true, total = counts[0][there], counts[1][there], total[there]
        self._moments["mean"][there] = true / total
        self._moments["squared_deviations"][there] = true * false / total
        self._moments["minimum"][there] = np.where(false > 0, 0.0, 1.0)
        self._moments["maximum"][there] = np.where(true > 0, 1.0, 0.0)
        self._grid[there] = _RANKS * total[:, None] > false[:, None]
        self._counts["grid_rows"][there] = total.astype(np.int64)
        for value, count in enumerate((false, true)):
            self._atoms.append((there, np.full(len(there), float(value)), count.astype(np.int64)))
