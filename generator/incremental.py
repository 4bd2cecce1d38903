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
from importlib.metadata import version
from pathlib import Path

import metrics_exporter
from generator import render as full
from generator.model import Registry
from generator.render import Progress
from generator.render.renderer import Files

LEAST_PREDICTORS = 50  # fewer are rendered before a person notices

Digests = dict[str, str]  # by path


def render(registry: Registry, targets: Collection[str], output: Path, progress: Progress) -> Files:
    """All generated files; those that are in `output` as they would be rendered are read there.

    Raises:
        RenderError: an artifact would be refused by the system that it is for.
    """
    wanted = tuple(targets)
    if len(registry.predictors) < LEAST_PREDICTORS:
        return full.render(registry, wanted, progress)
    files, memory, made = full.render_shared(registry, wanted), _memory(output), _made_by(wanted)
    known, remembered, changed = _recall(memory), {}, {}
    for predictor in registry.predictors:
        key = _digest(f"{made}{predictor!r}".encode())
        if before := _as_before(output, known.get(key, {})):
            files |= before
            remembered[key] = known[key]
        else:
            changed[predictor.id] = key
    for predictor, its in full.render_each(progress([one for one in registry.predictors if one.id in changed]), wanted):
        files |= its
        remembered[changed[predictor.id]] = {path: _digest(content) for path, content in its.items()}
    _remember(memory, remembered)
    return files


def _as_before(output: Path, digests: Digests) -> Files:
    """A predictor's files on disk; none when one of them is not as it was, or nothing is known of them."""
    files: Files = {}
    for path, digest in digests.items():
        try:
            content = Path(output, path).read_bytes()
        except OSError:
            return {}
        if _digest(content) != digest:
            return {}
        files[path] = content
    return files


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _made_by(targets: Collection[str]) -> str:
    """A digest of what else, beside its model, decides what a predictor's files are."""
    code = hashlib.sha256()
    for package in (Path(__file__).parent, Path(metrics_exporter.__file__).parent):
        for module in sorted(package.rglob("*.py")):
            code.update(f"{module.relative_to(package)}\0".encode())
            code.update(module.read_bytes())
    libraries = [version(name) for name in ("grafanalib", "pydantic", "pyyaml")]
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
