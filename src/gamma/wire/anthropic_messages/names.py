"""Words of the messages dialect that several of its modules share (providers.md 2.3 and 5)."""

from __future__ import annotations

from gamma.types.chat import FinishReason

NAME = "anthropic_messages"

SIGNATURE_FAMILY = frozenset({NAME, "bedrock_converse"})
"""Dialects that carry Claude's own signatures: either may return what the other issued."""

STRUCTURED_TOOL = "gamma_structured_output"
"""The reserved tool whose input is the structured answer, for models without `output_config.format`."""

FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}

STOP_REASON: dict[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "error": "end_turn",  # the dialect has no word for it; a failed answer is rendered as an error instead
}


def stop_reason(finish: FinishReason, raw: str | None, stop_sequence: str | None) -> str:
    """The dialect's word for why an answer ended, the provider's own where it is one of the dialect's.

    Args:
        finish: the canonical reason.
        raw: the provider's word.
        stop_sequence: the caller's text that was met, if any.
    """
    if raw is not None and FINISH.get(raw) == finish:
        return raw
    return "stop_sequence" if finish == "stop" and stop_sequence else STOP_REASON[finish]
