"""`python -m benchmarks [NAME…]`: run benchmarks, print a line for each comparison, exit 1 if any falls short.

A benchmark is a module of this package with `run() -> Iterator[Line]`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from benchmarks.lines import HEADING, Line


def names() -> list[str]:
    """The benchmarks there are."""
    modules = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    return [name for name in modules if hasattr(import_module(f"benchmarks.{name}"), "run")]


def main(wanted: list[str]) -> int:
    """Run the wanted benchmarks, all by default; 1 if any falls short, 2 if one does not exist."""
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    print(HEADING)
    short = False
    for name in wanted or names():
        line: Line
        for line in import_module(f"benchmarks.{name}").run():
            print(line, flush=True)
            short = short or line.ok is False
    return int(short)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
