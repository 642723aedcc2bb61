"""Compiled prices agree with genai-prices."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import genai_prices
import pytest
from genai_prices.data import providers

from gamma.providers.config import PriceConfig
from gamma.providers.prices import FREE, context_window, price_for, price_of
from gamma.types.usage import Usage

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
USAGES = [
    Usage(input_tokens=1000, output_tokens=200),
    Usage(input_tokens=300_000, output_tokens=5000),
    Usage(input_tokens=9000, output_tokens=10, cache_read_tokens=4000, cache_write_tokens=3000),
    Usage(input_tokens=700_000, output_tokens=10, cache_read_tokens=600_000),
    Usage(input_tokens=0, output_tokens=0),
]
PLAIN = {"input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok", "requests_kcount"}


def reference(provider_id: str, model: str, usage: Usage) -> float:
    counts = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens or None,
        cache_write_tokens=usage.cache_write_tokens or None,
    )
    found = genai_prices.calc_price(counts, model, provider_id=provider_id, genai_request_timestamp=NOW)
    return float(found.total_price)


def models() -> list[tuple[str, str]]:
    """Six models of each vendor, by ids that are also names in requests."""
    return [(p.id, m.id) for p in providers for m in p.models[:6] if p.find_model(m.id) is m]


@pytest.mark.parametrize(("provider_id", "model"), models())
def test_cost_equals_that_of_genai_prices(provider_id, model):
    price = price_for(provider_id, model, NOW)
    if price is None:
        assert not {"input_mtok", "output_mtok"} & {
            k for k, v in _listed(provider_id, model).__dict__.items() if v is not None
        }
        return
    for usage in USAGES:
        assert price.cost_usd(usage) == pytest.approx(reference(provider_id, model, usage), rel=1e-9, abs=1e-12)


def _listed(provider_id, model):
    snapshot = genai_prices.data_snapshot.get_snapshot()
    return snapshot.find_provider_model(model, None, provider_id, None)[1].get_prices(NOW)


def test_an_unknown_model_has_no_price_rather_than_zero():
    assert price_for("openai", "no-such-model-at-all") is None
    assert price_for("no-such-vendor", "gpt-4o") is None
    assert price_for(None, "gpt-4o") is None


def test_free_costs_nothing():
    assert FREE.cost_usd(Usage(input_tokens=10, output_tokens=10, cache_read_tokens=3, reasoning_tokens=2)) == 0


def test_cache_writes_for_an_hour_cost_their_own_rate():
    price = price_for("anthropic", "claude-sonnet-4-5", NOW)
    assert price is not None
    short = price.cost_usd(Usage(input_tokens=1000, cache_write_tokens=1000))
    long = price.cost_usd(Usage(input_tokens=1000, cache_write_tokens=1000, cache_write_1h_tokens=1000))
    assert short == pytest.approx(0.00375)
    assert long == pytest.approx(0.006)


def test_tiers_apply_to_the_whole_request():
    price = price_for("google", "gemini-2.5-pro", NOW)
    assert price is not None
    assert price.cost_usd(Usage(input_tokens=200_000)) == pytest.approx(0.25)
    assert price.cost_usd(Usage(input_tokens=200_001)) == pytest.approx(200_001 * 2.5e-6)


def test_reasoning_and_audio_cost_their_own_rates_or_those_of_text():
    price = price_of(PriceConfig(input_per_mtok=1, output_per_mtok=4))
    assert price.cost_usd(Usage(output_tokens=10, reasoning_tokens=7)) == pytest.approx(4e-5)
    assert price.cost_usd(Usage(input_tokens=10, audio_input_tokens=7)) == pytest.approx(1e-5)


def test_contradicting_counts_never_make_a_cost_negative():
    price = price_of(PriceConfig(input_per_mtok=1, output_per_mtok=4))
    assert price.cost_usd(Usage(input_tokens=1, cache_read_tokens=5)) == pytest.approx(5e-6)


def test_the_operators_price_prices_cache_as_he_says():
    config = PriceConfig(input_per_mtok=3, output_per_mtok=15, cache_read_per_mtok=0.3, cache_write_per_mtok=3.75)
    usage = Usage(input_tokens=1_000_000, cache_read_tokens=500_000, cache_write_tokens=500_000)
    assert price_of(config).cost_usd(usage) == pytest.approx(0.15 + 1.875)


def test_context_window_is_known_for_known_models():
    assert context_window("openai", "gpt-4o") == 128_000
    assert context_window("openai", "no-such-model-at-all") is None
    assert context_window(None, "gpt-4o") is None


def test_pricing_takes_microseconds():
    price = price_for("anthropic", "claude-sonnet-4-5", NOW)
    assert price is not None
    usage = Usage(input_tokens=300_000, output_tokens=10, cache_read_tokens=100, reasoning_tokens=3)
    best = min(_time(price, usage) for _ in range(5))
    assert best < 3e-6 * 5  # five times the aim: shared machines


def _time(price, usage):
    begin = time.perf_counter()
    for _ in range(2000):
        price.cost_usd(usage)
    return (time.perf_counter() - begin) / 2000
