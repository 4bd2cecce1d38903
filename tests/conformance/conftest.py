"""The engines, each started once a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.conformance.engine import Engine, Load


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Engine], Load]]:
    """Starts an engine, if it has not been; all stop at the end of the session."""
    loads: dict[str, Load] = {}
    with ExitStack() as stack:

        def start(engine: Engine) -> Load:
            if engine.name not in loads:
                loads[engine.name] = stack.enter_context(engine.start(tmp_path_factory.mktemp(engine.name)))
            return loads[engine.name]

        yield start
