"""What earlier runs rendered: a large registry's `generate` renders again only the predictors that have changed.

A file in the user's cache folder, one an output folder, holds digests: under one of all that a predictor's files come
from (its model, the targets, this code, the libraries that it writes with), one of each file. A predictor is not
rendered only when all its files on disk have these digests: so no file goes stale unseen, and a cache that is missing
or broken costs time alone. `generate --check`, which is the judge, does without.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from generator import memory
from generator import render as full
from generator.model import Registry
from generator.render import Progress
from generator.render.renderer import Files

LEAST_PREDICTORS = 50  # fewer are rendered before a person notices

_LIBRARIES = ("grafanalib", "orjson", "pydantic", "pyyaml")

Digests = dict[str, str]  # by path


@dataclass(frozen=True)
class Rendered:
    """The wanted files: those that were rendered, and the paths of those on disk that would come out the same."""

    files: Files
    kept: frozenset[str] = frozenset()


def render(registry: Registry, targets: Collection[str], output: Path, progress: Progress) -> Rendered:
    """Render what is not in `output` yet.

    Raises:
        RenderError: an artifact would be refused by the system that it is for.
    """
    if len(registry.predictors) < LEAST_PREDICTORS:
        return Rendered(full.render(registry, targets, progress))
    made, file = f"{memory.made_by(*_LIBRARIES)}{sorted(targets)}", memory.place("rendered", output)
    keys = {predictor.id: memory.digest(f"{made}{predictor!r}".encode()) for predictor in registry.predictors}
    present = set(keys.values())
    known = _as_they_were(output, {key: files for key, files in _recall(file).items() if key in present})
    changed = [predictor for predictor in registry.predictors if keys[predictor.id] not in known]
    kept = frozenset(path for files in known.values() for path in files)
    files = full.render_shared(registry, targets)
    for predictor, its in full.render_each(progress(changed), targets):
        files |= its
        known[keys[predictor.id]] = {path: memory.digest(content) for path, content in its.items()}
    memory.remember(file, json.dumps(known).encode())
    return Rendered(files, kept)


def _as_they_were(output: Path, known: Mapping[str, Digests]) -> dict[str, Digests]:
    """What is known, as far as the files on disk are still as it says."""
    return {
        key: files
        for key, files in known.items()
        if all(_digest_of(output / path) == digest for path, digest in files.items())
    }


def _digest_of(file: Path) -> str | None:
    try:
        return None if file.is_symlink() else memory.digest(file.read_bytes())
    except OSError:
        return None


def _recall(file: Path) -> dict[str, Digests]:
    """What is known, by the digest of what it was made from."""
    known: dict[str, Digests] = json.loads(memory.recall(file) or b"{}")
    return known
