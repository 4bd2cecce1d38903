"""Any text through each language, read back by what really reads it: one call for many texts where a call is dear.

HCL is read back by Terraform in tests/output/test_terraform.py, Kubernetes' and Grafana's YAML by theirs in
tests/targets/, dashboards as JSON in tests/dashboards/, the exposition by a parser of both formats in
tests/exporter/serving/test_exposition.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from generator import promql, write, yaml_text
from generator.render import metrics
from generator.render import prometheus as prometheus_files
from metrics_exporter import definitions
from metrics_exporter.definitions import Columns, Kind
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.profile import Categories
from metrics_exporter.serving.exposition import Encoder, families, render
from metrics_exporter.serving.page import News, Page
from metrics_exporter.serving.page.trails import Trails
from metrics_exporter.serving.view import groups
from metrics_exporter.windows import HOUR
from tests.browser import dom
from tests.exporter.compute.logs import START, scan
from tests.exporter.serving.builders import MAX_AGE, NOW, profile, report, window
from tests.exporter.serving.builders import definitions as no_definitions
from tests.hostile.names import TEXTS
from tests.output.examples import registry
from tests.real_parts import PrometheusBinaries
from tests.targets.hostile import NAMES as VISIBLE
from tests.targets.hostile import hostile

FIXTURES = [HealthCheck.function_scoped_fixture]
# Of a list that fails, the real reader says itself which text it is: nothing is gained by ever smaller ones.
dear = settings(
    max_examples=8, deadline=None, suppress_health_check=FIXTURES, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
cheap = settings(max_examples=25, deadline=None, suppress_health_check=FIXTURES)

MANY = st.lists(TEXTS, min_size=30, max_size=50, unique=True)
IDENTIFIERS = st.lists(
    TEXTS.filter(lambda name: name != "" and "\0" not in name), min_size=8, max_size=8, unique_by=str.casefold
)
FILES = TEXTS.map(lambda name: name.translate(dict.fromkeys(map(ord, "/\0*?[]{}"), "_"))[:60])
COLUMNS = ("sent_at", "prediction_id", "predictor_name", "model_id", "prediction_result", "default_values_used")


@cheap
@given(names=IDENTIFIERS, file=FILES)
def test_sql_identifiers(names: list[str], file: str, tmp_path: Path) -> None:
    table, feature, *columns = names
    values = [[START.replace(tzinfo=None)], ["id"], ["p"], ["m"], [1.0], pa.array([["x"]], pa.list_(pa.string())), [7]]
    path = tmp_path / f"{file}.parquet"
    pq.write_table(pa.table(dict(zip((*columns, feature), values, strict=True))), path)
    roles: dict[str, Any] = dict(zip(COLUMNS, columns, strict=True)) | {"features": (_literal_glob(feature),)}
    quoted = '"' + table.replace('"', '""') + '"'
    (found,) = scan(f"duckdb:{path}", columns=Columns(**roles), table=quoted)
    path.unlink()
    assert {p.series.feature: p.values for p in found.profiles} == {None: 1, feature: 1, "x": 0}


def _literal_glob(text: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in text)


@cheap
@given(names=st.lists(TEXTS, min_size=1, max_size=20, unique=True))
def test_sql_values_and_parameters(names: list[str], tmp_path: Path) -> None:
    rows = [
        {
            "sent_at": START.replace(tzinfo=None),
            "prediction_id": name,
            "predictor_name": name,
            "model_id": name,
            "features": [(name, name)],
            "prediction_result": 1.0,
            "default_values_used": [name],
        }
        for name in names
    ]
    schema = pa.schema(
        {
            "sent_at": pa.timestamp("us"),
            **dict.fromkeys(COLUMNS[1:4], pa.string()),
            "features": pa.map_(pa.string(), pa.string()),
            "prediction_result": pa.float64(),
            "default_values_used": pa.list_(pa.string()),
        }
    )
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), tmp_path / "log.parquet")
    (found,) = scan(f"duckdb:{tmp_path}/log.parquet", kinds={(name, name): Kind.CATEGORICAL for name in names})
    profiles = {p.series: p.defaults for p in found.profiles if p.series.feature is not None}
    assert {(s.predictor, s.model_id, s.feature) for s in profiles} == {(name, name, name) for name in names}
    assert set(profiles.values()) == {1}


@dear
@given(texts=MANY)
def test_promql_strings_and_patterns(texts: list[str], prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
    wanted = [text for text in texts if text]  # to Prometheus, an empty label is none
    labels = {text: f"m{{l={json.dumps(text, ensure_ascii=False)}}}" for text in wanted}
    # A text's own pattern, and one of two texts, each find these series and no other.
    tests = []
    for text in wanted:
        for matchers in (
            promql.matcher("l", text),
            promql.regex_matcher("l", promql.regex_any([text, "none of them"])),
        ):
            samples = [{"labels": labels[text], "value": 1}]
            tests.append({"expr": promql.selector("m", matchers), "eval_time": "0m", "exp_samples": samples})
    series = [{"series": label, "values": "1"} for label in labels.values()]
    content = {"rule_files": [], "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": tests}]}
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    prometheus_binaries.check("test", "rules", file)


@dear
@given(texts=MANY)
def test_exposition(texts: list[str], prometheus_binaries: PrometheusBinaries) -> None:
    defined, profiles = no_definitions(), [profile(text, text, text) for text in texts]
    encoder = Encoder()
    shown = groups(defined, [report(window(profiles))], NOW, MAX_AGE)
    render(families(defined.catalogue.metrics), shown, encoder)
    prometheus_binaries.check("check", "metrics", stdin=encoder.finish().text())


@settings(dear, max_examples=2)
@given(texts=st.lists(TEXTS, min_size=20, max_size=30, unique=True))
def test_html(texts: list[str], tmp_path: Path) -> None:
    profiles = [profile(text, text) for text in texts]
    profiles += [
        profile(text, text, f"of {text}", categories=Categories(((text, 60),), 0, 1), distribution=None)
        for text in texts
    ]
    defined, reports = no_definitions(), [report(window(profiles))]
    shown = groups(defined, reports, NOW, MAX_AGE)
    news = News(defined, reports, shown, texts, 123, NOW, NOW + HOUR)
    file = tmp_path / "page.html"
    file.write_text(Page(Trails(History(str(tmp_path)), 0)).render(news).text(), encoding="utf-8")
    page = dom(file, tmp_path)
    assert page.is_inert
    seen = _visible(page.text)
    assert [text for text in texts if _visible(text) not in seen] == []


def _visible(text: str) -> str:
    """A text as HTML holds it: without NUL, and white space is white space."""
    return " ".join(text.replace("\0", "").split())


@cheap
@given(names=st.lists(VISIBLE, min_size=1, max_size=4, unique=True))
def test_yaml_of_definitions_and_rules(names: list[str], tmp_path: Path) -> None:
    drawn = registry(*map(hostile, names))
    write.apply(tmp_path, metrics.render(drawn) | prometheus_files.render(drawn))
    read = definitions.load(tmp_path / "metrics")
    assert read.broken == ()
    assert {name: (each.title, each.team, each.models[0].id) for name, each in read.predictors.items()} == {
        name: (name, name, name) for name in names
    }
    rules = [
        rule["labels"]
        for file in (tmp_path / "prometheus" / "rules").iterdir()
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]
    # Prometheus reads labels as Go templates, in which a brace is spelt as a text of one.
    teams = {labels["team"].replace('{{ "{" }}', "{") for labels in rules if "team" in labels}
    assert teams == set(names)


@given(VISIBLE)
def test_yaml_names_that_people_edit(name: str) -> None:
    written = yaml_text.scalar(name)
    assert yaml.safe_load(f"{written}: [{written}, {{{written}: {written}}}]\n") == {name: [name, {name: name}]}
