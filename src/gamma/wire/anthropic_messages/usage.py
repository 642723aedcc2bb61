"""Token counts of the messages dialect (providers.md 2.4: `input_tokens` leaves both cache counters out)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gamma.types.chat import JsonObject
from gamma.types.usage import Usage

_COUNTERS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_TIERS = {"standard": "default", "priority": "priority"}
_TIERS_BACK = {canonical: own for own, canonical in _TIERS.items()}


class UsageCounter:
    """Adds up the counters of one answer: a stream repeats them, cumulative, and may leave some out later."""

    __slots__ = ("_counts", "cost_usd")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self.cost_usd: float | None = None

    def add(self, raw: object) -> bool:
        """Takes a `usage` object; whether it held any count. Counters only grow, so the larger value is the newer."""
        if not isinstance(raw, Mapping):
            return False
        found = [self._keep(name, raw.get(name)) for name in _COUNTERS]
        self._keep("1h", _inner(raw, "cache_creation", "ephemeral_1h_input_tokens"))
        self._keep("5m", _inner(raw, "cache_creation", "ephemeral_5m_input_tokens"))
        self._keep("thinking", _inner(raw, "output_tokens_details", "thinking_tokens"))
        cost = raw.get("cost")  # gateways that speak this dialect report dollars here
        if isinstance(cost, int | float) and not isinstance(cost, bool):
            self.cost_usd = float(cost)
        return any(found)

    def _keep(self, name: str, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        self._counts[name] = max(self._counts.get(name, 0), int(value))
        return True

    def usage(self) -> Usage:
        """The counts so far, in canonical arithmetic."""
        get = self._counts.get
        output, read = get("output_tokens", 0), get("cache_read_input_tokens", 0)
        written = max(get("cache_creation_input_tokens", 0), get("1h", 0) + get("5m", 0))
        return Usage(
            input_tokens=get("input_tokens", 0) + read + written,
            output_tokens=output,
            cache_read_tokens=read,
            cache_write_tokens=written,
            cache_write_1h_tokens=get("1h", 0),
            reasoning_tokens=min(get("thinking", 0), output),
            cost_usd=self.cost_usd,
        )


def _inner(raw: Mapping[str, Any], outer: str, name: str) -> object:
    value = raw.get(outer)
    return value.get(name) if isinstance(value, Mapping) else None


def parse_usage(raw: object) -> Usage | None:
    """The counts of a whole answer, None where it has none."""
    counter = UsageCounter()
    return counter.usage() if counter.add(raw) else None


def parse_tier(raw: object) -> str | None:
    """The canonical service tier of a `usage` object (OpenAI's words), None when it names none that others know."""
    tier = raw.get("service_tier") if isinstance(raw, Mapping) else None
    return _TIERS.get(tier) if isinstance(tier, str) else None


def render_delta_usage(usage: Usage | None) -> JsonObject:
    """The counts for a `message_delta` event."""
    usage = usage or Usage()
    fresh = max(usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens, 0)
    counts: JsonObject = {
        "input_tokens": fresh,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens:
        counts["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return counts


def render_usage(usage: Usage | None, tier: str | None = None) -> JsonObject:
    """The counts of a whole answer, or of `message_start`."""
    counts = render_delta_usage(usage)
    hour = usage.cache_write_1h_tokens if usage else 0
    counts["cache_creation"] = {
        "ephemeral_5m_input_tokens": max(counts["cache_creation_input_tokens"] - hour, 0),
        "ephemeral_1h_input_tokens": hour,
    }
    if tier in _TIERS_BACK:
        counts["service_tier"] = _TIERS_BACK[tier]
    return counts
