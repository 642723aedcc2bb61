"""Whole answers of the dialect: read from providers, written for callers."""

from __future__ import annotations

from typing import Any

import msgspec

from gamma.errors import GammaError, ProviderMalformed
from gamma.types.chat import ChatResponse, Choice, FinishReason, JsonObject, Part, Reasoning, Text, ToolCall
from gamma.wire.base import Style
from gamma.wire.openai_responses.echo import conclude, render_frame, response_id, status_of
from gamma.wire.openai_responses.names import NAME
from gamma.wire.openai_responses.output import logprobs_of, parse_item, render_output
from gamma.wire.openai_responses.usage import parse_usage
from gamma.wire.provider_errors import parse_error

_KEPT = ("background", "billing", "content_filters", "conversation", "moderation", "tool_usage")
_UNDECIDED = ("queued", "in_progress", "cancelled")  # background answers that have no end yet, or will have none


def parse_response(body: bytes) -> ChatResponse:
    """A provider's whole answer, read leniently.

    Raises:
        ProviderMalformed: it is not JSON or holds no output.
        GammaError: it is an error in a 200's clothes, or an answer with status `failed`.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderMalformed(f"The provider's answer is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ProviderMalformed("The provider's answer is not a JSON object.")
    output = value.get("output")
    if value.get("status") == "failed" or (value.get("error") and not output):
        raise parse_error(500, {}, body)
    if not isinstance(output, list) and not isinstance(value.get("output_text"), str):
        raise ProviderMalformed("The provider's answer has no `output`.")
    return read_response(value)


def read_response(value: JsonObject) -> ChatResponse:
    """The answer in a decoded Response object that is known to be one."""
    answer_id = text_of(value.get("id"))
    output = value.get("output") if isinstance(value.get("output"), list) else []
    assert isinstance(output, list)
    parts: list[Part] = [part for i, item in enumerate(output) for part in parse_item(item, f"{answer_id}:{i}")]
    if isinstance(value.get("reasoning"), str) and not any(isinstance(part, Reasoning) for part in parts):
        parts.insert(0, Reasoning(text=value["reasoning"], dialect=NAME, raw=True))  # recorded: mistral.rs
    if not output and isinstance(value.get("output_text"), str):
        parts.append(Text(value["output_text"]))
    logprobs = tuple(token for item in output for token in logprobs_of(item))
    finish, raw = parse_finish(value, calls=any(isinstance(part, ToolCall) for part in parts))
    return ChatResponse(
        choices=(Choice(parts=tuple(parts), finish=finish, finish_raw=raw, logprobs=logprobs or None),),
        id=answer_id,
        model=text_of(value.get("model")),
        created=seconds_of(value.get("created_at")),
        usage=parse_usage(value.get("usage")),
        service_tier=text_of(value.get("service_tier")) or None,
        dialect=NAME,
        extra={name: value[name] for name in _KEPT if value.get(name) is not None},
    )


def parse_finish(value: JsonObject, *, calls: bool) -> tuple[FinishReason, str | None]:
    """Why an answer ended, and the provider's own word for it.

    Args:
        value: the Response object.
        calls: whether it holds tool calls.
    """
    status = text_of(value.get("status")) or None
    if status == "incomplete":
        details = value.get("incomplete_details")
        reason = text_of(details.get("reason")) if isinstance(details, dict) else ""
        return ("content_filter" if reason == "content_filter" else "length"), reason or status
    if status == "cancelled":
        return "error", status
    return ("tool_calls" if calls else "stop"), status


def text_of(value: Any) -> str:
    """A string, or an empty one for anything else."""
    return value if isinstance(value, str) else ""


def seconds_of(value: Any) -> int:
    """A time in whole seconds (recorded: bedrock-mantle sends a fraction), 0 for anything else."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def render_response(response: ChatResponse, style: Style) -> JsonObject:
    """A whole answer that the strict types of the official SDK accept; the dialect has room for one choice."""
    choice = response.choices[0] if response.choices else Choice()
    answer_id = response_id(response.id, style)
    frame = render_frame(style, answer_id=answer_id, created=response.created, service_tier=response.service_tier)
    items_status = "completed" if status_of(choice.finish) == "completed" else "incomplete"
    output = render_output(choice.parts, answer_id, choice.logprobs or (), items_status)
    whole = conclude(frame, output, choice.finish, response.usage)
    if response.dialect == NAME:
        whole |= {name: value for name, value in response.extra.items() if name in _KEPT}
        if choice.finish_raw in _UNDECIDED:
            whole |= {"status": choice.finish_raw, "error": None}
    return whole


def render_error(error: GammaError, request_id: str) -> JsonObject:
    """An error body; the HTTP status is `error.status`."""
    kind = "invalid_request_error" if error.fault == "caller" else "rate_limit_error" if error.status == 429 else "api_error"
    fields: JsonObject = {"message": error.message, "type": kind, "param": error.param, "code": error.code}
    return {"error": {**fields, "request_id": request_id}}
