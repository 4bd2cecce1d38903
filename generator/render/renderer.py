"""What a renderer is: a pure function for the files of the whole registry, and one for those of a predictor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from generator.alerting.rules import Rules, rules_of
from generator.model import Predictor, Registry

Files = dict[str, bytes]  # content by path, relative to the output folder


@dataclass(frozen=True)
class Renderer:
    """A kind of output.

    Attributes:
        shared: the files that belong to no single predictor.
        predictor: the files of one predictor, with the rules of its alerts, which several kinds of output hold. They
            come from nothing else, so a change to one predictor leaves the files of all others alone, and what has not
            changed need not be rendered again.
    """

    shared: Callable[[Registry], Files]
    predictor: Callable[[Predictor, Rules], Files]

    def __call__(self, registry: Registry) -> Files:
        """All files of this kind."""
        files = self.shared(registry)
        for predictor in registry.predictors:
            files |= self.predictor(predictor, rules_of(predictor))
        return files
