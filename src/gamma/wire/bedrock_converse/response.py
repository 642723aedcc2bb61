"""Whole Converse answers, both ways (providers.md 7.1, 2.3, 2.4)."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import CallerError, ProviderMalformed
from gamma.types.chat import (
    ChatResponse,
    Choice,
    FinishReason,
    JsonObject,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from gamma.types.usage import Usage
from gamma.wire.bedrock_converse.blocks import (
    DIALECT,
    parse_block,
    read_arguments,
    render_citation,
    render_reasoning,
    tool_id,
)
from gamma.wire.bedrock_converse.media import render_media
from gamma.wire.fields import Fields
from gamma.wire.provider_errors import parse_error

_FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}
_STOP_REASON: dict[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
    "error": "malformed_model_output",
}
_KEPT = ("metrics", "trace", "additionalModelResponseFields", "performanceConfig")


class CacheDetail(Struct):
    """Tokens written to the cache for one time to live."""

    ttl: str | None = None
    inputTokens: int | None = 0  # noqa: N815  # the wire's own spelling


class TokenUsage(Struct):
    """Converse's token counts; `inputTokens` leaves the cache out (providers.md 2.4)."""

    inputTokens: int | None = 0  # noqa: N815  # the wire's own spelling, as below
    outputTokens: int | None = 0  # noqa: N815
    cacheReadInputTokens: int | None = 0  # noqa: N815
    cacheWriteInputTokens: int | None = 0  # noqa: N815
    cacheDetails: list[CacheDetail] | None = None  # noqa: N815

    def usage(self) -> Usage:
        """The same in Gamma's arithmetic."""
        read, written = self.cacheReadInputTokens or 0, self.cacheWriteInputTokens or 0
        hour = sum(detail.inputTokens or 0 for detail in self.cacheDetails or () if detail.ttl == "1h")
        return Usage(
            input_tokens=(self.inputTokens or 0) + read + written,
            output_tokens=self.outputTokens or 0,
            cache_read_tokens=read,
            cache_write_tokens=written,
            cache_write_1h_tokens=min(hour, written),
        )


class _UsageOnly(Struct):
    output: JsonObject | None = None
    usage: TokenUsage | None = None


_USAGE = msgspec.json.Decoder(_UsageOnly)


def parse_finish(raw: str | None, *, calls: bool) -> FinishReason:
    """The canonical reason for a stop reason and whether the answer holds tool calls."""
    reason = _FINISH.get(raw or "", "stop")
    if reason == "tool_calls" and not calls:  # the only call was the structured answer
        return "stop"
    return "tool_calls" if reason == "stop" and calls else reason


def render_finish(reason: FinishReason, raw: str | None, stop_sequence: str | None) -> str:
    """Converse's stop reason; a raw word of Converse's own is kept where it means the same."""
    if raw is not None and _FINISH.get(raw) == reason:
        return raw
    return "stop_sequence" if reason == "stop" and stop_sequence is not None else _STOP_REASON[reason]


def render_usage(usage: Usage | None) -> JsonObject:
    """Token counts; zeros where none are known, since Converse requires them."""
    usage = usage or Usage()
    read, written, hour = usage.cache_read_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens
    counts: JsonObject = {
        "inputTokens": max(usage.input_tokens - read - written, 0),
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.total_tokens,
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": written,
    }
    if hour:
        details = [{"ttl": "1h", "inputTokens": hour}, {"ttl": "5m", "inputTokens": written - hour}]
        counts["cacheDetails"] = [detail for detail in details if detail["inputTokens"]]
    return counts


def parse_usage(body: bytes) -> Usage | None:
    """Only the token counts of a whole answer."""
    try:
        answer = _USAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ProviderMalformed("the provider's answer is not a Converse answer") from None
    if answer.output is None:
        _refuse(body)
    return answer.usage.usage() if answer.usage is not None else None


def parse_response(body: bytes) -> ChatResponse:
    """A provider's whole answer."""
    usage = parse_usage(body)
    try:
        return _parse_answer(Fields(msgspec.json.decode(body)), usage)
    except CallerError as error:  # Fields speaks to callers; here the provider is at fault
        raise ProviderMalformed(f"the provider's answer is not a Converse answer: {error.message}") from None


def _refuse(body: bytes) -> None:
    if isinstance(value := msgspec.json.decode(body), dict) and isinstance(value.get("message"), str):
        raise parse_error(500, {}, body)
    raise ProviderMalformed("the provider's answer lacks `output`")


def _parse_answer(fields: Fields, usage: Usage | None) -> ChatResponse:
    blocks = fields.object("output").object("message").objects("content")
    found = (parse_block(block, strict=False) for block in blocks)
    parts = tuple(part for part in found if part is not None and part != Text(""))
    raw = fields.opt_text("stopReason")
    more = fields.opt_object("additionalModelResponseFields") or {}
    stop_sequence = more.get("stop_sequence")
    choice = Choice(
        parts=parts,
        finish=parse_finish(raw, calls=any(isinstance(part, ToolCall) for part in parts)),
        finish_raw=raw,
        stop_sequence=stop_sequence if isinstance(stop_sequence, str) else None,
    )
    tier = (fields.opt_object("serviceTier") or {}).get("type")
    return ChatResponse(
        choices=(choice,),
        usage=usage,
        service_tier=tier if isinstance(tier, str) else None,
        dialect=DIALECT,
        extra={name: fields.raw(name) for name in _KEPT if fields.has(name)},
    )


def render_response(response: ChatResponse) -> JsonObject:
    """A whole answer; Converse has one choice and neither id nor model."""
    choice = response.choices[0] if response.choices else Choice()
    content = [block for part in choice.parts for block in _render_part(part)]
    answer: JsonObject = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": render_finish(choice.finish, choice.finish_raw, choice.stop_sequence),
        "usage": render_usage(response.usage),
        "metrics": {"latencyMs": 0},  # required; whoever serves the answer may know better
    }
    if response.service_tier in ("priority", "default", "flex", "reserved"):
        answer["serviceTier"] = {"type": response.service_tier}
    if response.dialect == DIALECT:
        answer |= response.extra
    return answer


def _render_part(part: Part) -> list[JsonObject]:
    match part:
        case Text(citations=()):
            return [{"text": part.text}]
        case Text():
            cited: list[Any] = [render_citation(citation) for citation in part.citations]
            return [{"citationsContent": {"content": [{"text": part.text}], "citations": cited}}]
        case Refusal():
            return [{"text": part.text}]
        case Reasoning():
            block = render_reasoning(part, unsigned=True)
            return [] if block is None else [block]
        case ToolCall():
            use = {"toolUseId": tool_id(part.id), "name": part.name, "input": _arguments(part)}
            return [{"toolUse": use}]
        case Media(kind="image") if part.data:
            return [render_media(part, set(), "output")]
        case Opaque() if part.dialect == DIALECT:
            return [part.value]
    return []


def _arguments(call: ToolCall) -> JsonObject:
    try:
        return {"input": call.arguments} if call.kind == "custom" else read_arguments(call.arguments)
    except (ValueError, msgspec.DecodeError):
        raise ProviderMalformed(f"the model's arguments for tool `{call.name}` are not a JSON object") from None
