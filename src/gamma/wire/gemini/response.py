"""Whole answers: a provider's to the canonical form, the canonical form to a caller's, and errors to a caller."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gamma.errors import ProviderMalformed
from gamma.types.chat import (
    ChatResponse,
    Choice,
    Citation,
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
from gamma.wire.assemble import collect
from gamma.wire.base import Style
from gamma.wire.events import Event
from gamma.wire.gemini import counts
from gamma.wire.gemini.finishes import render_finish
from gamma.wire.gemini.grounding import render_grounding
from gamma.wire.gemini.media import render_media
from gamma.wire.gemini.names import DIALECT
from gamma.wire.gemini.parts import render_arguments, render_logprobs, render_text, render_thought
from gamma.wire.gemini.shapes import Answer, decode_answer, decode_answers, decode_usage
from gamma.wire.gemini.signatures import render_signature
from gamma.wire.gemini.stream import StreamParser

BESIDE_CONTENT = ("groundingMetadata", "urlContextMetadata")
"""Keys of an Opaque value that belong to the candidate, not to its content."""


def parse_response(body: bytes) -> ChatResponse:
    """A provider's whole answer; a list of answers (a stream that was not asked for as SSE) is put together.

    Raises:
        ProviderMalformed: it is not JSON, or holds neither a candidate nor the reason why there is none.
        GammaError: it is an error in a 200's clothes.
    """
    answers = decode_answers(body) if body.lstrip()[:1] == b"[" else [decode_answer(body)]
    return msgspec.structs.replace(collect(_events(answers, body)), dialect=DIALECT)


def parse_usage(body: bytes) -> Usage | None:
    """Only the token counts of a whole answer.

    Raises:
        ProviderMalformed: it is not JSON, or no answer.
    """
    found = decode_usage(body)
    if found.error is not None or not (bytes(found.candidates) or bytes(found.prompt_feedback)):
        raise ProviderMalformed("the provider answered without any candidate")
    return counts.parse_usage(found.usage_metadata)


def render_response(response: ChatResponse, style: Style) -> JsonObject:
    """A whole answer as the official client reads it.

    Raises:
        ProviderMalformed: a call's arguments are no JSON object, so the answer cannot be said in this dialect.
    """
    body: JsonObject = {
        "candidates": [_candidate(choice) for choice in response.choices],
        "modelVersion": style.model,
        "responseId": response.id or style.id,
    }
    if response.usage is not None:
        body["usageMetadata"] = counts.render_usage(response.usage)
    return body


def render_call(call: ToolCall, *, cut: bool) -> JsonObject | None:
    """A call as a part; None where the answer was cut off within its arguments, as nobody could run it.

    Raises:
        ProviderMalformed: the arguments are no JSON object, though the answer was not cut.
    """
    arguments = {"input": call.arguments} if call.kind == "custom" else render_arguments(call.arguments)
    if arguments is None:
        if cut:
            return None
        raise ProviderMalformed(f"the arguments of the call to {call.name} are no JSON object")
    body: JsonObject = {"name": call.name, "args": arguments}
    if call.id:
        body["id"] = call.id
    return {"functionCall": body, "thoughtSignature": call.signature} if call.signature else {"functionCall": body}


def _events(answers: list[Answer], body: bytes) -> Iterator[Event]:
    parser = StreamParser(whole=len(answers) == 1)
    for answer in answers:
        yield from parser.parse_answer(answer, body)
    yield from parser.finish()


def _candidate(choice: Choice) -> JsonObject:
    parts: list[JsonObject] = []
    beside: JsonObject = {}
    cited: list[tuple[Citation, str]] = []
    for part in choice.parts:
        if isinstance(part, Text):
            cited.extend((citation, part.text) for citation in part.citations)
        if isinstance(part, Opaque) and any(key in part.value for key in BESIDE_CONTENT):
            beside.update(part.value if part.dialect == DIALECT else {})
        elif (body := _part(part, cut=choice.finish == "length")) is not None:
            parts.append(body)
    candidate: JsonObject = {
        "content": {"parts": parts or [{"text": ""}], "role": "model"},
        "finishReason": render_finish(choice.finish, choice.finish_raw),
        "index": choice.index,
        **beside,
    }
    if grounding := render_grounding(cited):
        candidate["groundingMetadata"] = {**candidate.get("groundingMetadata", {}), **grounding}
    if choice.logprobs:
        candidate["logprobsResult"] = render_logprobs(choice.logprobs)
    return candidate


def _part(part: Part, *, cut: bool) -> JsonObject | None:
    match part:
        case Text():
            return render_text(part.text, part.signature)
        case Refusal():
            return {"text": part.text}
        case Reasoning():
            signature = render_signature(part)
            return render_thought(part.text, signature) if part.text or signature else None
        case ToolCall():
            return render_call(part, cut=cut)
        case Media():
            return render_media(part)
        case Opaque() if part.dialect == DIALECT:
            return part.value
        case _:
            return None
