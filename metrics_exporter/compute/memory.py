"""What a log's past windows say that the next scan has to know: kinds, features to expect, names and atoms."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from metrics_exporter.compute.vocabulary import Vocabulary
from metrics_exporter.definitions import Definitions, Kind
from metrics_exporter.logs import event
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.table import (
    COUNTS,
    GRID,
    MOMENTS,
    NameLists,
    NumberLists,
    Profiles,
    WindowProfiles,
    concatenated,
    offsets_of,
)
from metrics_exporter.profiles.text import Ints, Text, joined
from metrics_exporter.sources.scan import ATOMS, Kinds
from metrics_exporter.windows import Window

RECENT = timedelta(days=7)  # so far back, scanned windows are read at the start; beyond it, longer ones
KNOWN_FOR = timedelta(days=28)  # a model, or a feature of a model, that had rows so recently is expected to have some
_WRONG_FOR = 3  # windows with values, in a row, most of which contradict a kind that was found; then it is changed
_MOST_ATOMS = 200_000  # that a scan is told of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Expected:
    """What the registry lets expect: of registered models, the features declared and those of their siblings.

    Attributes:
        models: registered ones, by predictor.
        features: declared ones, by predictor.
    """

    models: Mapping[str, frozenset[str]]
    features: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, definitions: Definitions, log: str) -> Expected:
        """What the definitions say of a log."""
        registered = [predictor for predictor in definitions.predictors.values() if predictor.log == log]
        return cls(
            {each.predictor: frozenset(model.id for model in each.models) for each in registered},
            {each.predictor: frozenset(each.features) for each in registered},
        )


@dataclass(frozen=True, eq=False)
class Seen:
    """Features of models that had values: when last (Unix seconds), and in how many windows."""

    predictor: Text
    model_id: Text
    feature: Text
    last: Ints
    windows: Ints

    @classmethod
    def nothing(cls) -> Seen:
        """Before the first window."""
        nobody, none = Text.of(()), np.empty(0, np.int64)
        return cls(nobody, nobody, nobody, none, none)

    def after(self, profiles: Profiles, end: datetime, windows: int = 1) -> Seen:
        """With a window's features; a window that is taken up again does not count twice."""
        there = np.flatnonzero(~profiles.is_prediction & ((profiles.nulls < profiles.rows) | (profiles.defaults > 0)))
        moment = int(end.timestamp())
        names = [
            joined([mine, theirs.take(there)])
            for mine, theirs in (
                (self.predictor, profiles.predictor),
                (self.model_id, profiles.model_id),
                (self.feature, profiles.feature),
            )
        ]
        last = np.concatenate((self.last, np.full(len(there), moment)))
        count = np.concatenate((self.windows, np.full(len(there), windows)))
        keys = _keys(*names)
        order = np.lexsort((last, keys))
        firsts = np.flatnonzero(np.diff(keys[order], prepend=-1))
        if not len(firsts):
            return self
        again = np.concatenate((self.last >= moment, np.zeros(len(there), bool)))
        pairs = np.diff(firsts, append=len(order)) > 1
        counts = np.add.reduceat(count[order], firsts) - np.where(
            pairs & np.logical_or.reduceat(again[order], firsts), windows, 0
        )
        newest = np.maximum.reduceat(last[order], firsts)
        kept = newest > moment - KNOWN_FOR.total_seconds()
        example = order[firsts][kept]
        predictor, model_id, feature = (column.take(example) for column in names)
        return Seen(predictor, model_id, feature, newest[kept], counts[kept])

    def expected(self, end: datetime, window: Window) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which are still expected: for as long as they were seen, and for `KNOWN_FOR` at most."""
        age = int(end.timestamp()) - self.last
        return (age >= 0) & (age <= np.minimum(self.windows * window.seconds, KNOWN_FOR.total_seconds()))


class Memory:
    """Of one log.

    Attributes:
        kinds: how features are read: as declared, else as found in the log.
        known: by predictor and model id, the end of the last scanned window with rows.
        vocabulary: the categories of past weeks.
    """

    def __init__(self, declared: Kinds, expected: Expected) -> None:
        """Remember nothing yet."""
        self.kinds: dict[tuple[str, str], Kind] = dict(declared)
        self.known: dict[tuple[str, str], datetime] = {}
        self._declared, self._expected = declared, expected
        self._seen = Seen.nothing()
        self._contrary: dict[tuple[str, str], set[datetime]] = {}  # the ends of the windows that contradict a kind
        self._atoms = ATOMS.empty_table()
        self.vocabulary = Vocabulary()
        self._newest = datetime.min.replace(tzinfo=UTC)

    @property
    def found(self) -> dict[tuple[str, str], Kind]:
        """The kinds that the registry does not declare."""
        return {key: kind for key, kind in self.kinds.items() if key not in self._declared}

    @property
    def atoms(self) -> pa.Table:
        """Values that held much of a series in the newest window, for the next scan to count."""
        return self._atoms

    def learn_atoms(self, window: WindowProfiles) -> None:
        """Have the next scan count the values that hold much of a window's series, if none is newer."""
        if window.end > self._newest:
            self._newest = window.end
            self._atoms = _atoms(window.profiles)

    def count(self, repeated: pa.Table) -> None:
        """Have the next scan count these values, too, with the schema ATOMS."""
        together = pa.concat_tables([self._atoms, repeated]).group_by(ATOMS.names).aggregate([])
        self._atoms = together if together.num_rows <= _MOST_ATOMS else self._atoms

    def take(self, window: WindowProfiles, windows: int = 1) -> None:
        """Remember a window; `windows` scanned ones are in it."""
        self._seen = self._seen.after(window.profiles, window.end, windows)
        add_models(self.known, window)

    def learn(self, window: WindowProfiles) -> bool:
        """Learn from a window that was just scanned; whether a kind turned out to be wrong, and was changed."""
        self.learn_atoms(window)
        contrary = set(_contrary(window.profiles, self.kinds)) - self._declared.keys()
        for key in [key for key in self._contrary.keys() - contrary if _has_values(window.profiles, *key)]:
            del self._contrary[key]
        for key in contrary:
            if key not in self._contrary:
                _tell("most values contradict the kind", key, self.kinds[key])
            self._contrary.setdefault(key, set()).add(window.end)
        wrong = [key for key, ends in self._contrary.items() if len(ends) >= _WRONG_FOR]
        for key in wrong:
            self.kinds[key] = Kind.CATEGORICAL if self.kinds[key] is Kind.NUMERIC else Kind.NUMERIC
            _tell("kind changed", key, self.kinds[key])
            del self._contrary[key]
        return bool(wrong)

    def complete(self, window: WindowProfiles) -> Profiles:
        """The window's profiles, with one, too, for each feature that is missing in every row of a model."""
        profiles = window.profiles
        models = np.flatnonzero(profiles.is_prediction)
        own = self._seen.expected(window.end, window.window)
        absent = [self._own(profiles, models, own), self._of_siblings(profiles, models, own)]
        table = concatenated([profiles, *absent])
        order = np.argsort(table.keys, kind="stable")
        first = np.flatnonzero(np.diff(table.keys[order], prepend=-1))
        return table.take(order[first])  # what was found comes before what was expected

    def _own(self, profiles: Profiles, models: Ints, expected: Any) -> Profiles:
        """A model's features that it had lately."""
        rows = np.flatnonzero(expected)
        names = [
            joined([theirs.take(models), mine.take(rows)])
            for theirs, mine in ((profiles.predictor, self._seen.predictor), (profiles.model_id, self._seen.model_id))
        ]
        keys = _keys(*names)
        place, there = _found(keys[: len(models)], keys[len(models) :])
        return _absent(profiles, models[place[there]], self._seen.feature.take(rows[there]))

    def _of_siblings(self, profiles: Profiles, models: Ints, expected: Any) -> Profiles:
        """Of registered models, what the registry declares, and what other registered models of the predictor have."""
        seen = self._seen
        rows = np.flatnonzero(expected & self._is_registered(seen.predictor, seen.model_id))
        declared = [(predictor, name) for predictor, names in self._expected.features.items() for name in names]
        predictor = joined([seen.predictor.take(rows), Text.of(predictor for predictor, _ in declared)])
        feature = joined([seen.feature.take(rows), Text.of(name for _, name in declared)])
        pairs = np.unique(_keys(predictor, feature), return_index=True)[1]  # by predictor, as keys are
        models = models[self._is_registered(profiles.predictor.take(models), profiles.model_id.take(models))]
        both = joined([profiles.predictor.take(models), predictor.take(pairs)])
        mine, theirs = both.codes[: len(models)], both.codes[len(models) :]
        first, last = np.searchsorted(theirs, mine, "left"), np.searchsorted(theirs, mine, "right")
        offsets = offsets_of(last - first)
        place = np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], last - first)
        return _absent(profiles, np.repeat(models, last - first), feature.take(pairs[place]))

    def _is_registered(self, predictor: Text, model_id: Text) -> Any:
        _, example, place = np.unique(_keys(predictor, model_id), return_index=True, return_inverse=True)
        models = ((str(predictor[row]), str(model_id[row])) for row in example.tolist())
        registered = [model in self._expected.models.get(name, ()) for name, model in models]
        return np.array(registered, bool)[place]


