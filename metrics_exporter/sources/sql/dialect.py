"""How a warehouse writes what the statement asks for: the base is what most have, a warehouse states its differences.

A method gives the text of an expression, a list or a FROM item; its arguments are such texts, too. Names of tables and
columns come as quoted identifiers, all that a log holds as parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from metrics_exporter.sources.sql.source import FeatureColumn, Partition, Source

# What a number looks like as text; the largest exponents are left to `is_beyond`.
NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?\s*$"
INFINITE = r"^\s*[+-]?(inf|infinity)\s*$"
# Text that is no category, unless the feature is declared as one: lists, objects and times.
NO_CATEGORY = r"^(\[.*\]|\{.*\}|([0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}|[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{4})([ T].*)?)$"
# A name in a list that is text: in quotes, or without those and what separates names.
ITEM = r"""'[^']*'|"[^"]*"|[^\s'"\[\](){},;|]+( +[^\s'"\[\](){},;|]+)*"""
NO_LIST = ("", "[]", "{}", "()", "set()", "null", "none", "nan")
NO_FEATURES = ("", "null", "none", "nan", "{}", "[]")
_SCALE = "CAST(9.094947017729282e-13 AS {double})"  # a power of two, so that nothing is rounded
_LARGEST_SQUARE = "1e150"


class Dialect:
    """Standard SQL with maps and arrays, as Trino has it."""

    double = "DOUBLE"
    text = "VARCHAR"
    integer = "BIGINT"
    null_list = "CAST(NULL AS ARRAY(VARCHAR))"
    explain = "EXPLAIN"
    fence = (
        ""  # what ends a part of the statement whose expressions are to be computed once, not wherever they are used
    )

    # Names, literals, parameters

    def identifier(self, name: str) -> str:
        """A quoted name."""
        return '"' + name.replace('"', '""') + '"'

    def path(self, parts: Sequence[str]) -> str:
        """A qualified name."""
        return ".".join(map(self.identifier, parts))

    def table(self, source: Source) -> str:
        """The log's table, or a FROM item that adds the columns given to it."""
        if not source.given:
            return self.path(source.table)
        given = ", ".join(f"{self.given(text)} AS {self.identifier(name)}" for name, text in source.given)
        return f"(SELECT {given}, bare.* FROM {self.path(source.table)} AS bare) AS log_rows"

    def given(self, text: str | None) -> str:
        """A value of the type text."""
        return self.null_text if text is None else self.to_text(self.string(text))

    def string(self, text: str) -> str:
        """A literal."""
        return "'" + text.replace("'", "''") + "'"

    def parameter(self, name: str) -> str:
        """What stands for a parameter; its value is bound by the driver."""
        return f":{name}"

    def listed_parameters(self, alias: str, columns: Mapping[str, tuple[str, str]]) -> str:
        """A FROM item with a row for each place of some parameters that are lists of the same length.

        Args:
            alias: the item's name.
            columns: column → parameter, and the type of its items.
        """
        lists = ", ".join(f"CAST({self.parameter(name)} AS ARRAY({kind}))" for name, kind in columns.values())
        return f"(SELECT * FROM UNNEST({lists}) AS listed ({', '.join(columns)})) AS {alias}"

    # Columns of the log

    def name(self, column: str, *, is_number: bool) -> str:
        """The text of a predictor's or model's name: 3 and 3.0 are one; NULL is the empty one."""
        quoted = self.identifier(column)
        return f"coalesce({self.without_fraction(quoted) if is_number else self.to_text(quoted)}, '')"

    def without_fraction(self, number: str) -> str:
        """A number as text without a fraction of zeros, of which there may be more digits than a double holds."""
        return f"regexp_replace({self.to_text(number)}, '[.]0+$', '')"

    def prediction_id(self, source: Source) -> str:
        """NULL where there is none."""
        column = self.identifier(source.columns.prediction_id)
        return f"nullif({self.to_text(column)}, '')" if source.has_text_ids else column

    def sent_at(self, source: Source) -> str:
        """A timestamp, with or without a zone; NULL where there is none."""
        column = self.identifier(source.columns.sent_at)
        return self.time_of_text(column) if source.sent_at == "text" else column

    def time_of_text(self, text: str) -> str:
        """A timestamp with a zone; NULL where the text is no time."""
        return f"TRY(CAST(from_iso8601_timestamp(replace(trim({text}), ' ', 'T')) AS TIMESTAMP(6) WITH TIME ZONE))"

    def time(self, source: Source, name: str) -> str:
        """A parameter that is a time, as the column has it."""
        zoned = "TIMESTAMP(6)" if source.sent_at == "naive" else "TIMESTAMP(6) WITH TIME ZONE"
        return f"CAST({self.parameter(name)} AS {zoned})"

    def in_range(self, source: Source) -> str:
        """Whether a row is in the time range; it compares the bare column, so that the warehouse can prune."""
        moment = self.sent_at(source)
        conditions = [f"{moment} >= {self.time(source, 'start')}", f"{moment} < {self.time(source, 'end')}"]
        return " AND ".join([*conditions, *map(self.in_partition, source.partitions)])

    def in_partition(self, partition: Partition) -> str:
        """Whether a row is in a partition that is wanted."""
        quoted = map(self.string, partition.values)
        values = {"text": quoted, "number": partition.values, "date": (f"DATE {value}" for value in quoted)}
        return f"{self.identifier(partition.column)} IN ({', '.join(values[partition.kind])})"

    def window(self, source: Source, seconds: int) -> str:
        """The number of the window since 1970."""
        moment = self.sent_at(source)
        zoned = f"with_timezone({moment}, 'UTC')" if source.sent_at == "naive" else moment
        return f"CAST(floor(to_unixtime({zoned}) / {seconds}) AS {self.integer})"

    def result_number(self, source: Source) -> str:
        """The result where it is stored as a number or truth."""
        if source.result in {"text", "none"}:
            return self.null_number
        return self.to_double(self.identifier(source.columns.prediction_result))

    def result_label(self, source: Source) -> str:
        """The result where it is stored as text."""
        if source.result != "text":
            return self.null_text
        return f"nullif({self.to_text(self.identifier(source.columns.prediction_result))}, '')"

    def defaults(self, source: Source) -> str:
        """The names whose value is a default, as an array; NULL for none, and where the text can't be read."""
        if source.defaults is None:
            return self.null_list
        column = self.identifier(source.columns.default_values_used)
        return column if source.defaults == "list" else self.list_of_text(self.to_text(column))

    def defaults_unreadable(self, source: Source) -> str:
        """Whether a row's defaults are text that is no list."""
        if source.defaults != "text":
            return "FALSE"
        text = self.to_text(self.identifier(source.columns.default_values_used))
        return f"coalesce(NOT {self.is_one_of(text, NO_LIST)} AND {self.list_of_text(text)} IS NULL, FALSE)"

    def is_one_of(self, text: str, words: Sequence[str]) -> str:
        """Whether a text is one of some words, whatever their case and the spaces around it."""
        return f"lower(trim({text})) IN ({', '.join(map(self.string, words))})"

    def list_of_text(self, text: str) -> str:
        """The names in a list that is text: JSON, Python or names between commas; NULL where it is none."""
        few = rf"^\s*[\[({{]?\s*({ITEM})(\s*[,;|]\s*({ITEM}))*\s*[,;|]?\s*[\])}}]?\s*$"
        return (
            f"CASE WHEN {self.is_one_of(text, NO_LIST)} THEN NULL "
            f"WHEN TRY(CAST(json_parse({text}) AS ARRAY(VARCHAR))) IS NOT NULL "
            f"THEN TRY(CAST(json_parse({text}) AS ARRAY(VARCHAR))) "
            f"WHEN {self.matches(text, few)} AND NOT {self.matches(text, ':[ ]')} "
            f"AND NOT {self.is_one_of(text, ('true', 'false'))} "
            f"AND (trim({text}) LIKE '[%') = (trim({text}) LIKE '%]') "
            f"THEN transform(regexp_extract_all({text}, {self.string(ITEM)}), item -> "
            "CASE WHEN substr(item, 1, 1) IN ('\"', '''') THEN substr(item, 2, length(item) - 2) ELSE item END)"
            " END"
        )

    # Features

    def feature_columns(self, source: Source) -> str:
        """Select items for what `entries` takes the features from: arrays `names`, `numbers` and `labels`."""
        if source.layout == "columns":
            return f"{self.names_of_columns(source)} AS names, {self.values_of_columns(source)}"
        column = self.identifier(source.features)
        features = self.features_map(source, column)
        values = f"map_values({features})"
        numbers = values if source.has_numbers else f"CAST(NULL AS ARRAY({self.double}))"
        labels = values if source.has_labels else f"CAST(NULL AS ARRAY({self.text}))"
        return f"map_keys({features}) AS names, {numbers} AS numbers, {labels} AS labels"

    def features_map(self, source: Source, column: str) -> str:
        """The features as a map from text to numbers or text."""
        if source.layout == "map":
            kind = self.double if source.has_numbers else self.text
            return f"CAST({column} AS MAP({self.text}, {kind}))"
        json = column if source.layout == "json_map" else self.json_map(column)
        return (
            f"transform_values({json}, (key, value) -> CASE WHEN json_format(value) = 'null' THEN NULL "
            "ELSE coalesce(json_extract_scalar(value, '$'), json_format(value)) END)"
        )

    def json_map(self, column: str) -> str:
        """A JSON object in a column, text or JSON, as a map from text to JSON; NULL where it is none."""
        return f"TRY(CAST(json_parse(CAST({column} AS VARCHAR)) AS MAP(VARCHAR, JSON)))"

    def features_unreadable(self, source: Source) -> str:
        """Whether a row's features are text that is no map."""
        if source.layout != "json":
            return "FALSE"
        column = self.identifier(source.features)
        text = self.to_text(column)
        return f"coalesce(NOT {self.is_one_of(text, NO_FEATURES)} AND {self.json_map(column)} IS NULL, FALSE)"

    def names_of_columns(self, source: Source) -> str:
        """The features' names as an array, in the order of the columns."""
        return self.array((self.string(column.name) for column in source.feature_columns), self.text)

    def values_of_columns(self, source: Source) -> str:
        """Arrays of the columns' numbers and labels."""
        numbers = (self.to_double(self.column(each)) if each.is_number else "NULL" for each in source.feature_columns)
        labels = ("NULL" if each.is_number else self.to_text(self.column(each)) for each in source.feature_columns)
        return f"{self.array(numbers, self.double)} AS numbers, {self.array(labels, self.text)} AS labels"

    def array(self, items: Iterable[str], kind: str) -> str:
        """An array of a type."""
        return f"CAST(ARRAY[{', '.join(items)}] AS ARRAY({kind}))"

    def column(self, feature: FeatureColumn) -> str:
        """The column of a feature, or the field in it."""
        return self.path(feature.path)

    def entries(self, rows: str, source: Source) -> str:
        """A FROM item with each row of `rows` once for its result, and once for each name in its features or defaults.

        It adds the columns `feature` (NULL: the result), `number` and `label`.
        """
        return (
            f"{rows} CROSS JOIN UNNEST("
            "ARRAY[CAST(NULL AS VARCHAR)] || coalesce(names, ARRAY[]) || "
            "coalesce(array_except(defaults, coalesce(names, ARRAY[])), ARRAY[]), "
            f"ARRAY[result_number] || coalesce(numbers, ARRAY[]), ARRAY[result_label] || coalesce(labels, ARRAY[])"
            ") AS entry (feature, number, label)"
        )

    # Values

    @property
    def null_number(self) -> str:
        """A number that is NULL."""
        return f"CAST(NULL AS {self.double})"

    @property
    def null_text(self) -> str:
        """A text that is NULL."""
        return f"CAST(NULL AS {self.text})"

    def to_double(self, value: str) -> str:
        """A number or truth as a double."""
        return f"CAST({value} AS {self.double})"

    def to_text(self, value: str) -> str:
        """A value of any type as text."""
        return f"CAST({value} AS {self.text})"

    def matches(self, text: str, pattern: str) -> str:
        """Whether a text matches a regular expression."""
        return f"regexp_like({text}, {self.string(pattern)})"

    def number(self, text: str) -> str:
        """The number that a text is; `Nan` is a city; who means no number writes NaN or nan."""
        lowered = f"lower(trim({text}))"
        return (
            f"CASE WHEN {self.matches(text, NUMBER)} THEN {self.double_of_number(text)} "
            f"WHEN {lowered} IN ('inf', '+inf', 'infinity', '+infinity') THEN {self.infinity} "
            f"WHEN {lowered} IN ('-inf', '-infinity') THEN -{self.infinity} "
            f"WHEN {lowered} = 'nan' AND {text} <> 'Nan' THEN {self.nan} END"
        )

    def double_of_number(self, text: str) -> str:
        """The double nearest to the number that a text is."""
        return f"CAST(trim({text}) AS {self.double})"

    infinity = "infinity()"
    nan = "nan()"

    def is_no_category(self, text: str) -> str:
        """Whether a text is no category unless its feature is declared as one: lists, objects and times."""
        return self.matches(text, NO_CATEGORY)

    def category(self, text: str) -> str:
        """A whole number is the same category with and without .0."""
        return (
            f"CASE WHEN {self.matches(text, '^-?[0-9]+[.]0$')} THEN substr({text}, 1, length({text}) - 2) "
            f"ELSE {text} END"
        )

    def label(self, number: str) -> str:
        """A number as text, a whole one without .0."""
        return (
            f"CASE WHEN {number} = floor({number}) AND {number} BETWEEN -9e18 AND 9e18 "
            f"THEN CAST(CAST({number} AS {self.integer}) AS {self.text}) ELSE {self.to_text(number)} END"
        )

    def truth(self, number: str, text: str) -> str:
        """1 and 0 for what says true and false."""
        return (
            f"CASE WHEN {number} IN (0, 1) THEN {number} WHEN lower({text}) = 'true' THEN {self.to_double('1')} "
            f"WHEN lower({text}) = 'false' THEN {self.to_double('0')} END"
        )

    def is_nan(self, number: str) -> str:
        """Whether a number is NaN."""
        return f"is_nan({number})"

    def same_number(self, left: str, right: str) -> str:
        """Whether two numbers are equal, as the condition of a join."""
        return f"{left} = {right}"

    def is_finite(self, number: str) -> str:
        """Whether a number is neither NaN nor infinite."""
        return f"is_finite({number})"

    def contains(self, items: str, item: str) -> str:
        """Whether an array has an item; FALSE or NULL where the array is NULL."""
        return f"contains({items}, {item})"

    # Aggregates

    def count_if(self, condition: str) -> str:
        """How many rows meet a condition; NULL is none."""
        return f"count(CASE WHEN {condition} THEN 1 END)"

    def total(self, count: str) -> str:
        """The sum of a count."""
        return f"CAST(sum({count}) AS {self.integer})"

    variance = "var_pop"

    def mean(self, number: str) -> str:
        """The mean, also of values near the greatest."""
        scale = _SCALE.format(double=self.double)
        return f"avg({number} * {scale}) / {scale}"

    def squared_deviations(self, number: str) -> str:
        """The sum of squared deviations from the mean; NULL where it is more than a double holds."""
        small = f"CASE WHEN abs({number}) < {_LARGEST_SQUARE} THEN {number} END"
        return f"CASE WHEN count({small}) = count({number}) THEN {self.variance}({small}) * count({number}) END"

    def quantiles(self, number: str, ranks: Sequence[float]) -> str:
        """An array with the quantiles of the numbers that are not NULL; NULL where there are none."""
        return f"approx_percentile({number}, ARRAY[{', '.join(f'{rank}E0' for rank in ranks)}])"

    def any_value(self, item: str) -> str:
        """One that is not NULL."""
        return f"any_value({item})"

    def first_names(self, item: str, condition: str, most: int) -> str:
        """Some items that meet a condition, as an array; NULL or empty where none does."""
        return f"slice(array_agg({item}) FILTER (WHERE {condition}), 1, {most})"

    def by_bytes(self, text: str) -> str:
        """An ORDER BY item that sorts text by its bytes."""
        return text

    def content_key(self, source: Source) -> str:
        """An ORDER BY list that tells rows apart which differ in content."""
        return (
            "result_number, result_label, json_format(CAST(defaults AS JSON)), json_format(CAST(names AS JSON)), "
            "json_format(CAST(numbers AS JSON)), json_format(CAST(labels AS JSON))"
        )
