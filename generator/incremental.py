"""What earlier runs rendered: a large registry's `generate` renders again only the predictors that have changed.

A file in the user's cache folder, one an output folder, holds digests: under one of all that a predictor's files come
from (its model, the targets, this code, the libraries that it writes with), one of each file. A predictor is not
rendered only when all its files on disk have these digests: so no file goes stale unseen, and a cache that is missing
or broken costs time alone. `generate --check`, which is the judge, does without.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from generator import render as full
from generator.model import Registry
from generator.render import Progress
from generator.render.renderer import Files
from metrics_exporter import definitions

LEAST_PREDICTORS = 50  # fewer are rendered before a person notices

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
    made, memory = _made_by(targets), _memory(output)
    keys = {predictor.id: _digest(f"{made}{predictor!r}".encode()) for predictor in registry.predictors}
    present = set(keys.values())
    known = _as_they_were(output, {key: files for key, files in _recall(memory).items() if key in present})
    changed = [predictor for predictor in registry.predictors if keys[predictor.id] not in known]
    kept = frozenset(path for files in known.values() for path in files)
    files = full.render_shared(registry, targets)
    for predictor, its in full.render_each(progress(changed), targets):
        files |= its
        known[keys[predictor.id]] = {path: _digest(content) for path, content in its.items()}
    _remember(memory, known)
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
        return None if file.is_symlink() else _digest(file.read_bytes())
    except OSError:
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _made_by(targets: Collection[str]) -> str:
    """A digest of what else, beside its model, decides what a predictor's files are."""
    package = Path(__file__).parent
    code = hashlib.sha256(Path(definitions.__file__).read_bytes())
    for module in sorted(package.rglob("*.py")):
        code.update(f"{module.relative_to(package)}\0".encode())
        code.update(module.read_bytes())
    libraries = [version(name) for name in ("grafanalib", "orjson", "pydantic", "pyyaml")]
    return json.dumps([code.hexdigest(), *libraries, *sorted(targets)])


def _memory(output: Path) -> Path:
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    return caches / "driftgauge" / "rendered" / f"{_digest(os.fsencode(output.resolve()))[:32]}.json"


def _recall(memory: Path) -> dict[str, Digests]:
    """What is known, by the digest of what it was made from; nothing where the file is not whole."""
    try:
        digest, _, content = memory.read_bytes().partition(b"\n")
    except OSError:
        return {}
    if digest.decode(errors="replace") != _digest(content):
        return {}
    known: dict[str, Digests] = json.loads(content)
    return known


def _remember(memory: Path, known: Mapping[str, Digests]) -> None:
    content = json.dumps(known).encode()
    staged = memory.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # a home that can't be written to: the next run takes its time
        memory.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(_digest(content).encode() + b"\n" + content)
        staged.replace(memory)
