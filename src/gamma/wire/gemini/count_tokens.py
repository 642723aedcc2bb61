"""`:countTokens` in both directions (providers.md 13; recorded: vertex)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import ProviderMalformed
from gamma.types.chat import ChatRequest, JsonObject
from gamma.wire.base import Target
from gamma.wire.gemini.names import camel_keys
from gamma.wire.gemini.outgoing import render_messages
from gamma.wire.gemini.request import parse_request
from gamma.wire.gemini.tools import render_tools
from gamma.wire.provider_errors import parse_error


class _Counted(Struct, frozen=True, rename="camel"):
    total_tokens: int | None = None
    error: Any = None


_COUNTED = msgspec.json.Decoder(_Counted, strict=False)


def parse_count_request(body: Mapping[str, Any], *, model: str | None = None) -> ChatRequest:
    """A caller's request to count: `contents` alone, or a whole `generateContentRequest`.

    Raises:
        MissingField, InvalidType, InvalidRequest: as for generateContent.
    """
    fields = camel_keys(body)
    whole = fields.get("generateContentRequest")
    return parse_request(whole if isinstance(whole, Mapping) else fields, model=model)


def render_count_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send.

    AI Studio wants system text and tools inside `generateContentRequest`, Vertex beside `contents`, each refuses the other:
    so both are counted as text of the conversation, which makes a few tokens' difference.
    """
    system, contents = render_messages(request.messages, target.model)
    tools = render_tools(request, target)
    before = [*system, {"text": msgspec.json.encode(tools).decode()}] if tools else system
    return {"contents": [{"role": "user", "parts": before}, *contents] if before else contents}


def parse_count_tokens(body: bytes) -> int:
    """The count that a provider answered.

    Raises:
        ProviderMalformed: there is none.
        GammaError: it is an error in a 200's clothes.
    """
    try:
        counted = _COUNTED.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderMalformed(f"the provider sent something that is no token count: {error}") from error
    if counted.error is not None:
        raise parse_error(500, {}, body)
    if counted.total_tokens is None:
        raise ProviderMalformed("the provider answered without a token count")
    return counted.total_tokens


def render_count_tokens(count: int) -> JsonObject:
    """The answer to a caller."""
    return {"totalTokens": count}
