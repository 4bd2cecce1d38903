"""The reference profiles that a registry names: files below its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from metrics_exporter.training_profiles import TrainingProfileError, parse


@dataclass(frozen=True)
class Facts:
    """What a profile of a training set says of itself.

    Attributes:
        kinds: of the features that have values, by name; of the others, None.
        problem: why it is no profile; it says nothing else then.
    """

    predictor: str = ""
    model_id: str = ""
    kinds: Mapping[str, str | None] | None = None
    problem: str | None = None


def read(folder: Path, profile: str) -> bytes | None:
    """A profile's bytes, None where there is no such file below the registry `folder`, or it can't be read."""
    try:
        file = (folder / profile).resolve()
        return file.read_bytes() if file.is_relative_to(folder.resolve()) and file.is_file() else None
    except OSError:  # such as a name that is too long for any file
        return None


def facts(folder: Path, profile: str) -> Facts | None:
    """What a profile says of itself; None where there is none."""
    content = read(folder, profile)
    if content is None:
        return None
    try:
        parsed = parse(content)
    except TrainingProfileError as error:
        return Facts(problem=str(error))
    kinds = {name: summary.kind for name, summary in parsed.features.items()}
    return Facts(parsed.predictor, parsed.model_id, kinds)
