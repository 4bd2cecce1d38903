"""`driftgauge profile` as a person runs it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from generator.cli import main
from metrics_exporter.definitions import Feature, Kind
from metrics_exporter.training_profiles import TrainingProfile, parse
from tests.exporter.serving.builders import definitions, predictor, write_definitions

_ROWS = """
SELECT i % 7 AS label, (hash(i) % 1000) / 10.0 AS distance, i % 3 AS zone, ['ams', 'ber'][1 + i % 2] AS city,
  (hash(i + 1) % 1000) / 9.0 AS score, 'secret value' AS hidden FROM range(2000) r(i)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a registry, and a training set as Parquet, as two CSV files and as a table."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "registry").mkdir()
    with duckdb.connect("training.duckdb") as connection:
        connection.execute(f"CREATE TABLE sets AS {_ROWS}")
        connection.execute("COPY sets TO 'training.parquet'")
        connection.execute("COPY (SELECT * FROM sets WHERE label < 3) TO 'part1.csv'")
        connection.execute("COPY (SELECT * FROM sets WHERE label >= 3) TO 'part2.csv'")
    return tmp_path


def run(*arguments: str, code: int = 0) -> Result:
    named = ("--predictor", "eta", "--model", "eta_v12")
    result = CliRunner().invoke(main, ["profile", *arguments, *named])
    assert result.exit_code == code, result.output
    return result


def written(file: str = "registry/profiles/eta_v12.json") -> TrainingProfile:
    return parse(Path(file).read_bytes())


def test_a_file_becomes_a_profile_and_the_registry_s_line_is_told() -> None:
    result = run("training.parquet", "--without", "label", "--without", "hidden", "--prediction", "score")
    assert result.stderr == (
        "registry/profiles/eta_v12.json: 2,000 rows, 3 features\n"
        "Name it in the registry:\n  reference: {kind: training, profile: profiles/eta_v12.json}\n"
    )
    found = written()
    assert (found.predictor, found.model_id, found.rows) == ("eta", "eta_v12", 2000)
    assert {name: summary.kind for name, summary in found.features.items()} == {
        "city": "categorical",
        "distance": "numeric",
        "zone": "numeric",
    }
    assert found.prediction is not None
    assert "secret value" not in Path("registry/profiles/eta_v12.json").read_text(encoding="utf-8")


def test_every_place_of_the_same_rows_gives_the_same_file() -> None:
    contents = set()
    options = ("--features", "distance", "--features", "c*")
    for source in (("training.parquet",), ("part*.csv",), ("duckdb:training.duckdb", "--table", "sets")):
        run(*source, *options)
        contents.add(Path("registry/profiles/eta_v12.json").read_bytes())
    assert len(contents) == 1


def test_the_kinds_that_are_declared_hold() -> None:
    known = predictor("eta").model_copy(update={"features": {"zone": Feature(kind=Kind.CATEGORICAL)}})
    write_definitions(Path("output/metrics"), definitions(known))
    run("training.parquet", "--features", "zone")
    assert written().features["zone"].kind == "categorical"


def test_a_file_of_any_name() -> None:
    result = run("training.parquet", "--features", "zone", "--output", "else/where.json")
    assert result.stderr == "else/where.json: 2,000 rows, 1 feature\n"
    assert written("else/where.json").rows == 2000


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("gone.parquet",), 1, "No files found"),
        (("training.parquet", "--without", "labl"), 1, "has no column 'labl'. Did you mean 'label'?"),
        (("training.parquet", "--features", "x"), 1, "has no column 'x'. There are: label, distance"),
        (("training.parquet", "--without", "zone", "--features", "zone"), 1, "was named for another use"),
        (("training.parquet", "--prediction", "city"), 0, "2,000 rows"),
        (("duckdb:training.duckdb",), 2, "--table is missing"),
        (("duckdb:training.duckdb", "--table", "set"), 1, "Did you mean 'sets'?"),
        (("training",), 2, "neither a .parquet or .csv file nor a warehouse's URL"),
        (("sqlite:x.db", "--table", "t"), 1, "begins with no known kind"),
        (("postgresql://me:geheim@127.0.0.1:1/db", "--table", "t"), 1, "127.0.0.1"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_written(
    arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = run(*arguments, code=code)
    assert message in result.stderr
    assert "geheim" not in result.output
    assert "Traceback" not in result.output
    assert Path("registry/profiles/eta_v12.json").exists() == (code == 0)


def test_a_training_set_without_rows_is_told() -> None:
    with duckdb.connect("training.duckdb") as connection:
        connection.execute("CREATE TABLE empty AS SELECT * FROM sets WHERE FALSE")
    assert "has no rows" in run("duckdb:training.duckdb", "--table", "empty", code=1).stderr


def test_the_file_that_was_there_stays_where_the_new_one_can_t_be_written(place: Path) -> None:
    run("training.parquet", "--features", "zone")
    before = Path("registry/profiles/eta_v12.json").read_bytes()
    temporary = place / "registry" / "profiles" / "eta_v12.json.tmp"
    temporary.mkdir()
    result = CliRunner().invoke(
        main, ["profile", "training.parquet", "--predictor", "eta", "--model", "eta_v12", "--features", "city"]
    )
    assert result.exit_code == 1
    assert Path("registry/profiles/eta_v12.json").read_bytes() == before


def test_no_file_is_named_after_what_is_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for model in ("../escape", "..", "a b", ""):
        result = CliRunner().invoke(main, ["profile", "training.parquet", "--predictor", "eta", "--model", model])
        assert result.exit_code == 2
        assert "--output" in result.stderr
    Path("registry").rmdir()
    assert "there is no folder registry here" in run("training.parquet", code=2).stderr
