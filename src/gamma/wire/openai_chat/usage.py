"""Token counts of this dialect, in every vendor's spelling (providers.md 2.2 and 2.4)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from gamma.types.chat import JsonObject
from gamma.types.usage import Usage
from gamma.wire.base import Traits

_USD_PER_TICK = 1e-10  # xai's cost_in_usd_ticks; recomputed from a recording (providers.md 2.4)


class _PromptDetails(Struct, gc=False):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None


class _CompletionDetails(Struct, gc=False):
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


class _CacheCreation(Struct, gc=False):
    ephemeral_1h_input_tokens: int | None = None


class WireUsage(Struct):
    """The `usage` object: OpenAI's members and those that vendors add to it."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    cached_tokens: int | None = None  # together
    num_cached_tokens: int | None = None  # mistral, old
    prompt_cache_hit_tokens: int | None = None  # deepseek
    cache_read_input_tokens: int | None = None  # databricks, doubleword, venice: inside the prompt
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    reasoning_tokens: int | None = None
    prompt_audio_seconds: Any = None  # mistral
    cost: Any = None  # openrouter, avian, vercel: dollars; perplexity: {total_cost}
    cost_in_usd_ticks: int | None = None  # xai
    estimated_cost: float | None = None  # deepinfra


def parse_usage(usage: WireUsage | None, traits: Traits, cost: Any = None) -> Usage | None:
    """Canonical counts, None when there are none yet (databricks sends nulls until the end).

    Args:
        usage: as decoded.
        traits: `reasoning_excluded` adds reasoning to the output.
        cost: the answer's own `cost` member (venice: `{usd}`).
    """
    if usage is None or (usage.prompt_tokens is None and usage.completion_tokens is None):
        return None
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    before, after = usage.prompt_tokens_details, usage.completion_tokens_details
    reasoning = (after.reasoning_tokens if after else 0) or usage.reasoning_tokens or 0
    write = (before.cache_write_tokens if before else 0) or usage.cache_creation_input_tokens or 0
    if traits.reasoning_excluded:
        completion += reasoning
    elif usage.total_tokens is not None and usage.total_tokens > prompt + completion:
        prompt, completion, reasoning = _spread(usage, prompt, completion, reasoning)
    read = min(_cache_read(usage), prompt)
    write = min(write, prompt - read)
    longer = usage.cache_creation.ephemeral_1h_input_tokens if usage.cache_creation else 0
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=min(longer or 0, write),
        reasoning_tokens=min(reasoning, completion),
        audio_input_tokens=min((before.audio_tokens if before else 0) or 0, prompt),
        audio_output_tokens=min((after.audio_tokens if after else 0) or 0, completion),
        cost_usd=_cost(usage, cost),
    )


def _cache_read(usage: WireUsage) -> int:
    details = usage.prompt_tokens_details
    return (
        (details.cached_tokens if details else 0)
        or usage.cached_tokens
        or usage.num_cached_tokens
        or usage.prompt_cache_hit_tokens
        or usage.cache_read_input_tokens
        or 0
    )


def _spread(usage: WireUsage, prompt: int, completion: int, reasoning: int) -> tuple[int, int, int]:
    """Prompt, completion and reasoning, with the tokens that only the total counts given to whom they belong."""
    missing = (usage.total_tokens or 0) - prompt - completion
    cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    if missing == reasoning:  # xai chat, also behind other vendors
        return prompt, completion + missing, reasoning
    if missing == cached or usage.prompt_audio_seconds is not None:  # a cache or (mistral) sound outside the prompt
        return prompt + missing, completion, reasoning
    return prompt, completion + missing, max(reasoning, missing)  # gemini's OpenAI layer: thoughts


def _cost(usage: WireUsage, outer: Any) -> float | None:
    cost = usage.cost
    if isinstance(cost, dict):
        cost = cost.get("total_cost")
    if cost is None and isinstance(outer, dict):
        cost = outer.get("usd")
    if cost is None and usage.cost_in_usd_ticks is not None:
        cost = usage.cost_in_usd_ticks * _USD_PER_TICK
    if cost is None:
        cost = usage.estimated_cost
    return float(cost) if isinstance(cost, int | float) else None


def render_usage(usage: Usage) -> JsonObject:
    """OpenAI's `usage` object, with the provider's own cost beside it where it gave one."""
    prompt = {"cached_tokens": usage.cache_read_tokens, "audio_tokens": usage.audio_input_tokens}
    if usage.cache_write_tokens:
        prompt["cache_write_tokens"] = usage.cache_write_tokens
    counts: JsonObject = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": usage.audio_output_tokens,
        },
    }
    if usage.cost_usd is not None:
        counts["cost"] = usage.cost_usd
    return counts
