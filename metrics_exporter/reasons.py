"""Why a file could not be read, in words for a message: the place and the problem, never what the file holds."""

from __future__ import annotations

import re

import yaml

# A parser quotes single characters, which are syntax, and words of the file, which may be a password.
_QUOTED = re.compile(r"""'\\?.'|'.*'|".*\"""", re.S)


def reason(error: Exception) -> str:
    """What the system or a parser says, on one line, without the path and without words of the file."""
    if isinstance(error, RecursionError):
        return "nested too deep"
    if isinstance(error, LookupError | AttributeError):
        return "a value is not what its tag says"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {_unquoted(error.problem or 'wrong syntax')}"
    return _unquoted(str(getattr(error, "strerror", None) or error))


def _unquoted(text: str) -> str:
    kept = _QUOTED.sub(lambda quoted: quoted[0] if len(quoted[0].strip("'\\")) <= 1 else "…", text)
    return " ".join(kept.split())
