"""How PostgreSQL writes the statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from metrics_exporter.sources.sql.dialect import ITEM, NO_FEATURES, NO_LIST, Dialect
from metrics_exporter.sources.sql.source import FeatureColumn, Source

_SAFE_DIGITS = 100  # a number of so few characters that it is neither too large nor too small for a double
_GREATEST = "1.7976931348623157e308"
_LEAST = "2.5e-324"
_SCALE = "9.094947017729282e-13"  # a power of two
_DAY = (
    "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)"
)
_CLOCK = "([T ]([01][0-9]|2[0-3])(:[0-5][0-9]){1,2}([.][0-9]+)?)?"
_TIME = rf"^\s*{_DAY}{_CLOCK}\s*(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?\s*$"
# JSON that a cast to jsonb takes, nested twice at most: PostgreSQL before 16 can't tell otherwise.
_ESCAPE = (
    r'\\(["\\/bfnrt]|u(?!0000|[dD][89a-fA-F])[0-9a-fA-F]{4}|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})'
)
_ITEM = rf"""\"([^"\\\x01-\x1f]|{_ESCAPE})*\""""
_SCALAR = rf"({_ITEM}|-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]{{1,3}})?|true|false|null)"


def _nested(value: str) -> str:
    """A value, or a list or an object of such."""
    items = rf"\[\s*({value}\s*(,\s*{value}\s*)*)?\]"
    return rf"({_SCALAR}|{items}|\{{\s*({_ITEM}\s*:\s*{value}\s*(,\s*{_ITEM}\s*:\s*{value}\s*)*)?\}})"


_VALUE = _nested(_nested(_SCALAR))
_OBJECT = rf"^\s*\{{\s*({_ITEM}\s*:\s*{_VALUE}\s*(,\s*{_ITEM}\s*:\s*{_VALUE}\s*)*)?\}}\s*$"
_NAMES = rf"^\s*\[\s*({_ITEM}\s*(,\s*{_ITEM}\s*)*)?\]\s*$"


class PostgreSQL(Dialect):
    """PostgreSQL 13 and newer; features are jsonb, hstore or columns."""

    double = "double precision"
    text = "text"
    integer = "bigint"
    null_list = "NULL::text[]"
    fence = "OFFSET 0"
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
        """A cast would fail on a day that there is not, such as 30 February."""
        return f"CASE WHEN {self.matches(text, _TIME)} THEN ({text})::timestamptz END"

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
        return self._double(text, f"strpos(lower({text}), 'e') = 0 AND length({text}) < {_SAFE_DIGITS}")

    def _double(self, text: str, is_safe: str) -> str:
        return (
            f"CASE WHEN {is_safe} THEN {text}::float8 "
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
        """As elsewhere; avg would fail where a square is too large, and a product where it is too small."""
        scaled = f"CASE WHEN abs({number}) < 1e-280 THEN 0 ELSE {number} * {_SCALE}::float8 END"
        return f"sum({scaled}) / nullif(count({number}), 0) / {_SCALE}::float8"

    def squared_deviations(self, number: str) -> str:
        """As elsewhere; it fails already where the square of a sum is too large."""
        small = f"CASE WHEN abs({number}) < 1e140 THEN {number} END"
        return f"CASE WHEN count({small}) = count({number}) THEN var_pop({small}) * count({number}) END"

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
            f"WHEN {self.matches(text, _NAMES)} THEN ARRAY(SELECT jsonb_array_elements_text({text}::jsonb)) "
            f"WHEN {self.matches(text, few)} AND NOT {self.matches(text, ':[ ]')} "
            f"AND NOT {self.is_one_of(text, ('true', 'false'))} "
            f"AND (left(trim({text}), 1) = '[') = (right(trim({text}), 1) = ']') "
            "THEN ARRAY(SELECT CASE WHEN left(found[1], 1) IN ('\"', '''') "
            "THEN substr(found[1], 2, length(found[1]) - 2) "
            f"ELSE found[1] END FROM regexp_matches({text}, {self.string('(' + ITEM + ')')}, 'g') AS found) END"
        )

    def features_unreadable(self, source: Source) -> str:
        """Whether a row's features are no object, or text that is none."""
        if source.layout != "json":
            return "FALSE"
        features, text = self._jsonb(source), f"{self.identifier(source.features)}::text"
        if not source.features_are_text:
            return f"coalesce(jsonb_typeof({features}) NOT IN ('object', 'null'), FALSE)"
        return (
            f"coalesce(NOT {self.is_one_of(text, NO_FEATURES)} "
            f"AND ({features} IS NULL OR jsonb_typeof({features}) <> 'object'), FALSE)"
        )

    def names_of_columns(self, source: Source) -> str:
        return self.array((self.string(column.name) for column in source.feature_columns), self.text)

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
        if not source.features_are_text:
            return f"{column}::jsonb"
        return f"CASE WHEN {self.matches(column, _OBJECT)} THEN {column}::jsonb END"

    def _features(self, source: Source) -> str:
        if source.layout == "map":
            return "SELECT key, NULL::float8, value FROM each(features)"
        if source.layout == "columns":
            return "SELECT * FROM unnest(names, numbers, labels)"
        text = "value #>> '{}'"
        number = self._double(f"({text})", f"length({text}) < {_SAFE_DIGITS}")  # jsonb writes no exponent
        return (
            f"SELECT key, CASE WHEN jsonb_typeof(value) = 'number' THEN {number} END, "
            f"{text} FROM jsonb_each(CASE WHEN jsonb_typeof(features) = 'object' THEN features END)"
        )

    def _is_missing(self, source: Source) -> str:
        if source.layout == "columns":
            return "NOT coalesce(name = ANY(names), FALSE)"
        if source.layout == "map":
            return "NOT coalesce(exist(features, name), FALSE)"
        return "NOT coalesce(jsonb_typeof(features) = 'object' AND jsonb_exists(features, name), FALSE)"
