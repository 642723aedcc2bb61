"""What models cost: genai-prices compiled into plain numbers, so that a request is priced in a microsecond."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Self

from msgspec import Struct

from gamma.providers.config import PriceConfig
from gamma.types.usage import Usage


class Rates(Struct, frozen=True, kw_only=True):
    """US dollars for one token of each kind. What has no price of its own costs what the kind that holds it costs."""

    input: float
    output: float
    cache_read: float
    cache_write: float
    cache_write_1h: float
    audio_input: float
    audio_output: float
    reasoning: float

    @classmethod
    def of(cls, per_mtok: dict[str, float]) -> Self:
        """From prices for a million tokens under the names of genai-prices."""
        get = per_mtok.get
        fresh, out = get("input_mtok", 0.0), get("output_mtok", 0.0)
        write = get("cache_write_mtok", fresh)
        return cls(
            input=fresh / 1e6,
            output=out / 1e6,
            cache_read=get("cache_read_mtok", fresh) / 1e6,
            cache_write=write / 1e6,
            cache_write_1h=get("cache_write_1h_mtok", write) / 1e6,
            audio_input=get("input_audio_mtok", fresh) / 1e6,
            audio_output=get("output_audio_mtok", out) / 1e6,
            reasoning=get("output_reasoning_mtok", out) / 1e6,
        )

    def cost_usd(self, usage: Usage) -> float:
        """What these tokens cost; counts that contradict each other never make a kind negative."""
        read, write = usage.cache_read_tokens, usage.cache_write_tokens
        audio_in, audio_out = usage.audio_input_tokens, usage.audio_output_tokens
        hour, thought = usage.cache_write_1h_tokens, usage.reasoning_tokens
        fresh = usage.input_tokens - read - write - audio_in
        plain = usage.output_tokens - audio_out - thought
        cost = max(0, fresh) * self.input + max(0, plain) * self.output
        if read or write:
            cost += read * self.cache_read + (write - hour) * self.cache_write + hour * self.cache_write_1h
        if audio_in or audio_out or thought:
            cost += audio_in * self.audio_input + audio_out * self.audio_output + thought * self.reasoning
        return cost


class Price(Struct, frozen=True, kw_only=True):
    """What one model of one provider costs.

    Attributes:
        base: rates up to the first tier.
        tiers: rates for the whole request once its input exceeds so many tokens, in falling order.
        request_usd: fee for each request.
        context_window: most input tokens that the model takes; None when unknown.
    """

    base: Rates
    tiers: tuple[tuple[int, Rates], ...] = ()
    request_usd: float = 0.0
    context_window: int | None = None

    def cost_usd(self, usage: Usage) -> float:
        """The cost of one request in US dollars, by the tier that its input reaches."""
        size = usage.input_tokens
        for start, rates in self.tiers:
            if size > start:
                return rates.cost_usd(usage) + self.request_usd
        return self.base.cost_usd(usage) + self.request_usd


FREE = Price(base=Rates.of({}))
"""For self-hosted models: known to cost nothing."""


def price_of(config: PriceConfig, context_window: int | None = None) -> Price:
    """The operator's own price."""
    named = {
        "input_mtok": config.input_per_mtok,
        "output_mtok": config.output_per_mtok,
        "cache_read_mtok": config.cache_read_per_mtok,
        "cache_write_mtok": config.cache_write_per_mtok,
    }
    return Price(base=Rates.of({k: v for k, v in named.items() if v is not None}), context_window=context_window)


def price_for(prices_id: str | None, model: str, at: datetime | None = None) -> Price | None:
    """The public price of a model, or None when it is unknown.

    Args:
        prices_id: a row's `prices`.
        model: the provider's name of the model.
        at: the moment it holds for, as prices change by date and by hour; None is now. A price is right until its next
            change, so whoever keeps one compiles it anew from time to time.
    """
    found = _find(prices_id, model) if prices_id else None
    if found is None:
        return None
    listed = found.get_prices(at or datetime.now(tz=UTC)).__dict__
    prices = {key: value for key, value in listed.items() if value is not None}
    if "input_mtok" not in prices and "output_mtok" not in prices:
        return None  # priced by pages, pixels, seconds or searches, which token counts do not tell
    starts = sorted({tier.start for price in prices.values() for tier in getattr(price, "tiers", ())}, reverse=True)
    return Price(
        base=Rates.of({key: _at(price, 0) for key, price in prices.items()}),
        tiers=tuple((start, Rates.of({k: _at(price, start + 1) for k, price in prices.items()})) for start in starts),
        request_usd=_at(prices.get("requests_kcount", Decimal(0)), 0) / 1000,
        context_window=found.context_window,
    )


def context_window(prices_id: str | None, model: str) -> int | None:
    """Most input tokens that a model takes, or None when unknown."""
    found = _find(prices_id, model) if prices_id else None
    return found.context_window if found is not None else None


def known_models(prices_id: str | None) -> tuple[str, ...]:
    """Names of a vendor's models whose price is known, deprecated ones left out, sorted; empty without a vendor."""
    for vendor in _snapshot().providers if prices_id else ():
        if vendor.id == prices_id:
            return tuple(sorted(model.id for model in vendor.models if not model.deprecated))
    return ()


def load_prices() -> None:
    """Reads the price list now, which takes a quarter of a second, instead of at the first question."""
    _snapshot()


def _at(price: Any, input_tokens: int) -> float:
    """The price that holds for a request of that size."""
    for tier in reversed(getattr(price, "tiers", ())):
        if input_tokens > tier.start:
            return float(tier.price)
    return float(getattr(price, "base", price))


def _find(prices_id: str, model: str) -> Any:
    try:
        _, found = _snapshot().find_provider_model(model, None, prices_id, None)
    except LookupError:
        return None
    return found


@cache
def _snapshot() -> Any:
    """The prices that the installed package carries; it is never asked to fetch newer ones."""
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - takes 0.25 s, so only where prices are asked

    return get_snapshot()
