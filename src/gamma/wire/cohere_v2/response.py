"""Whole Cohere v2 chat answers, both ways (providers.md 8, 2.3, 2.4)."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import CallerError, ContextLengthExceeded, GammaError, ProviderMalformed
from gamma.types.chat import (
    ChatResponse,
    Choice,
    FinishReason,
    JsonObject,
    Part,
    Reasoning,
    Refusal,
    Text,
    TokenLogprob,
    ToolCall,
)
from gamma.types.usage import Usage
from gamma.wire.base import Style
from gamma.wire.cohere_v2.citations import parse_citation, render_citation
from gamma.wire.fields import Fields
from gamma.wire.provider_errors import parse_error

_DIALECT = "cohere_v2"
_FINISH: dict[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "ERROR_LIMIT": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter",
    "ERROR": "error",
    "TIMEOUT": "error",
}
_WORD: dict[FinishReason, str] = {
    "stop": "COMPLETE",
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
    "content_filter": "ERROR_TOXIC",
    "error": "ERROR",
}


class Tokens(Struct):
    """`tokens` or `billed_units`. Counts are JSON numbers with a fraction in the vendor's own types."""

    input_tokens: float | None = None
    output_tokens: float | None = None
    image_tokens: float | None = None
    reasoning_tokens: float | None = None


class TokenUsage(Struct):
    """Cohere's token counts: `tokens` are those read and written, `billed_units` those priced (providers.md 2.4)."""

    tokens: Tokens | None = None
    billed_units: Tokens | None = None
    cached_tokens: float | None = None

    def usage(self) -> Usage | None:
        """The same in Gamma's arithmetic; None where nothing was counted."""
        tokens = self.tokens or self.billed_units
        if tokens is None:
            return None
        # image_tokens stand beside input_tokens, not inside (recorded: cohere image, 518 of them beside 501)
        read, written = int((tokens.input_tokens or 0) + (tokens.image_tokens or 0)), int(tokens.output_tokens or 0)
        return Usage(
            input_tokens=read,
            output_tokens=written,
            cache_read_tokens=min(int(self.cached_tokens or 0), read),
            reasoning_tokens=min(int(tokens.reasoning_tokens or 0), written),
        )


class LogprobItem(Struct):
    """A piece of text, its tokens and their log probabilities."""

    text: str | None = None
    logprobs: list[float] | None = None

    def token(self) -> TokenLogprob:
        """The piece as one token; the probability of several is their product."""
        return TokenLogprob(token=self.text or "", logprob=sum(self.logprobs or ()))


class _UsageOnly(Struct):
    message: Any = None
    usage: TokenUsage | None = None
    logprobs: list[LogprobItem] | None = None


_USAGE = msgspec.json.Decoder(_UsageOnly)


def parse_finish(raw: str | None, *, calls: bool) -> FinishReason:
    """The canonical reason for a finish word and whether the answer holds tool calls."""
    reason = _FINISH.get(raw or "", "stop")
    return "tool_calls" if reason == "stop" and calls else reason


def render_finish(reason: FinishReason, raw: str | None, stop_sequence: str | None) -> str:
    """Cohere's finish word; a raw word of Cohere's own is kept where it means the same."""
    if raw is not None and _FINISH.get(raw) == reason:
        return raw
    return "STOP_SEQUENCE" if reason == "stop" and stop_sequence is not None else _WORD[reason]


def render_usage(usage: Usage | None) -> JsonObject:
    """Token counts; zeros where none are known."""
    usage = usage or Usage()
    tokens: JsonObject = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    billed = dict(tokens)
    if usage.reasoning_tokens:
        tokens["reasoning_tokens"] = usage.reasoning_tokens
    return {"billed_units": billed, "tokens": tokens, "cached_tokens": usage.cache_read_tokens}


def render_logprobs(tokens: tuple[TokenLogprob, ...]) -> list[JsonObject]:
    """Log probabilities; the ids of the tokens are required but unknown."""
    return [{"text": token.token, "token_ids": [], "logprobs": [token.logprob]} for token in tokens]


def render_error(error: GammaError, request_id: str) -> JsonObject:
    """An error body."""
    kind = {"error_type": "TOO_MANY_TOKENS"} if isinstance(error, ContextLengthExceeded) else {}
    return {"id": request_id, "message": error.message, **kind}


def parse_usage(body: bytes) -> Usage | None:
    """Only the token counts of a whole answer."""
    answer = _decode(body)
    return None if answer.usage is None else answer.usage.usage()


def _decode(body: bytes) -> _UsageOnly:
    try:
        answer = _USAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ProviderMalformed("the provider's answer is not a chat answer") from None
    if isinstance(answer.message, str):  # an error body
        raise parse_error(500, {}, body)
    if not isinstance(answer.message, dict):
        raise ProviderMalformed("the provider's answer lacks `message`")
    return answer


