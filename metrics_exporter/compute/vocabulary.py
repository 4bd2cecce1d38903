"""Which categories the past weeks had, so that a scan can count those that are new."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from metrics_exporter.profiles.table import WindowProfiles
from metrics_exporter.sources.assemble import SEEN_NAMES
from metrics_exporter.sources.scan import NAMES
from metrics_exporter.windows import DAY, floor

SPAN = timedelta(days=28)
MOST_NAMES = 1_000  # of a predictor's feature; of one with more, nobody can tell which are new

_KEY = ["predictor", "feature", "name"]


class Vocabulary:
    """The categories of each predictor's features, with the first and the last window that had them."""

    def __init__(self, table: pa.Table | None = None) -> None:
        """Begin with what was kept, of the schema SEEN_NAMES."""
        self.table = SEEN_NAMES.empty_table() if table is None else table

    def learn(self, window: WindowProfiles, names: pa.Table) -> None:
        """Take up a window's categories: the top ones of its profiles, and the `names` beyond them."""
        profiles = window.profiles
        rows = np.repeat(np.arange(len(profiles)), np.where(profiles.is_categorical, profiles.categories.lengths, 0))
        chosen = np.repeat(profiles.is_categorical, profiles.categories.lengths)
        end = np.full(len(rows), int(window.end.timestamp()))
        columns = {
            "predictor": profiles.predictor.take(rows).to_arrow().cast(pa.string()),
            "feature": profiles.feature.take(rows).to_arrow().cast(pa.string()),
            "name": profiles.categories.names.take(chosen).to_arrow().cast(pa.string()),
            "first": end,
            "last": end,
        }
        every = pa.concat_tables([self.table, pa.table(columns, schema=SEEN_NAMES), names])
        merged = every.group_by(_KEY).aggregate([("first", "min"), ("last", "max")])
        recent = pc.greater(merged["last_max"], int((window.end - SPAN - DAY).timestamp()))
        self.table = merged.rename_columns(SEEN_NAMES.names).filter(recent)

    def before(self, start: datetime) -> pa.Table:
        """The categories that a full day before a window had, of the weeks before it; of the schema NAMES.

        Features that have more than `MOST_NAMES` are not among them.
        """
        midnight = int(floor(start, DAY).timestamp())
        past = self.table.filter(
            pc.and_(
                pc.less_equal(self.table["first"], midnight),
                pc.greater(self.table["last"], int((start - SPAN).timestamp())),
            )
        )
        sizes = self.table.group_by(["predictor", "feature"]).aggregate([("name", "count")])
        few = sizes.filter(pc.less_equal(sizes["name_count"], MOST_NAMES))
        return past.join(few, keys=["predictor", "feature"], join_type="left semi").select(NAMES.names)
