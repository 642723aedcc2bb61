"""A provider's whole answer, read leniently (providers.md 3, 10 and 17)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import GammaError, ProviderMalformed
from gamma.types.chat import (
    ChatResponse,
    Choice,
    Citation,
    FinishReason,
    JsonObject,
    Media,
    Part,
    Reasoning,
    Refusal,
    Text,
    TokenLogprob,
    ToolCall,
)
from gamma.types.usage import Usage
from gamma.wire.base import Traits
from gamma.wire.openai_chat.content import media_of, thinking_text
from gamma.wire.openai_chat.messages import made_up_id
from gamma.wire.openai_chat.reasoning import google_signature, parse_reasoning, tool_signatures
from gamma.wire.openai_chat.shapes import (
    NAME,
    Call,
    CallFunction,
    Envelope,
    GroqNote,
    Logprobs,
    Spoken,
    Whole,
    WholeChoice,
    read,
)
from gamma.wire.openai_chat.structured import ANSWER_TOOL
from gamma.wire.openai_chat.usage import WireUsage
from gamma.wire.openai_chat.usage import parse_usage as parse_counts
from gamma.wire.provider_errors import parse_error

_FINISHES: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",  # mistral
    "model_context_window_exceeded": "length",  # zai
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "sensitive": "content_filter",  # zai
    "error": "error",  # mistral, fireworks, openrouter
    "network_error": "error",  # zai
}


class _Peek(Struct):
    """As little of an answer as tells its usage."""

    choices: msgspec.Raw = msgspec.Raw(b"null")
    usage: WireUsage | None = None
    x_groq: GroqNote | None = None
    cost: Any = None
    error: Any = None
    base_resp: Any = None
    object: str | None = None


_WHOLE = msgspec.json.Decoder(Whole)
_PEEK = msgspec.json.Decoder(_Peek)
_SOME = re.compile(rb"\[\s*[^\s\]]")  # a list that holds something


def parse_response(body: bytes, traits: Traits) -> ChatResponse:
    """A whole answer; see `Called.parse_response`."""
    whole = read(body, _WHOLE)
    if whole.is_error() or not whole.choices:
        raise parse_failure(body, whole)
    for choice in whole.choices:
        if choice.error:  # openrouter: an error inside one choice
            raise parse_error(500, {}, msgspec.json.encode({"error": choice.error}))
    choices = tuple(_parse_choice(whole, i, choice, traits) for i, choice in enumerate(whole.choices))
    if sources := parse_sources(whole.citations, whole.search_results):
        choices = (_cited(choices[0], sources), *choices[1:])
    return ChatResponse(
        choices=choices,
        id=whole.id or "",
        model=whole.model or "",
        created=whole.created or 0,
        usage=envelope_usage(whole, traits),
        service_tier=whole.service_tier or None,
        system_fingerprint=whole.system_fingerprint or None,
        dialect=NAME,
    )


def parse_usage(body: bytes, traits: Traits) -> Usage | None:
    """Only the counts; see `Called.parse_usage`."""
    peek = read(body, _PEEK)
    if peek.error or peek.base_resp or peek.object == "error" or not _SOME.match(peek.choices):
        parse_response(body, traits)  # the long way tells what is wrong
    usage = peek.usage or (peek.x_groq.usage if peek.x_groq else None)
    return parse_counts(usage, traits, peek.cost) if usage is not None else None


def parse_failure(body: bytes, envelope: Envelope) -> GammaError:
    """What a body that is no answer reports, although its status was 200 (providers.md 2.1, 9)."""
    note = envelope.x_groq.error if envelope.x_groq is not None else None
    if envelope.is_error() or envelope.message or envelope.detail:
        return parse_error(500, {}, msgspec.json.encode({"error": note}) if note else body)
    return ProviderMalformed("The provider's answer has no choices.")


def envelope_usage(envelope: Envelope, traits: Traits) -> Usage | None:
    """Counts of a chunk or an answer, under `x_groq` where they stand there only."""
    usage = parse_counts(envelope.usage, traits, envelope.cost)
    if usage is None and envelope.x_groq is not None:
        usage = parse_counts(envelope.x_groq.usage, traits)
    return usage


def finish_of(word: str | None, *, calls: bool) -> FinishReason:
    """Why a choice ended. Words that nobody knows mean `stop`, and with tool calls `tool_calls`."""
    finish = _FINISHES.get(word, "stop") if word else "stop"
    return "tool_calls" if finish == "stop" and calls else finish


def _parse_choice(whole: Whole, place: int, choice: WholeChoice, traits: Traits) -> Choice:
    index = place if choice.index is None else choice.index
    parts = _parse_message(choice.message or choice.delta or Spoken(), f"{whole.id}\n{index}")
    if traits.json_schema == "tool":
        parts = [Text(p.arguments) if isinstance(p, ToolCall) and p.name == ANSWER_TOOL else p for p in parts]
    calls = any(isinstance(p, ToolCall) for p in parts)
    finish = finish_of(choice.finish_reason, calls=calls)
    if finish == "tool_calls" and not calls:
        finish = "stop"
    logprobs = parse_logprobs(choice.logprobs)
    raw = choice.finish_reason or None
    return Choice(parts=tuple(parts), finish=finish, finish_raw=raw, index=index, logprobs=logprobs or None)


def _parse_message(message: Spoken, place: str) -> list[Part]:
    calls = [call for i, c in enumerate(message.tool_calls or ()) if (call := _parse_call(c, f"{place}\n{i}")) is not None]
    if (function := message.function_call) is not None and function.name:  # snowflake sends an empty one
        found = arguments_text(function.arguments) or "{}"
        calls.append(ToolCall(id=made_up_id(place, function.name), name=function.name, arguments=found))
    signatures = tool_signatures(message.reasoning_details, {call.id for call in calls})
    details = [d for d in message.reasoning_details or () if str(d.get("id")) not in signatures]
    calls = [msgspec.structs.replace(c, signature=c.signature or signatures.get(c.id)) for c in calls]
    parts: list[Part] = list(parse_reasoning(message.reasoning_content or message.reasoning, details))
    content = parse_spoken(message.content)
    signature = google_signature(message.extra_content)
    if signature is not None and calls:
        calls[0] = msgspec.structs.replace(calls[0], signature=calls[0].signature or signature)
    elif signature is not None:
        content = [msgspec.structs.replace(p, signature=signature) if isinstance(p, Text) else p for p in content]
    parts += _noted(content, [c for a in message.annotations or () if (c := parse_annotation(a)) is not None])
    if message.refusal:
        parts.append(Refusal(message.refusal))
    parts += [m for image in message.images or () if (m := parse_image(image)) is not None]
    if message.audio and (sound := parse_sound(message.audio)) is not None:
        parts.append(sound)
    return [*parts, *calls]


def _parse_call(call: Call, place: str) -> ToolCall | None:
    signature = google_signature(call.extra_content)
    if call.custom is not None and call.custom.name:
        name, text = call.custom.name, call.custom.input or ""
        return ToolCall(id=call.id or made_up_id(place, name), name=name, arguments=text, kind="custom")
    function = call.function or CallFunction()
    if not function.name:
        return None
    arguments = arguments_text(function.arguments)
    if arguments in ("", "null"):  # several vendors, for tools without arguments (providers.md 17)
        arguments = "{}"
    call_id = call.id or made_up_id(place, function.name)  # `""` recorded: gemini's OpenAI layer
    return ToolCall(id=call_id, name=function.name, arguments=arguments, signature=signature)


def arguments_text(value: Any) -> str:
    """Arguments as JSON text; some servers send the object itself."""
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()


def parse_spoken(content: Any) -> list[Part]:
    """Text of a content: a string, a list with thinking chunks (mistral), or an object (cloudflare, structured output)."""
    if isinstance(content, str):
        return [Text(content)] if content else []
    if isinstance(content, dict):
        return [Text(msgspec.json.encode(content).decode())]
    parts: list[Part] = []
    for chunk in content if isinstance(content, list) else ():
        if isinstance(chunk, str):
            parts.append(Text(chunk))
        elif isinstance(chunk, dict) and chunk.get("type") == "thinking":
            parts.append(Reasoning(text=thinking_text(chunk.get("thinking"))))
        elif isinstance(chunk, dict) and isinstance(text := chunk.get("text"), str):
            parts.append(Text(text))
        elif isinstance(chunk, dict) and (image := parse_image(chunk)) is not None:
            parts.append(image)
    return parts


def parse_annotation(annotation: JsonObject) -> Citation | None:
    """A web source; other annotations (openrouter's `file`) tell of no source."""
    inner = annotation.get("url_citation", annotation)
    if annotation.get("type") != "url_citation" or not isinstance(inner, dict):
        return None
    start, end, title, url = (inner.get(name) for name in ("start_index", "end_index", "title", "url"))
    return Citation(
        url=url if isinstance(url, str) else None,
        title=title if isinstance(title, str) else None,
        cited_text=text if isinstance(text := inner.get("content"), str) else None,
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
        dialect=NAME,
        raw=annotation,
    )


def parse_sources(citations: list[Any] | None, results: list[Any] | None) -> list[Citation]:
    """Perplexity's `search_results`, or its bare `citations`."""
    found = [
        Citation(url=result["url"], title=result.get("title"), cited_text=result.get("snippet"))
        for result in results or ()
        if isinstance(result, dict) and isinstance(result.get("url"), str)
    ]
    return found or [Citation(url=url) for url in citations or () if isinstance(url, str)]


def _noted(parts: list[Part], citations: list[Citation]) -> list[Part]:
    if citations:
        for i, part in enumerate(parts):
            if isinstance(part, Text):
                return [*parts[:i], msgspec.structs.replace(part, citations=tuple(citations)), *parts[i + 1 :]]
    return parts


def _cited(choice: Choice, sources: Iterable[Citation]) -> Choice:
    return msgspec.structs.replace(choice, parts=tuple(_noted(list(choice.parts), list(sources))))


def parse_image(image: JsonObject) -> Media | None:
    """A generated image (openrouter: `images`, entries as in requests)."""
    inner = image.get("image_url")
    url = inner.get("url") if isinstance(inner, dict) else inner
    return media_of("image", url) if isinstance(url, str) and url else None


def parse_sound(audio: JsonObject) -> Media | None:
    """Generated sound, whole or a fragment; None when it is empty (recorded: snowflake)."""
    data, text, sound_id = (v if isinstance(v := audio.get(k), str) and v else None for k in ("data", "transcript", "id"))
    if data is None and text is None and sound_id is None:
        return None
    options = {"expires_at": audio["expires_at"]} if audio.get("expires_at") else None
    return Media(kind="audio", data=data, text=text, file_id=sound_id, options=options)


def parse_logprobs(logprobs: Logprobs | None) -> tuple[TokenLogprob, ...]:
    """Log probabilities of the text's tokens; empty when there are none."""
    if logprobs is None or not logprobs.content:
        return ()
    return tuple(found for token in logprobs.content if (found := _parse_logprob(token)) is not None)


def _parse_logprob(value: Any) -> TokenLogprob | None:
    if not isinstance(value, dict) or not isinstance(value.get("token"), str):
        return None
    logprob, utf8, top = value.get("logprob"), value.get("bytes"), value.get("top_logprobs")
    return TokenLogprob(
        token=value["token"],
        logprob=float(logprob) if isinstance(logprob, int | float) else 0.0,
        utf8=tuple(b for b in utf8 if isinstance(b, int)) if isinstance(utf8, list) else None,
        top=tuple(t for v in top if (t := _parse_logprob(v)) is not None) if isinstance(top, list) else (),
    )
