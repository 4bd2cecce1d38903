"""A prediction log as a warehouse has it: what the SQL must know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from metrics_exporter.definitions import Columns

Layout = Literal["map", "json_map", "json", "columns"]


@dataclass(frozen=True)
class FeatureColumn:
    """One feature with a column (or STRUCT field) of its own.

    Attributes:
        name: the feature's name.
        path: the column, and the field in it for a STRUCT.
        is_number: its type is a number; otherwise it is read as text.
    """

    name: str
    path: tuple[str, ...]
    is_number: bool


@dataclass(frozen=True)
class Partition:
    """A column by which the table is partitioned, and which of its values hold the rows that are wanted.

    Attributes:
        column: its name.
        kind: what it is compared with.
        values: those values, as text.
    """

    column: str
    kind: Literal["text", "number", "date"]
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A log as the warehouse has it: where its columns are, and of what shape.

    Attributes:
        table: the qualified name's parts.
        sent_at: how the time of sending is stored.
        layout: how the features are.
        features_are_text: the column with the features is text, so that it need not be JSON.
        feature_columns: the features of the layout `columns`, else empty.
        has_numbers: some features come as numbers.
        has_labels: some features come as text.
        defaults: how `default_values_used` is stored; None: there is no such column.
        result: how `prediction_result` is.
        number_names: the columns of `predictor_name` and `model_id` that hold numbers.
        has_text_ids: prediction ids are text, of which the empty one is none.
        partitions: the columns by which the table is partitioned.
        given: columns that the table lacks, with the text that each row is to have there; None: NULL.
    """

    table: tuple[str, ...]
    columns: Columns
    sent_at: Literal["naive", "zoned", "text"]
    layout: Layout
    features_are_text: bool
    feature_columns: tuple[FeatureColumn, ...]
    has_numbers: bool
    has_labels: bool
    defaults: Literal["list", "text"] | None
    result: Literal["number", "truth", "text", "none"]
    number_names: frozenset[str]
    has_text_ids: bool
    partitions: tuple[Partition, ...] = ()
    given: tuple[tuple[str, str | None], ...] = ()

    @property
    def features(self) -> str:
        """The column with all features, of the layouts that have one."""
        column = self.columns.features
        if not isinstance(column, str):
            raise TypeError(f"the layout {self.layout} has no column with all features")
        return column
