"""An engine: a warehouse that really runs, and what it can store. Each file of `engines/` has some in `ENGINES`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from metrics_exporter.sources import Warehouse
from tests.conformance import engines
from tests.conformance.table import Ability, Table

Load = Callable[[Table], Warehouse]


@dataclass(frozen=True)
class Engine:
    """A warehouse to run the cases against.

    Attributes:
        name: as the tests are called by.
        can: what it can store. Cases that need more are skipped, and say so.
        start: starts it, given a folder of its own; yields what stores a table, replacing any of that name, and answers
            the warehouse to scan it with. Skips where the machine hasn't what it takes (see `tests/real_parts.py`).
        is_server: it takes its time to start, so its tests are marked `server`.
        is_variant: another place for the tables of an engine that has all cases: only those that depend on how a table
            is stored are run, and each in one shape alone.
        rank_error: that of its approximate percentiles, of values that don't repeat.
        around_atoms: the rank error that its approximate percentiles have beside a value that holds much of a series.
        small_models: the rank error of its percentiles of models of few rows, which are exact where it counts them all.
        sure_atoms: a value that holds this share of a series is seen to repeat in its percentiles.
        interpolates: its percentiles lie between values that there are.
        counts_undated: it looks for rows without a time in the whole table.
        deviations: by the name of a case, with or without that of its shape, why the engine differs from what the
            documentation says. Such a test is expected to fail, and fails once it passes.
    """

    name: str
    can: frozenset[Ability]
    start: Callable[[Path], AbstractContextManager[Load]]
    is_server: bool = False
    is_variant: bool = False
    rank_error: float = 0.01
    around_atoms: float = 0.01
    small_models: float = 1e-9
    sure_atoms: float = 0.04
    interpolates: bool = False
    counts_undated: bool = True
    deviations: Mapping[str, str] = field(default_factory=dict)


def found_engines() -> list[Engine]:
    """Those of all files in `engines/`."""
    modules = sorted(module.name for module in pkgutil.iter_modules(engines.__path__, f"{engines.__name__}."))
    return [engine for name in modules for engine in importlib.import_module(name).ENGINES]
