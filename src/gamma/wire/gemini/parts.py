"""Pieces of a content, as they are written in requests and in answers alike."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gamma.types.chat import JsonObject, Text, TokenLogprob


def render_text(text: str, signature: str | None = None) -> JsonObject:
    """A text part."""
    return {"text": text, "thoughtSignature": signature} if signature else {"text": text}


def render_thought(text: str, signature: str | None = None) -> JsonObject:
    """A part of the model's reasoning."""
    part: JsonObject = {"text": text, "thought": True}
    return {**part, "thoughtSignature": signature} if signature else part


def render_arguments(arguments: str) -> JsonObject | None:
    """Arguments as the object that `args` must be; None when the text is no JSON object."""
    if not (text := arguments.strip()) or text == "null":
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def render_logprobs(logprobs: Iterable[TokenLogprob]) -> JsonObject:
    """`logprobsResult`: chosen tokens and their rivals, by place."""
    chosen = [_token(item) for item in logprobs]
    rivals = [{"candidates": [_token(rival) for rival in item.top]} for item in logprobs]
    return {"chosenCandidates": chosen, **({"topCandidates": rivals} if any(r["candidates"] for r in rivals) else {})}


def is_blank(part: object) -> bool:
    """Whether a part is text that says nothing."""
    return isinstance(part, Text) and not part.text and part.signature is None


def _token(item: TokenLogprob) -> JsonObject:
    return {"token": item.token, "logProbability": item.logprob}
