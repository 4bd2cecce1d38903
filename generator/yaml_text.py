"""Names as they are written into YAML files that people edit."""

from __future__ import annotations

import json
import re

from generator.spec import scalars

_PLAIN = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


def scalar(text: str) -> str:
    """`text` as a YAML scalar for block and flow style: bare where every reader takes it for text, else quoted."""
    bare = bool(_PLAIN.fullmatch(text)) and scalars.resolve(text) == (text, None)
    return text if bare else json.dumps(text, ensure_ascii=False)
