"""Whole Cohere v1 chat answers, both ways (providers.md 8)."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import CallerError, ProviderMalformed
from gamma.types.chat import ChatResponse, Choice, Citation, JsonObject, Part, Refusal, Text, ToolCall
from gamma.types.usage import Usage
from gamma.wire.base import Style
from gamma.wire.cohere_v2.response import TokenUsage, parse_finish, render_finish, render_usage
from gamma.wire.fields import Fields
from gamma.wire.provider_errors import parse_error

DIALECT = "cohere_v1"


class _Outline(Struct):
    text: str | None = None
    message: Any = None
    meta: TokenUsage | None = None


_OUTLINE = msgspec.json.Decoder(_Outline)


def parse_usage(body: bytes) -> Usage | None:
    """Only the token counts of a whole answer."""
    answer = _decode(body)
    return None if answer.meta is None else answer.meta.usage()


def _decode(body: bytes) -> _Outline:
    try:
        answer = _OUTLINE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ProviderMalformed("the provider's answer is not a chat answer") from None
    if answer.text is None:
        if isinstance(answer.message, str):
            raise parse_error(500, {}, body)
        raise ProviderMalformed("the provider's answer lacks `text`")
    return answer


def parse_response(body: bytes) -> ChatResponse:
    """A provider's whole answer."""
    outline = _decode(body)
    fields = Fields(msgspec.json.decode(body))
    try:
        citations = tuple(parse_citation(value) for value in fields.objects("citations"))
        calls = [parse_call(value, i) for i, value in enumerate(fields.objects("tool_calls"))]
        raw = fields.opt_text("finish_reason")
        found = fields.opt_text("generation_id") or fields.opt_text("response_id") or ""
    except CallerError as error:  # Fields speaks to callers; here the provider is at fault
        raise ProviderMalformed(f"the provider's answer is not a chat answer: {error.message}") from None
    text: list[Part] = [Text(outline.text or "", citations=citations)] if outline.text else []
    choice = Choice(parts=(*text, *calls), finish=parse_finish(raw, calls=bool(calls)), finish_raw=raw)
    usage = None if outline.meta is None else outline.meta.usage()
    return ChatResponse(choices=(choice,), id=found, usage=usage, dialect=DIALECT)


def parse_citation(value: Fields) -> Citation:
    """One citation: a span of the text and the ids of the documents it rests on."""
    members = ("start", "end", "text", "document_ids", "type")
    raw = {name: value.raw(name) for name in members if value.has(name)}
    return Citation(start=value.opt_int("start"), end=value.opt_int("end"), dialect=DIALECT, raw=raw)


def parse_call(value: Fields, index: int) -> ToolCall:
    """A tool call; v1 gives it no id."""
    name = value.opt_text("name") or ""
    arguments = msgspec.json.encode(value.opt_object("parameters") or {}).decode()
    return ToolCall(id=f"call_{index}_{name}", name=name, arguments=arguments)


def render_citation(citation: Citation, text: str) -> JsonObject:
    """A citation in v1's shape; all its members are required."""
    if citation.dialect == DIALECT and citation.raw is not None:
        return citation.raw
    start, end = citation.start or 0, citation.end if citation.end is not None else len(text)
    ids = [found for found in (citation.url or citation.title,) if found]
    return {"start": start, "end": end, "text": text[start:end], "document_ids": ids}


def render_response(response: ChatResponse, style: Style) -> JsonObject:
    """A whole answer; v1 has one choice."""
    choice = response.choices[0] if response.choices else Choice()
    answer_id = response.id or style.id
    text = "".join(part.text for part in choice.parts if isinstance(part, Text | Refusal))
    answer: JsonObject = {
        "response_id": answer_id,
        "generation_id": answer_id,
        "text": text,
        "finish_reason": _finish(choice),
        "meta": {"api_version": {"version": "1"}, **render_usage(response.usage)},
    }
    if calls := [part for part in choice.parts if isinstance(part, ToolCall)]:
        answer["tool_calls"] = [{"name": call.name, "parameters": _parameters(call)} for call in calls]
    cited = [citation for part in choice.parts if isinstance(part, Text) for citation in part.citations]
    if cited:
        answer["citations"] = [render_citation(citation, text) for citation in cited]
    return answer


def _finish(choice: Choice) -> str:
    """v1 has no word for tool calls: an answer with calls is complete."""
    if choice.finish == "tool_calls":
        return "COMPLETE"
    return render_finish(choice.finish, choice.finish_raw, choice.stop_sequence)


def _parameters(call: ToolCall) -> JsonObject:
    try:
        value = msgspec.json.decode(call.arguments or "{}")
    except msgspec.DecodeError:
        value = None
    if not isinstance(value, dict):
        raise ProviderMalformed(f"the model's arguments for tool `{call.name}` are not a JSON object")
    return value
