"""How PostgreSQL writes the statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from metrics_exporter.sources.sql.dialect import ITEM, NO_LIST, Dialect
from metrics_exporter.sources.sql.source import FeatureColumn, Source

_SAFE_DIGITS = 100  # a number of so few characters that it is neither too large nor too small for a double
_GREATEST = "1.7976931348623157e308"
_LEAST = "2.3e-308"
_SCALE = "9.094947017729282e-13"  # a power of two


class PostgreSQL(Dialect):
    """PostgreSQL 13 and newer; features are jsonb, hstore or columns."""

    double = "double precision"
    text = "text"
    integer = "bigint"
    null_list = "NULL::text[]"
    infinity = "'Infinity'::float8"
    nan = "'NaN'::float8"

    def identifier(self, name: str) -> str:
        """The driver reads a % as the beginning of a parameter."""
        return super().identifier(name).replace("%", "%%")

    def string(self, text: str) -> str:
        """As an identifier."""
        return super().string(text).replace("%", "%%")

    def parameter(self, name: str) -> str:
        return f"%({name})s"

    def listed_parameters(self, alias: str, columns: Mapping[str, tuple[str, str]]) -> str:
        lists = ", ".join(f"{self.parameter(name)}::{kind}[]" for name, kind in columns.values())
        return f"unnest({lists}) AS {alias} ({', '.join(columns)})"

    def time(self, source: Source, name: str) -> str:
        return f"{self.parameter(name)}::{'timestamp' if source.sent_at == 'naive' else 'timestamptz'}"

    def time_of_text(self, text: str) -> str:
        iso = r"^\s*[0-9]{4}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])([T ]([01][0-9]|2[0-3])(:[0-5][0-9]){1,2}([.][0-9]+)?)?"
        zone = r"\s*(Z|[+-][0-9]{2}(:?[0-9]{2})?)?\s*$"
        return f"CASE WHEN {self.matches(text, iso + zone)} THEN ({text})::timestamptz END"

    def window(self, source: Source, seconds: int) -> str:
        return f"floor(extract(epoch FROM {self.sent_at(source)}) / {seconds})::bigint"

    def result_number(self, source: Source) -> str:
        """A boolean becomes a double only through an integer."""
        if source.result == "truth":
            return f"{self.identifier(source.columns.prediction_result)}::int::float8"
        return super().result_number(source)

    def to_double(self, value: str) -> str:
        """A number of any type."""
        return f"({value})::float8"

    def to_text(self, value: str) -> str:
        return f"({value})::text"

    def matches(self, text: str, pattern: str) -> str:
        return f"{text} ~ {self.string(pattern)}"

    def double_of_number(self, text: str) -> str:
        """What is too large for a double is infinite, what is too small is 0: a cast would fail."""
        return (
            f"CASE WHEN length({text}) < {_SAFE_DIGITS} AND {text} !~ '[eE][+-]?[0-9]{{3}}' THEN {text}::float8 "
            f"WHEN abs({text}::numeric) > {_GREATEST}::numeric "
            f"THEN sign({text}::numeric)::float8 * {self.infinity} "
            f"WHEN abs({text}::numeric) < {_LEAST}::numeric THEN 0::float8 ELSE {text}::float8 END"
        )

    def label(self, number: str) -> str:
        return (
            f"CASE WHEN {number} = floor({number}) AND abs({number}) <= 9e18 "
            f"THEN ({number})::bigint::text ELSE ({number})::text END"
        )

    def is_nan(self, number: str) -> str:
        return f"{number} = {self.nan}"

    def is_finite(self, number: str) -> str:
        """NaN is greater than all else."""
        return f"{number} > -{self.infinity} AND {number} < {self.infinity}"

    def contains(self, items: str, item: str) -> str:
        return f"{item} = ANY({items})"

    def mean(self, number: str) -> str:
        """As elsewhere; a product that is too small would fail."""
        return f"avg(CASE WHEN abs({number}) < 1e-280 THEN 0 ELSE {number} * {_SCALE}::float8 END) / {_SCALE}::float8"

    def quantiles(self, number: str, ranks: Sequence[float]) -> str:
        return f"percentile_disc(ARRAY[{', '.join(map(str, ranks))}]::float8[]) WITHIN GROUP (ORDER BY {number})"

    def any_value(self, item: str) -> str:
        """Of one that is not NULL, and others that are."""
        return f"max({item})"

    def first_names(self, item: str, condition: str, most: int) -> str:
        return f"(array_agg({item}) FILTER (WHERE {condition}))[1:{most}]"

    def by_bytes(self, text: str) -> str:
        return f'{text} COLLATE "C"'

    def list_of_text(self, text: str) -> str:
        """Names between commas, in brackets or not, in quotes or not."""
        few = rf"^\s*[\[({{]?\s*({ITEM})(\s*[,;|]\s*({ITEM}))*\s*[,;|]?\s*[\])}}]?\s*$"
        return (
            f"CASE WHEN {self.is_one_of(text, NO_LIST)} THEN NULL "
            f"WHEN {self.matches(text, few)} AND NOT {self.matches(text, ':[ ]')} "
            f"AND NOT {self.is_one_of(text, ('true', 'false'))} "
            f"AND (left(trim({text}), 1) = '[') = (right(trim({text}), 1) = ']') "
            "THEN ARRAY(SELECT CASE WHEN left(found[1], 1) IN ('\"', '''') "
            "THEN substr(found[1], 2, length(found[1]) - 2) "
            f"ELSE found[1] END FROM regexp_matches({text}, {self.string('(' + ITEM + ')')}, 'g') AS found) END"
        )

    def features_unreadable(self, source: Source) -> str:
        """JSON has been checked when it was written, but need not be an object."""
        if source.layout != "json":
            return "FALSE"
        return f"coalesce({self._jsonb(source)} <> 'null' AND jsonb_typeof({self._jsonb(source)}) <> 'object', FALSE)"

    def feature_columns(self, source: Source) -> str:
        if source.layout == "json":
            return f"{self._jsonb(source)} AS features"
        if source.layout == "map":
            return f"{self.identifier(source.features)} AS features"
        return super().feature_columns(source)

    def array(self, items: Iterable[str], kind: str) -> str:
        return f"ARRAY[{', '.join(items)}]::{kind}[]"

    def column(self, feature: FeatureColumn) -> str:
        first, *rest = map(self.identifier, feature.path)
        return f"({first}).{rest[0]}" if rest else first

    def entries(self, rows: str, source: Source) -> str:
        return (
            f"{rows} CROSS JOIN LATERAL ("
            "SELECT NULL::text AS feature, result_number AS number, result_label AS label UNION ALL "
            f"{self._features(source)} UNION ALL "
            "SELECT DISTINCT name, NULL::float8, NULL::text FROM unnest(defaults) AS name "
            f"WHERE {self._is_missing(source)}) AS entry"
        )

    def content_key(self, source: Source) -> str:
        content = "features::text" if source.layout != "columns" else "numbers, labels"
        return f"result_number, result_label, defaults, {content}"

    def _jsonb(self, source: Source) -> str:
        column = self.identifier(source.features)
        return f"nullif({column}::text, '')::jsonb" if source.features_are_text else f"{column}::jsonb"

    def _features(self, source: Source) -> str:
        if source.layout == "map":
            return "SELECT key, NULL::float8, value FROM each(features)"
        if source.layout == "columns":
            return "SELECT * FROM unnest(names, numbers, labels)"
        text = "value #>> '{}'"
        digits = f"({text})"
        return (
            f"SELECT key, CASE WHEN jsonb_typeof(value) = 'number' THEN {self.double_of_number(digits)} END, "
            f"{text} FROM jsonb_each(CASE WHEN jsonb_typeof(features) = 'object' THEN features END)"
        )

    def _is_missing(self, source: Source) -> str:
        if source.layout == "columns":
            return "NOT coalesce(name = ANY(names), FALSE)"
        if source.layout == "map":
            return "NOT coalesce(exist(features, name), FALSE)"
        return "NOT coalesce(jsonb_typeof(features) = 'object' AND jsonb_exists(features, name), FALSE)"
