"""Token counts between Google's arithmetic and ours (providers.md 2.4: thoughts stand beside the candidates)."""

from __future__ import annotations

from gamma.types.chat import JsonObject
from gamma.types.usage import Usage
from gamma.wire.gemini.shapes import ModalityCount, UsageMetadata


def parse_usage(counts: UsageMetadata | None) -> Usage | None:
    """Counts in canonical arithmetic; None when the provider gave none (Vertex sends `{"trafficType"}` alone mid-stream)."""
    if counts is None or (counts.prompt_token_count is None and counts.total_token_count is None):
        return None
    thoughts = counts.thoughts_token_count or 0
    read = (counts.prompt_token_count or 0) + (counts.tool_use_prompt_token_count or 0)
    written = (counts.candidates_token_count or 0) + thoughts
    return Usage(
        input_tokens=read,
        output_tokens=written,
        cache_read_tokens=min(counts.cached_content_token_count or 0, read),
        reasoning_tokens=thoughts,
        audio_input_tokens=min(_audio(counts.prompt_tokens_details), read) if counts.prompt_tokens_details else 0,
        audio_output_tokens=min(_audio(counts.candidates_tokens_details), written)
        if counts.candidates_tokens_details
        else 0,
    )


def render_usage(usage: Usage) -> JsonObject:
    """Counts as `usageMetadata`; zeros are left out, as Google does."""
    thoughts = min(usage.reasoning_tokens, usage.output_tokens)
    counts: JsonObject = {"promptTokenCount": usage.input_tokens}
    if usage.output_tokens - thoughts:
        counts["candidatesTokenCount"] = usage.output_tokens - thoughts
    counts["totalTokenCount"] = usage.total_tokens
    if thoughts:
        counts["thoughtsTokenCount"] = thoughts
    if usage.cache_read_tokens:
        counts["cachedContentTokenCount"] = usage.cache_read_tokens
    if usage.audio_input_tokens:
        counts["promptTokensDetails"] = _details(usage.input_tokens, usage.audio_input_tokens)
    if usage.audio_output_tokens:
        counts["candidatesTokensDetails"] = _details(usage.output_tokens - thoughts, usage.audio_output_tokens)
    return counts


def _audio(details: list[ModalityCount]) -> int:
    return sum(d.token_count or 0 for d in details if d.modality == "AUDIO")


def _details(total: int, audio: int) -> list[JsonObject]:
    rest = [{"modality": "TEXT", "tokenCount": total - audio}] if total > audio else []
    return [*rest, {"modality": "AUDIO", "tokenCount": audio}]
