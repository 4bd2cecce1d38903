"""How ClickHouse writes the statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from metrics_exporter.sources.sql.dialect import ITEM, NO_LIST, Dialect
from metrics_exporter.sources.sql.source import FeatureColumn, Source

_ACCURACY = 400  # ranks are right to one in so many


class ClickHouse(Dialect):
    """ClickHouse 24 and newer; settings: join_use_nulls, prefer_column_name_to_alias, enable_unaligned_array_join."""

    double = "Nullable(Float64)"
    text = "Nullable(String)"
    integer = "Nullable(Int64)"
    null_list = "CAST([] AS Array(String))"
    explain = "EXPLAIN indexes = 1"  # with the parts and granules that are left to read
    infinity = "inf"
    nan = "nan"
    variance = "varPopStable"  # varPop is wrong for values far from 0

    def identifier(self, name: str) -> str:
        return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"

    def string(self, text: str) -> str:
        """A backslash begins an escape."""
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def parameter(self, name: str) -> str:
        return f"{{{name}:String}}"

    def listed_parameters(self, alias: str, columns: Mapping[str, tuple[str, str]]) -> str:
        lists = ", ".join(f"{{{name}:Array({kind})}} AS {column}" for column, (name, kind) in columns.items())
        return f"(SELECT {', '.join(columns)} FROM system.one ARRAY JOIN {lists}) AS {alias}"

    def time_of_text(self, text: str) -> str:
        return f"parseDateTime64BestEffortOrNull(trimBoth({text}), 6, 'UTC')"

    def time(self, source: Source, name: str) -> str:
        return f"toDateTime64({self.parameter(name)}, 6, 'UTC')"

    def window(self, source: Source, seconds: int) -> str:
        moment = f"assumeNotNull(toDateTime64({self.sent_at(source)}, 6, 'UTC'))"
        return f"intDiv(toUnixTimestamp64Micro({moment}), {seconds}000000)"

    def array(self, items: Iterable[str], kind: str) -> str:
        return f"CAST([{', '.join(items)}] AS Array({kind}))"

    def names_of_columns(self, source: Source) -> str:
        return self.array((self.string(column.name) for column in source.feature_columns), "String")

    def column(self, feature: FeatureColumn) -> str:
        first, *rest = feature.path
        return f"tupleElement({self.identifier(first)}, {self.string(rest[0])})" if rest else self.identifier(first)

    def feature_columns(self, source: Source) -> str:
        if source.layout == "columns":
            return super().feature_columns(source)
        column = self.identifier(source.features)
        numbers, labels = f"CAST([] AS Array({self.double}))", f"CAST([] AS Array({self.text}))"
        if source.layout == "json":
            found = f"JSONExtractKeysAndValuesRaw(assumeNotNull({self.to_text(column)}))"
            which = f"arrayEnumerateUniq(arrayMap(pair -> pair.1, {found}))"
            pairs = f"arrayFilter((pair, which) -> which = 1, {found}, {which})"  # of a name twice, the first value
            value = "if(startsWith(pair.2, '\"'), JSONExtractString(pair.2), nullIf(pair.2, 'null'))"
            return (
                f"arrayMap(pair -> pair.1, {pairs}) AS names, {numbers} AS numbers, "
                f"arrayMap(pair -> CAST({value} AS {self.text}), {pairs}) AS labels"
            )
        if source.has_numbers:
            numbers = f"CAST(mapValues({column}) AS Array({self.double}))"
        if source.has_labels:
            labels = f"CAST(mapValues({column}) AS Array({self.text}))"
        return f"CAST(mapKeys({column}) AS Array(String)) AS names, {numbers} AS numbers, {labels} AS labels"

    def json_map(self, column: str) -> str:
        """NULL where the text is no object."""
        return f"nullIf(JSONType(assumeNotNull({self.to_text(column)})) = 'Object', 0)"

    def defaults(self, source: Source) -> str:
        """An array is never NULL."""
        if source.defaults == "list":
            return f"CAST({self.identifier(source.columns.default_values_used)} AS Array(String))"
        return super().defaults(source)

    def defaults_unreadable(self, source: Source) -> str:
        if source.defaults != "text":
            return "FALSE"
        text = self.to_text(self.identifier(source.columns.default_values_used))
        return f"coalesce(NOT {self.is_one_of(text, NO_LIST)} AND empty({self.list_of_text(text)}), FALSE)"

    def list_of_text(self, text: str) -> str:
        few = rf"^\s*[\[({{]?\s*({ITEM})(\s*[,;|]\s*({ITEM}))*\s*[,;|]?\s*[\])}}]?\s*$"
        sound = f"coalesce({text}, '')"
        is_json = f"isValidJSON({sound}) AND JSONType({sound}) = 'Array'"
        return (
            f"if({is_json}, JSONExtract({sound}, 'Array(String)'), "
            f"if(NOT {self.is_one_of(sound, NO_LIST)} "
            f"AND {self.matches(sound, few)} AND NOT {self.matches(sound, ':[ ]')} "
            f"AND NOT {self.is_one_of(sound, ('true', 'false'))} "
            f"AND startsWith(trimBoth({sound}), '[') = endsWith(trimBoth({sound}), ']'), "
            f"arrayMap(item -> if(substring(item, 1, 1) IN ('\"', '\\''), substring(item, 2, length(item) - 2), item), "
            f"extractAll({sound}, {self.string(ITEM.replace('( +', '(?: +'))})), CAST([] AS Array(String))))"
        )

    def entries(self, rows: str, source: Source) -> str:
        return (
            f"{rows} ARRAY JOIN "
            f"arrayConcat([CAST(NULL AS {self.text})], names, "
            "arrayDistinct(arrayFilter(name -> NOT has(names, name), defaults))) AS feature, "
            "arrayConcat([result_number], numbers) AS number, arrayConcat([result_label], labels) AS label"
        )

    def matches(self, text: str, pattern: str) -> str:
        return f"match({text}, {self.string(pattern)})"

    def without_fraction(self, number: str) -> str:
        return f"replaceRegexpOne({self.to_text(number)}, '[.]0+$', '')"

    def is_nan(self, number: str) -> str:
        return f"isNaN({number})"

    def is_finite(self, number: str) -> str:
        return f"isFinite({number})"

    def same_number(self, left: str, right: str) -> str:
        """A join tells 0 from -0."""
        return f"{left} + 0 = {right} + 0"

    def double_of_number(self, text: str) -> str:
        return f"toFloat64OrNull(trimBoth({text}))"

    def contains(self, items: str, item: str) -> str:
        return f"has({items}, {item})"

    def quantiles(self, number: str, ranks: Sequence[float]) -> str:
        return f"quantilesGK({_ACCURACY}, {', '.join(map(str, ranks))})({number})"

    def count_if(self, condition: str) -> str:
        """Counts are unsigned, and have no type in common with sums."""
        return f"toInt64({super().count_if(condition)})"

    def any_value(self, item: str) -> str:
        return f"any({item})"

    def first_names(self, item: str, condition: str, most: int) -> str:
        return f"arraySlice(groupArrayIf({item}, {condition}), 1, {most})"

    def content_key(self, source: Source) -> str:
        return "cityHash64(toString(tuple(result_number, result_label, defaults, names, numbers, labels)))"