def add_models(known: dict[tuple[str, str], datetime], window: WindowProfiles) -> None:
    """Remember the models that made predictions in a window: by predictor and id, the end of the last such window."""
    profiles = window.profiles
    for row in np.flatnonzero(profiles.is_prediction).tolist():
        model = str(profiles.predictor[row]), str(profiles.model_id[row])
        known[model] = max(window.end, known.get(model, window.end))


def lately(known: Mapping[tuple[str, str], datetime], end: datetime) -> dict[tuple[str, str], datetime]:
    """Of the models known at a window's end those that are still expected to have predictions."""
    return {model: at for model, at in known.items() if at > end - KNOWN_FOR}


def silences(
    definitions: Definitions, log: str, known: Mapping[tuple[str, str], datetime], begin: datetime, end: datetime
) -> dict[tuple[str, str], float]:
    """By predictor and model id, the seconds from the end of the last window with predictions to `end`.

    A registered model that nobody has seen is silent since the history began, as far as anyone knows.
    """
    registered = definitions.predictors.values()
    models = {(p.predictor, model.id) for p in registered if p.log == log for model in p.models}
    since = dict.fromkeys(models, begin) | lately(known, end)
    return {model: max((end - at).total_seconds(), 0.0) for model, at in since.items()}


def past(history: History, log: str, lengths: Sequence[Window], last: datetime) -> Iterator[tuple[WindowProfiles, int]]:
    """The windows to remember at a start, counts alone, and how many scanned windows are in each.

    What is older than a week is known from the longer windows.

    Args:
        history: where they are kept.
        log: whose they are.
        lengths: of the log's windows, the scanned one first.
        last: the end of the latest scanned window.
    """
    scanned, *merged = lengths
    for window in merged[:1]:
        for profiles in history.read_counts(log, window, last - KNOWN_FOR, last - RECENT):
            yield profiles, window.seconds // scanned.seconds
    for profiles in history.read_counts(log, scanned, last - RECENT, last):
        yield profiles, 1


