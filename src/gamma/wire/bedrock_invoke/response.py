"""Whole answers of InvokeModel: their shape says whose they are (providers.md 7.3)."""

from __future__ import annotations

from gamma.types.chat import ChatResponse, JsonObject
from gamma.types.usage import Usage
from gamma.wire.anthropic_messages.response import decode_object
from gamma.wire.base import Style
from gamma.wire.bedrock_invoke.families.base import Family
from gamma.wire.bedrock_invoke.table import family_of_answer, family_of_model
from gamma.wire.provider_errors import parse_error


def parse_response(body: bytes) -> ChatResponse:
    """A provider's whole answer.

    Raises:
        ProviderMalformed: it is of no known family.
        ProviderError: it is an error in a 200's clothes.
    """
    answer = decode_object(body)
    if isinstance(answer.get("message"), str) or answer.get("type") == "error":
        raise parse_error(500, {}, body)
    return family_of_answer(answer).parse_response(body)


def parse_usage(body: bytes) -> Usage | None:
    """Only the token counts; those that Bedrock puts into headers are not seen here."""
    return parse_response(body).usage


def render_response(response: ChatResponse, style: Style) -> JsonObject:
    """A whole answer in the shape of the model that was asked."""
    return served_family(style).render_response(response, style)


def served_family(style: Style) -> Family:
    """The family of the model that the caller named."""
    return family_of_model(style.request.model if style.request is not None else style.model)
