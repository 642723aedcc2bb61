"""Counting the tokens of a request without answering it: `/v1/messages/count_tokens` (providers.md 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gamma.errors import ProviderMalformed
from gamma.types.chat import ChatRequest, JsonObject
from gamma.wire.anthropic_messages.request import parse_request, render_request
from gamma.wire.base import Target

PATH = "/v1/messages/count_tokens"

_TAKES = frozenset(
    {"model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control", "speed"}
)  # S: MessageCountTokensParams


class _Count(msgspec.Struct):
    input_tokens: int


_DECODER = msgspec.json.Decoder(_Count)


def parse_count_request(body: Mapping[str, Any], *, model: str | None = None) -> ChatRequest:
    """A caller's request to count, which need not bound an answer.

    Raises:
        MissingField, InvalidType, InvalidRequest: naming the field in `param`.
    """
    return parse_request(body, model=model, bounded=False)


def render_count_tokens(input_tokens: int) -> JsonObject:
    """The answer to a caller who asked for a count."""
    return {"input_tokens": input_tokens}


def render_count_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send to a provider: the request without what bounds or samples its answer."""
    return {name: value for name, value in render_request(request, target).items() if name in _TAKES}


def parse_count_tokens(body: bytes) -> int:
    """A provider's count.

    Raises:
        ProviderMalformed: there is none.
    """
    try:
        return _DECODER.decode(body).input_tokens
    except ValueError:
        raise ProviderMalformed("the provider's token count is not of its dialect") from None