def _tell(what: str, feature: tuple[str, str], kind: Kind) -> None:
    event(_log, logging.WARNING, what, predictor=feature[0], feature=feature[1], kind=kind)


def _keys(*names: Text) -> Ints:
    keys = np.zeros(len(names[0]), np.int64)
    for column in names:
        keys = keys * (len(column.words) + 1) + column.codes + 1
    return keys


def _found(keys: Ints, wanted: Ints) -> tuple[Ints, Any]:
    """For each wanted key its place among ascending keys, and whether it is there."""
    place = np.searchsorted(keys, wanted)
    there = place < len(keys)
    there[there] = keys[place[there]] == wanted[there]
    return place, there


def _absent(profiles: Profiles, models: Ints, features: Text) -> Profiles:
    """Profiles of features that are missing in all rows of their models; `models` are rows of predictions."""
    size = len(models)
    counts: dict[str, Any] = {name: np.zeros(size, np.int64) for name in COUNTS}
    counts |= {"rows": profiles.rows[models], "nulls": profiles.rows[models], "unseen": np.full(size, -1)}
    moments: dict[str, Any] = {name: np.full(size, np.nan) for name in MOMENTS}
    nothing, nobody = np.zeros(size + 1, np.int64), np.empty(0, np.int64)
    return Profiles(
        predictor=profiles.predictor.take(models),
        model_id=profiles.model_id.take(models),
        feature=features,
        **counts,
        **moments,
        grid=np.full((size, len(GRID)), np.nan),
        atoms=NumberLists(nothing, np.empty(0), nobody),
        categories=NameLists(nothing, Text.of(()), nobody),
    )


def _atoms(profiles: Profiles) -> pa.Table:
    if len(profiles.atoms.values) > _MOST_ATOMS:
        return ATOMS.empty_table()
    rows = np.repeat(np.arange(len(profiles)), profiles.atoms.lengths)
    columns = {
        "predictor": profiles.predictor.take(rows).to_arrow().cast(pa.string()),
        "feature": profiles.feature.take(rows).to_arrow().cast(pa.string()),
        "value": pa.array(profiles.atoms.values),
    }
    table = pa.table(columns, schema=ATOMS)
    return table.group_by(ATOMS.names).aggregate([])  # the models of a predictor share them


def _contrary(profiles: Profiles, kinds: Kinds) -> Iterable[tuple[str, str]]:
    """Features most of whose values are not of their kind: text in numeric ones, or numbers in categorical ones."""
    categories = profiles.categories
    looks = np.zeros(len(profiles), np.int64)
    owner = np.repeat(np.arange(len(profiles)), categories.lengths)
    if len(owner):
        numbers = np.array([is_number(word) for word in categories.names.words], bool)[categories.names.codes]
        np.add.at(looks, owner, np.where(numbers, categories.counts, 0))
    suspects = (profiles.unparsable > profiles.values) | (profiles.is_categorical & (2 * looks > profiles.values))
    for row in np.flatnonzero(suspects & ~profiles.is_prediction).tolist():
        key = str(profiles.predictor[row]), str(profiles.feature[row])
        expected = Kind.CATEGORICAL if profiles.is_categorical[row] else Kind.NUMERIC
        if kinds.get(key) is expected:
            yield key


def _has_values(profiles: Profiles, predictor: str, feature: str) -> bool:
    """Whether any model of the predictor has values of the feature that can be read."""
    rows = profiles.of_predictor(predictor)
    return bool((profiles.values[rows][profiles.feature.codes[rows] == profiles.feature.code(feature)] > 0).any())


def is_number(text: str) -> bool:
    """Whether a category looks like a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