def parse_response(body: bytes) -> ChatResponse:
    """A provider's whole answer."""
    outline = _decode(body)
    fields = Fields(msgspec.json.decode(body))
    try:
        parts = _parse_message(fields.object("message"))
        raw, found = fields.opt_text("finish_reason"), fields.opt_text("id") or ""
        billed = (fields.opt_object("usage") or {}).get("billed_units")
    except CallerError as error:  # Fields speaks to callers; here the provider is at fault
        raise ProviderMalformed(f"the provider's answer is not a chat answer: {error.message}") from None
    choice = Choice(
        parts=tuple(parts),
        finish=parse_finish(raw, calls=any(isinstance(part, ToolCall) for part in parts)),
        finish_raw=raw,
        logprobs=tuple(item.token() for item in outline.logprobs or ()) or None,
    )
    usage = None if outline.usage is None else outline.usage.usage()
    return ChatResponse(
        choices=(choice,), id=found, usage=usage, dialect=_DIALECT, extra={"billed_units": billed} if billed else {}
    )


def _parse_message(message: Fields) -> list[Part]:
    content = message.raw("content")
    if isinstance(content, str):
        parts: list[Part] = [Text(content)]
    else:
        parts = [part for block in message.objects("content") if (part := _parse_block(block)) is not None]
    _cite(message, parts)
    if plan := message.opt_text("tool_plan"):
        first = next((i for i, part in enumerate(parts) if isinstance(part, Text)), len(parts))
        parts.insert(first, Text(plan))
    calls = (parse_call(call, i) for i, call in enumerate(message.objects("tool_calls")))
    return [*(part for part in parts if part != Text("")), *calls]


def _parse_block(block: Fields) -> Part | None:
    if (text := block.opt_text("text")) is not None:
        return Text(text)
    thinking = block.opt_text("thinking")
    return Reasoning(text=thinking, dialect=_DIALECT) if thinking else None


def _cite(message: Fields, parts: list[Part]) -> None:
    """Hangs citations on the content part they name; those of a plan or of thinking have no text to hang on."""
    for value in message.objects("citations"):
        citation = parse_citation(value)
        raw = citation.raw or {}
        if raw.get("type") in ("PLAN", "THINKING_CONTENT"):
            continue
        at = raw.get("content_index")
        if not isinstance(at, int) or at >= len(parts) or not isinstance(parts[at], Text):
            at = next((i for i, part in enumerate(parts) if isinstance(part, Text)), None)
        if at is not None and isinstance(part := parts[at], Text):
            parts[at] = msgspec.structs.replace(part, citations=(*part.citations, citation))


def parse_call(call: Fields, index: int) -> ToolCall:
    """A tool call of an answer; the arguments of a tool without parameters may be the text `null`."""
    function = Fields(call.opt_object("function") or {}, call.at("function"))
    arguments = function.opt_text("arguments") or "{}"
    name = function.opt_text("name") or ""
    return ToolCall(
        id=call.opt_text("id") or f"call_{index}_{name}",
        name=name,
        arguments="{}" if arguments.strip() == "null" else arguments,
    )


def render_response(response: ChatResponse, style: Style) -> JsonObject:
    """A whole answer; Cohere has one choice."""
    choice = response.choices[0] if response.choices else Choice()
    answer: JsonObject = {
        "id": response.id or style.id,
        "finish_reason": render_finish(choice.finish, choice.finish_raw, choice.stop_sequence),
        "message": _render_message(choice.parts),
        "usage": render_usage(response.usage),
    }
    if response.dialect == _DIALECT and response.extra.get("billed_units"):
        answer["usage"]["billed_units"] = response.extra["billed_units"]
    if choice.logprobs:
        answer["logprobs"] = render_logprobs(choice.logprobs)
    return answer


def _render_message(parts: tuple[Part, ...]) -> JsonObject:
    """Text beside tool calls is their plan."""
    calls = [part for part in parts if isinstance(part, ToolCall)]
    content: list[JsonObject] = []
    citations: list[JsonObject] = []
    plan = ""
    for part in parts:
        if isinstance(part, Reasoning) and part.text:
            content.append({"type": "thinking", "thinking": part.text})
        elif isinstance(part, Text | Refusal) and calls:
            plan += part.text
        elif isinstance(part, Text | Refusal):
            index = len(content)
            content.append({"type": "text", "text": part.text})
            cited = part.citations if isinstance(part, Text) else ()
            citations += [{**render_citation(c, part.text), "content_index": index} for c in cited]
    message: JsonObject = {"role": "assistant"}
    if content:
        message["content"] = content
    if plan:
        message["tool_plan"] = plan
    if calls:
        message["tool_calls"] = [_render_call(call) for call in calls]
    if citations:
        message["citations"] = citations
    return message


def _render_call(call: ToolCall) -> JsonObject:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
