"""What real Prometheus makes of a scrape, in both versions and both formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics_exporter.serving.server import Site
from metrics_exporter.serving.snapshot import Snapshots
from metrics_exporter.serving.view import groups
from metrics_exporter.windows import DAILY
from tests.exporter.serving.builders import MAX_AGE, NOW, definitions, predictor, profile, report, shape, window
from tests.exporter.serving.test_server import serving
from tests.real_parts import PrometheusBinaries, prometheus, wait_until

HOSTILE = 'a"b\\c\nd\re\tf 한국어 {}=#,' + "'"
VALUE = 0.1 + 0.2

pytestmark = pytest.mark.slow


def test_hostile_names_and_full_precision_arrive(prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
    profiles = [profile(), profile(feature=HOSTILE, distribution=shape(VALUE)), profile(feature="nul\0nul")]
    profiles += [profile(name, feature="of " + name) for name in (HOSTILE, "nul\0nul")]
    defined, reports = definitions(predictor(mae=3.0)), [report(window(profiles), window(profiles[:1], length=DAILY))]
    snapshot = Snapshots().make(defined, reports, groups(defined, reports, NOW, MAX_AGE), NOW)
    with serving(Site(lambda: NOW, snapshot)) as port:
        config = {
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "driftgauge", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
        }
        with prometheus(prometheus_binaries, config, tmp_path / "prometheus") as server:
            up = wait_until("scrape", lambda: server.query("up"))
            assert up[0]["value"][1] == "1"
            means = {
                series["metric"]["feature"]: float(series["value"][1]) for series in server.query("ml_feature_mean")
            }
            assert means == {HOSTILE: VALUE, f"of {HOSTILE}": 5.0, "nul\ufffdnul": 5.0, "of nul\ufffdnul": 5.0}
            counted = {series["metric"]["predictor"] for series in server.query("driftgauge_series")}
            assert counted == {"eta", HOSTILE, "nul\ufffdnul"}
            quantiles = server.query('ml_feature_quantile{predictor="eta",feature!~"nul.*"}')
            assert sorted(series["metric"]["quantile"] for series in quantiles) == [
                "0.05",
                "0.25",
                "0.5",
                "0.75",
                "0.95",
            ]
            (scraped,) = server.query('scrape_samples_scraped{job="driftgauge"}')
            own = snapshot.current.text.text().count("\ndriftgauge_")
            assert float(scraped["value"][1]) == snapshot.series + own
