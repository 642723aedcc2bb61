"""Why an answer ended, in Google's words and in ours (providers.md 2.3)."""

from __future__ import annotations

from gamma.types.chat import FinishReason

_REASONS: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "IMAGE_OTHER": "content_filter",
    "NO_IMAGE": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "MALFORMED_FUNCTION_CALL": "error",
    "UNEXPECTED_TOOL_CALL": "error",
    "TOO_MANY_TOOL_CALLS": "error",
    "MISSING_THOUGHT_SIGNATURE": "error",
    "MALFORMED_RESPONSE": "error",
    "OTHER": "error",
}
_WORDS: dict[FinishReason, str] = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "error": "OTHER",
}


def parse_finish(word: str | None, *, called: bool) -> FinishReason:
    """The canonical reason; `called`: the answer holds a tool call (Google says STOP then: 521 of 526 recorded)."""
    reason = _REASONS.get(word or "STOP", "stop")
    return "tool_calls" if called and reason == "stop" else reason


def render_finish(reason: FinishReason, raw: str | None) -> str:
    """Google's word: the provider's own where it is one of Google's and means the same."""
    if raw is not None and _REASONS.get(raw) == reason:
        return raw
    return _WORDS[reason]
