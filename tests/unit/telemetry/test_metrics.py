"""The scrape is valid, complete and bounded."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from gamma.telemetry import metrics
from gamma.telemetry.metrics import Metrics


def scrape(found: Metrics) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    families: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(found.render({"gamma_models": ("Models.", 2.0)}).decode()):
        for sample in family.samples:
            families.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return families


def test_prometheus_own_parser_reads_it() -> None:
    found = Metrics()
    series = found.series('odd "model"\n', "openai/gpt\\4")
    series.outcomes["ok"] = 3
    series.duration.observe(0.2)
    series.duration.observe(1e9)
    series.cost_usd = 0.5
    found.refuse("caller_unauthenticated")
    families = scrape(found)
    label = (("deployment", "openai/gpt\\4"), ("model", 'odd "model"\n'))
    assert families["gamma_requests_total"][(*label, ("outcome", "ok"))] == 3
    assert families["gamma_cost_usd_total"][label] == 0.5
    assert families["gamma_request_duration_seconds_count"][label] == 2
    assert families["gamma_request_duration_seconds_bucket"][label[0], ("le", "0.25"), label[1]] == 1
    assert families["gamma_refused_total"][(("code", "caller_unauthenticated"),)] == 1
    assert families["gamma_models"][()] == 2


def test_series_are_bounded() -> None:
    found = Metrics()
    for number in range(metrics.MAX_SERIES + 50):
        found.series(f"m{number}", "d").attempts += 1
    assert found.series("another", "d") is found.series("other", "other")
    assert found.series("m0", "d").attempts == 1
