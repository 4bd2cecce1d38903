"""What is told of a model rather than of its values."""

from __future__ import annotations

from metrics_exporter.statistics.kinds import Context, ModelState


def window_end(_: ModelState, context: Context) -> float | None:
    """The end of the latest closed window in Unix seconds."""
    return None if context.end is None else context.end.timestamp()


def silence(model: ModelState, _: Context) -> float | None:
    """How long the model has made no predictions, in seconds."""
    return model.silence


def model_info(_: ModelState, __: Context) -> float:
    """Always 1: the labels carry role and team."""
    return 1
