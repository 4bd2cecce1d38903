"""Profiles of training sets as files: what `driftgauge profile` writes, the registry names and the exporter reads.

JSON, for people to read and to compare: a line a property, a list on one line. The names of features are sorted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, field_validator

from metrics_exporter.errors import UserError

SCHEMA_VERSION = 1
POINTS = 99

_Count = Annotated[int, Field(ge=0)]


class TrainingProfileError(UserError):
    """A file that is no profile of a training set; the message says what is wrong with it."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Numbers(_Part):
    """The distribution of finite values.

    Attributes:
        standard_deviation: of a sample, with n - 1.
        grid: the 1st to 99th percentiles, ascending.
        grid_rows: how many values the grid was made from.
        atoms: values that hold at least 0.5 % of all, with their counts; ascending.
    """

    mean: FiniteFloat
    standard_deviation: Annotated[FiniteFloat, Field(ge=0)] | None
    minimum: FiniteFloat
    maximum: FiniteFloat
    grid: Annotated[tuple[FiniteFloat, ...], Field(min_length=POINTS, max_length=POINTS)]
    grid_rows: _Count
    atoms: tuple[tuple[FiniteFloat, _Count], ...] = ()

    @field_validator("grid")
    @classmethod
    def _ascends(cls, grid: tuple[float, ...]) -> tuple[float, ...]:
        if any(high < low for low, high in pairwise(grid)):
            raise ValueError("does not ascend")
        return grid


class Categories(_Part):
    """The most frequent categories with their counts, how many values all others have, and how many there are."""

    top: tuple[tuple[str, _Count], ...]
    other: _Count
    distinct: _Count


class Summary(_Part):
    """What a training set has of a feature, or of its predictions; booleans have numbers and categories."""

    values: _Count
    nulls: _Count
    infinities: _Count
    unparsable: _Count
    numbers: Numbers | None = None
    categories: Categories | None = None

    @property
    def kind(self) -> str | None:
        """The kind that its values were read as; None: there are none."""
        if self.numbers is None:
            return None if self.categories is None else "categorical"
        return "numeric" if self.categories is None else "boolean"


class TrainingProfile(_Part):
    """What one model was trained on."""

    schema_version: int
    predictor: str
    model_id: str
    rows: _Count
    prediction: Summary | None = None
    features: dict[str, Summary]


def parse(content: bytes) -> TrainingProfile:
    """The profile that a file's bytes are.

    Raises:
        TrainingProfileError: they are none, or one of a newer version.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise TrainingProfileError("is no JSON") from None
    version = document.get("schema_version") if isinstance(document, dict) else None
    if not isinstance(version, int):
        raise TrainingProfileError("has no schema_version, so it is no profile that `driftgauge profile` wrote")
    if version > SCHEMA_VERSION:
        raise TrainingProfileError(f"has schema_version {version}, and this driftgauge reads up to {SCHEMA_VERSION}")
    try:
        return TrainingProfile.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise TrainingProfileError(
            f"has a mistake at {place}: {first['msg'].removeprefix('Value error, ').lower()}"
        ) from None


def text(profile: TrainingProfile) -> str:
    """What goes into the file."""
    document = profile.model_dump(mode="json", exclude_none=True)
    document["features"] = dict(sorted(document["features"].items()))
    return "".join(_lines(document, 0)) + "\n"


def _lines(value: Any, depth: int) -> Iterator[str]:
    if not isinstance(value, dict):
        yield json.dumps(value, ensure_ascii=False)
        return
    yield "{"
    for place, (name, item) in enumerate(value.items()):
        yield f"{',' if place else ''}\n{'  ' * (depth + 1)}{json.dumps(name, ensure_ascii=False)}: "
        yield from _lines(item, depth + 1)
    yield f"\n{'  ' * depth}}}" if value else "}"
