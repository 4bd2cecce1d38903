"""How Spark and Databricks write the statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from metrics_exporter.sources.sql.dialect import ITEM, NO_LIST, Dialect
from metrics_exporter.sources.sql.source import Source

_ACCURACY = 2_000  # ranks are right to one in so many


class Spark(Dialect):
    """Spark 4, in ANSI mode, with the session's time zone UTC."""

    double = "DOUBLE"
    text = "STRING"
    integer = "BIGINT"
    null_list = "CAST(NULL AS ARRAY<STRING>)"
    infinity = "DOUBLE('Infinity')"
    nan = "DOUBLE('NaN')"

    def identifier(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def string(self, text: str) -> str:
        """A backslash begins an escape."""
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def listed_parameters(self, alias: str, columns: Mapping[str, tuple[str, str]]) -> str:
        lists = ", ".join(f"CAST({self.parameter(name)} AS ARRAY<{kind}>)" for name, kind in columns.values())
        return f"(SELECT inline(arrays_zip({lists})) AS ({', '.join(columns)})) AS {alias}"

    def time_of_text(self, text: str) -> str:
        return f"TRY_CAST(trim({text}) AS TIMESTAMP)"

    def time(self, source: Source, name: str) -> str:
        return f"CAST({self.parameter(name)} AS {'TIMESTAMP_NTZ' if source.sent_at == 'naive' else 'TIMESTAMP'})"

    def window(self, source: Source, seconds: int) -> str:
        return f"CAST(floor(unix_micros(CAST({self.sent_at(source)} AS TIMESTAMP)) / {seconds}000000) AS BIGINT)"

    def array(self, items: Iterable[str], kind: str) -> str:
        return f"CAST(array({', '.join(items)}) AS ARRAY<{kind}>)"

    def names_of_columns(self, source: Source) -> str:
        return self.array((self.string(column.name) for column in source.feature_columns), self.text)

    def feature_columns(self, source: Source) -> str:
        if source.layout == "columns":
            return super().feature_columns(source)
        features = self.features_map(source, self.identifier(source.features))
        values = f"map_values({features})"
        numbers = f"CAST({values} AS ARRAY<DOUBLE>)" if source.has_numbers else "CAST(NULL AS ARRAY<DOUBLE>)"
        labels = f"CAST({values} AS ARRAY<STRING>)" if source.has_labels else self.null_list
        return f"map_keys({features}) AS names, {numbers} AS numbers, {labels} AS labels"

    def features_map(self, source: Source, column: str) -> str:
        return self.json_map(column) if source.layout == "json" else column

    def json_map(self, column: str) -> str:
        return f"from_json({self.to_text(column)}, 'map<string,string>')"

    def list_of_text(self, text: str) -> str:
        few = rf"^\s*[\[({{]?\s*({ITEM})(\s*[,;|]\s*({ITEM}))*\s*[,;|]?\s*[\])}}]?\s*$"
        return (
            f"CASE WHEN {self.is_one_of(text, NO_LIST)} THEN NULL "
            f"WHEN {self.matches(text, few)} AND NOT {self.matches(text, ':[ ]')} "
            f"AND NOT {self.is_one_of(text, ('true', 'false'))} "
            f"AND startswith(trim({text}), '[') = endswith(trim({text}), ']') "
            f"THEN transform(regexp_extract_all({text}, {self.string(ITEM)}, 0), item -> "
            "CASE WHEN substr(item, 1, 1) IN ('\"', '\\'') THEN substr(item, 2, length(item) - 2) ELSE item END) END"
        )

    def entries(self, rows: str, source: Source) -> str:
        none = "CAST(array() AS ARRAY<STRING>)"
        return (
            f"{rows} LATERAL VIEW inline(arrays_zip("
            f"concat(array(CAST(NULL AS STRING)), coalesce(names, {none}), "
            f"coalesce(array_except(defaults, coalesce(names, {none})), {none})), "
            "concat(array(result_number), coalesce(numbers, CAST(array() AS ARRAY<DOUBLE>))), "
            f"concat(array(result_label), coalesce(labels, {none})))) entry AS feature, number, label"
        )

    def matches(self, text: str, pattern: str) -> str:
        return f"{text} RLIKE {self.string(pattern)}"

    def is_nan(self, number: str) -> str:
        return f"isnan({number})"

    def is_finite(self, number: str) -> str:
        """NaN is greater than infinity."""
        return f"abs({number}) < {self.infinity}"

    def contains(self, items: str, item: str) -> str:
        return f"array_contains({items}, {item})"

    def quantiles(self, number: str, ranks: Sequence[float]) -> str:
        return f"percentile_approx({number}, array({', '.join(f'{rank}D' for rank in ranks)}), {_ACCURACY})"

    def any_value(self, item: str) -> str:
        return f"any_value({item}, TRUE)"

    def content_key(self, source: Source) -> str:
        return "xxhash64(result_number, result_label, defaults, names, numbers, labels)"
