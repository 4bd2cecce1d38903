"""The kinds of findings: each is a module with a `RULE`, and those in a package are all that there are of it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Protocol

from generator.findings import Rule

_PAGES = Path(__file__).parent / "pages"


class Kind(Protocol):
    """A module that is a kind of finding."""

    RULE: Rule


def kinds(package: ModuleType) -> list[Any]:
    """The modules of a package, by name."""
    return [import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__)]


def page(code: str) -> str:
    """The finding's page in the documentation, Markdown."""
    return (_PAGES / f"{code}.md").read_text(encoding="utf-8")
