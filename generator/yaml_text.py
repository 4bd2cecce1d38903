"""Names and values as they are written into YAML files that people edit."""

from __future__ import annotations

import json
import re

from generator.findings import scalars

_SPECIAL = frozenset(":#*{}[],&!|>'\"%@`")
_PLAIN = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


def scalar(text: str) -> str:
    """`text` as a YAML scalar for block and flow style: bare where every reader takes it for text, else quoted."""
    bare = bool(_PLAIN.fullmatch(text)) and scalars.resolve(text) == (text, None)
    return text if bare else json.dumps(text, ensure_ascii=False)


def flow(value: object) -> str:
    """A value in flow style, as a person would write it: text is quoted only where it must be."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    plain = isinstance(value, str) and scalars.resolve(value) == (value, None) and _SPECIAL.isdisjoint(value)
    return str(value) if plain else json.dumps(value, ensure_ascii=False)
