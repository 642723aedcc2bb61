"""watsonx.ai's whole answers: OpenAI's with `model_id`, and those of the older generation API."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from gamma.errors import GammaError, ProviderMalformed
from gamma.types.chat import ChatResponse, Choice, FinishReason, JsonObject, Text
from gamma.types.usage import Usage
from gamma.wire.base import Style, Traits
from gamma.wire.moments import rfc3339, seconds_of
from gamma.wire.openai_chat import OpenaiChat

_FINISH: dict[str, FinishReason] = {"max_tokens": "length", "token_limit": "length", "error": "error"}
_chat = OpenaiChat()


class _Result(Struct):
    generated_text: str = ""
    generated_token_count: int = 0
    input_token_count: int = 0
    stop_reason: str | None = None


class Head(Struct):
    """What OpenAI's reader does not look for: the model's name here, and the older API's results."""

    model_id: str = ""
    created_at: str = ""
    results: list[_Result] | None = None


_decoder = msgspec.json.Decoder(Head)


def decode_head(body: bytes) -> Head:
    """The fields that differ from OpenAI's.

    Raises:
        ProviderMalformed: the body is not JSON, or they have other types.
    """
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderMalformed(f"The provider's answer is not of the watsonx dialect: {error}.") from error


def parse_response(body: bytes, traits: Traits) -> ChatResponse:
    """A whole answer (wire/base.py)."""
    head = decode_head(body)
    if head.results is not None:
        return _parse_generation(head)
    response = _chat.parse_response(body, traits)
    return msgspec.structs.replace(
        response,
        model=head.model_id or response.model,
        created=response.created or seconds_of(head.created_at),
        dialect="watsonx",
    )


def _parse_generation(head: Head) -> ChatResponse:
    choices = tuple(
        Choice(
            parts=(Text(result.generated_text),) if result.generated_text else (),
            finish=_FINISH.get(result.stop_reason or "", "stop"),
            finish_raw=result.stop_reason,
            index=i,
        )
        for i, result in enumerate(head.results or ())
    )
    if not choices:
        raise ProviderMalformed("The provider's answer holds no results.")
    created = seconds_of(head.created_at)
    return ChatResponse(choices=choices, model=head.model_id, created=created, usage=_counted(head), dialect="watsonx")


def _counted(head: Head) -> Usage:
    results = head.results or []
    return Usage(
        input_tokens=sum(result.input_token_count for result in results),
        output_tokens=sum(result.generated_token_count for result in results),
    )


def parse_usage(body: bytes, traits: Traits) -> Usage | None:
    """Only the token counts (wire/base.py)."""
    head = decode_head(body)
    return _counted(head) if head.results is not None else _chat.parse_usage(body, traits)


def render_response(response: ChatResponse, style: Style) -> JsonObject:
    """A whole answer (wire/base.py)."""
    body = _chat.render_response(response, style)
    return {"model_id": style.model, "created_at": rfc3339(response.created or style.created)} | body


def render_error(error: GammaError, request_id: str) -> JsonObject:
    """An error body."""
    fault: JsonObject = {"code": error.code, "message": error.message}
    return {"errors": [fault], "trace": request_id, "status_code": error.status}
