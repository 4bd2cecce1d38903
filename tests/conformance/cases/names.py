"""Names that others have choked on: of features, models, predictors, columns and tables."""

from __future__ import annotations

from metrics_exporter.definitions import Columns, Kind
from tests.conformance.case import Case, Row, Shape, in_shapes
from tests.conformance.table import DOUBLE, JSON, LIST, TEXT, Ability, map_of

_HOSTILE = (
    *("it's", 'say "hi"', "semi;colon", "a; DROP TABLE predictions", "-- a", "/* a */", "back\\slash", "\\'"),
    *(
        "two\nlines",
        "tab\there",
        "emoji 😀",
        "배달 시간",
        "{{ a }}",
        "{% a %}",
        "%s",
        "%(a)s",
        "$1",
        "${x}",
        "?",
        ":name",
    ),
    *(
        "@a",
        "`a`",
        "[a]",
        "a.b",
        "a,b",
        "a=b",
        "x" * 300,
        "select",
        "NULL",
        "null",
        "true",
        "1",
        "1.0",
        "#",
        "*",
        "&amp;",
    ),
    "\u200b",
)
_LIKE = ("a", "A", "a ", " a", "ä", "a\u0308", "Ä", "ａ", "a\u00a0", "ss", "ß", "İ", "i")
_STORED = {
    "json text": Shape(),
    "json": Shape(features=JSON),
    "map": Shape(features=map_of(DOUBLE), defaults=LIST),
    "map of text": Shape(features=map_of(TEXT), defaults=LIST),
}
_COLUMNS = Columns(
    sent_at="when; --",
    prediction_id='id"x',
    predictor_name="select",
    model_id="model id",
    features="특징",
    prediction_result="it's `that`",
    default_values_used="{{ a }} %s $1 ? :b \\",
)
_SOME_COLUMN = frozenset({Ability.ANY_COLUMN_NAME})
_SOME_TABLE = frozenset({Ability.ANY_TABLE_NAME})


def _each(names: tuple[str, ...]) -> list[Row]:
    return [
        Row({name: n + place for place, name in enumerate(names)}, defaults=[names[n]] if n < len(names) else [])
        for n in range(4)
    ]


CASES = (
    *in_shapes(Case("features with hostile names", _each(_HOSTILE)), _STORED),
    *in_shapes(Case("features whose names differ in little", _each(_LIKE)), _STORED),
    *in_shapes(Case("a feature without a name", [Row({"": n, "a": n}) for n in range(3)]), _STORED),
    Case(
        "known features with hostile names",
        _each(_HOSTILE),
        kinds={("p", name): Kind.CATEGORICAL for name in _HOSTILE[::2]},
        names={("p", name): ["1", "2", "3"] for name in _HOSTILE[::4]},
        atoms={("p", name): [1.0, 5.0] for name in _HOSTILE[1::2]},
    ),
    Case("models with hostile names", [Row({"a": n}, model=name) for n in range(2) for name in _HOSTILE]),
    Case("models whose names differ in little", [Row({"a": n}, model=name) for n in range(2) for name in _LIKE]),
    Case("predictors with hostile names", [Row({"a": n}, predictor=name) for n in range(2) for name in _HOSTILE]),
    Case(
        "predictors whose names differ in little", [Row({"a": n}, predictor=name) for n in range(2) for name in _LIKE]
    ),
    Case(
        "names of hundreds of thousands of characters",
        [
            Row({"x" * 300_000: 1, "x" * 299_999 + "y": 2}, model="m" * 5000, predictor="p" * 5000),
            Row({"a" * 1000: 1}),
        ],
    ),
    Case(
        "columns with hostile names",
        [Row({"a": n}, defaults=["a"] * (n == 1)) for n in range(3)],
        columns=_COLUMNS,
        needs=_SOME_COLUMN,
    ),
    *(
        Case(
            f"features with hostile names, {how}",
            [Row({name: n for name in _HOSTILE if name not in ("x" * 300, "NULL")}) for n in range(3)],
            Shape(features=how),
            columns=Columns(features=("*",) if how == "columns" else "features"),
            needs=_SOME_COLUMN,
        )
        for how in ("columns", "struct")
    ),
    *(
        Case(
            f"a table called {name}",
            [Row(), Row()],
            table_name=f'"{name.replace(chr(34), chr(34) * 2)}"',
            needs=_SOME_TABLE,
        )
        for name in ("log's", 'a"b', "a; DROP TABLE x", "a.b", "{{ a }}", "%s ? $1 :a", "배달 😀", "select")
    ),
    Case(
        "a table in a schema",
        [Row(), Row()],
        table_name='"my schema"."log\'s"',
        needs=frozenset({Ability.NAMED_SCHEMA}) | _SOME_TABLE,
    ),
)
