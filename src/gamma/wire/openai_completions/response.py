"""Legacy completion answers, both ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from gamma.types.chat import ChatResponse, Choice, FinishReason, JsonObject, Refusal, Text, TokenLogprob
from gamma.wire.base import Style, Traits
from gamma.wire.openai_chat.response import envelope_usage, finish_of, parse_failure
from gamma.wire.openai_chat.shapes import Envelope, read
from gamma.wire.openai_chat.usage import render_usage
from gamma.wire.openai_completions.request import NAME


class TokenColumns(Struct):
    """Log probabilities, one list a column."""

    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None


class TextChoice(Struct):
    """A choice, whole or a fragment of a stream."""

    text: str | None = None
    index: int | None = None
    finish_reason: str | None = None
    logprobs: TokenColumns | None = None
    error: Any = None


class TextBody(Envelope):
    """A whole answer, or one chunk of a stream."""

    choices: list[TextChoice] | None = None


BODY = msgspec.json.Decoder(TextBody)
"""The decoder of both."""


def parse_response(body: bytes, traits: Traits) -> ChatResponse:
    """A provider's whole answer; see `Called.parse_response`."""
    whole = read(body, BODY)
    if whole.is_error() or not whole.choices:
        raise parse_failure(body, whole)
    return ChatResponse(
        choices=tuple(_parse_choice(i, choice) for i, choice in enumerate(whole.choices)),
        id=whole.id or "",
        model=whole.model or "",
        created=whole.created or 0,
        usage=envelope_usage(whole, traits),
        service_tier=whole.service_tier or None,
        system_fingerprint=whole.system_fingerprint or None,
        dialect=NAME,
    )


def _parse_choice(place: int, choice: TextChoice) -> Choice:
    word = choice.finish_reason or None
    return Choice(
        parts=(Text(choice.text),) if choice.text else (),
        finish=finish_of(word, calls=False),
        finish_raw=word,
        index=place if choice.index is None else choice.index,
        logprobs=parse_columns(choice.logprobs) or None,
    )


def parse_columns(columns: TokenColumns | None) -> tuple[TokenLogprob, ...]:
    """Tokens with their log probabilities. The first of an echoed prompt has none: 0 stands for it."""
    if columns is None or not columns.tokens:
        return ()
    logprobs, tops = columns.token_logprobs or [], columns.top_logprobs or []
    found = []
    for i, token in enumerate(columns.tokens):
        logprob = logprobs[i] if i < len(logprobs) else None
        top = tops[i] if i < len(tops) else None
        others = tuple(TokenLogprob(token=t, logprob=p) for t, p in (top or {}).items())
        found.append(TokenLogprob(token=token, logprob=logprob or 0.0, top=others))
    return tuple(found)


def render_response(response: ChatResponse, style: Style) -> JsonObject:
    """A whole answer for a caller; see `Served.render_response`."""
    body: JsonObject = {
        "id": response.id or f"cmpl-{style.id}",
        "object": "text_completion",
        "created": response.created or style.created,
        "model": style.model,
        "choices": [_render_choice(choice) for choice in response.choices],
    }
    if response.usage is not None:
        body["usage"] = render_usage(response.usage)
    if response.system_fingerprint is not None:
        body["system_fingerprint"] = response.system_fingerprint
    return body


def _render_choice(choice: Choice) -> JsonObject:
    return {
        "text": "".join(p.text for p in choice.parts if isinstance(p, Text | Refusal)),
        "index": choice.index,
        "logprobs": render_columns(choice.logprobs or (), 0),
        "finish_reason": finish_word(choice.finish),
    }


def finish_word(finish: FinishReason) -> str:
    """The `finish_reason` to show: this dialect knows three. `length` says of a failed answer that it is not whole."""
    return {"tool_calls": "stop", "error": "length"}.get(finish, finish)


def render_columns(tokens: Sequence[TokenLogprob], offset: int) -> JsonObject | None:
    """Log probabilities in columns, None when there are none.

    Args:
        tokens: in order.
        offset: characters of the text before the first of them.
    """
    if not tokens:
        return None
    offsets = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token.token)
    return {
        "tokens": [t.token for t in tokens],
        "token_logprobs": [t.logprob for t in tokens],
        "top_logprobs": [{o.token: o.logprob for o in t.top} for t in tokens],
        "text_offset": offsets,
    }
