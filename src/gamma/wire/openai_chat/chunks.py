"""A stream for callers, chunk by chunk (providers.md 3)."""

from __future__ import annotations

import msgspec

from gamma.errors import GammaError
from gamma.transport.sse import sse
from gamma.types.chat import JsonObject, Media, Reasoning
from gamma.types.usage import Usage
from gamma.wire.base import Style
from gamma.wire.events import (
    CitationDelta,
    Event,
    Finished,
    MediaDelta,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from gamma.wire.openai_chat.answer import (
    SERVICE_TIERS,
    finish_word,
    render_annotation,
    render_error,
    render_image,
    render_logprobs,
    wants_functions,
)
from gamma.wire.openai_chat.reasoning import SIGNED_TEXT, render_details, render_google_signature
from gamma.wire.openai_chat.usage import render_usage

_encode = msgspec.json.Encoder().encode


class _Spoken:
    """What one choice has said so far, as far as later chunks need it."""

    __slots__ = ("block", "custom", "parts")

    def __init__(self) -> None:
        self.block: int | None = None  # of the last reasoning delta
        self.parts = 0  # reasoning parts begun
        self.custom: set[int] = set()  # indexes of custom tool calls


class ChunkRenderer:
    """Writes one stream.

    Args:
        style: what the answer shows of its request.
    """

    def __init__(self, style: Style) -> None:
        self._style = style
        self._legacy = wants_functions(style.request)
        self._usage: Usage | None = None
        self._choices: dict[int, _Spoken] = {}
        self._texts: dict[int, bytes] = {}  # choice -> everything before a text delta's text
        self._frame(Started())

    def _frame(self, started: Started) -> None:
        """Prepares the bytes around each chunk."""
        envelope: JsonObject = {
            "id": started.id or f"chatcmpl-{self._style.id}",
            "object": "chat.completion.chunk",
            "created": started.created or self._style.created,
            "model": self._style.model,
        }
        if started.service_tier in SERVICE_TIERS:
            envelope["service_tier"] = started.service_tier
        if started.system_fingerprint is not None:
            envelope["system_fingerprint"] = started.system_fingerprint
        self._envelope = envelope
        self._head = b"data: " + _encode(envelope)[:-1] + b',"choices":[{"index":'
        usage = b',"usage":null' if self._style.include_usage else b""
        self._tail = b"]" + usage + b"}\n\n"
        self._text_tail = b'},"logprobs":null,"finish_reason":null}' + self._tail

    def render_event(self, event: Event) -> bytes:
        """Bytes of one event; see `EventRenderer.render_event`."""
        kind = type(event)
        if kind is TextDelta:
            head = self._texts.get(event.choice)  # type: ignore[union-attr]  # `kind` says which event it is
            if head is not None and not event.logprobs and event.signature is None:  # type: ignore[union-attr]  # as above
                return head + _encode(event.text) + self._text_tail  # type: ignore[union-attr]  # as above
        return self._render(event)

    def render_end(self) -> bytes:
        """The usage chunk where it was asked for, and the terminator; see `EventRenderer.render_end`."""
        if self._usage is None or not self._style.include_usage:
            return b"data: [DONE]\n\n"
        chunk = self._envelope | {"choices": [], "usage": render_usage(self._usage)}
        return sse(_encode(chunk)) + b"data: [DONE]\n\n"

    def render_error(self, error: GammaError) -> bytes:
        """An error chunk; see `EventRenderer.render_error`."""
        return sse(_encode(render_error(error)))

    def _render(self, event: Event) -> bytes:
        match event:
            case TextDelta():
                return self._render_text(event)
            case ReasoningDelta():
                return self._delta(event.choice, self._thought(event))
            case ToolCallStarted():
                return self._delta(event.choice, self._call(event))
            case ToolCallDelta():
                return self._delta(event.choice, self._arguments(event))
            case RefusalDelta():
                return self._delta(event.choice, {"refusal": event.text})
            case CitationDelta():
                annotation = render_annotation(event.citation)
                return b"" if annotation is None else self._delta(event.choice, {"annotations": [annotation]})
            case MediaDelta():
                return self._delta(event.choice, _media(event.media))
            case Finished():
                opening = b"" if event.choice in self._texts else self._delta(event.choice, {"content": ""})
                return opening + self._chunk(event.choice, {}, finish=finish_word(event.reason, legacy=self._legacy))
            case Started():
                self._frame(event)
                self._usage = event.usage or self._usage
            case UsageReported():
                self._usage = event.usage
            case _:
                pass  # Failed goes to render_error, Ended to render_end; opaque blocks are other dialects'
        return b""

    def _render_text(self, event: TextDelta) -> bytes:
        delta: JsonObject = {"content": event.text}
        if event.signature is not None:
            delta["extra_content"] = render_google_signature(event.signature)
        logprobs = {"content": render_logprobs(event.logprobs), "refusal": None} if event.logprobs else None
        return self._delta(event.choice, delta, logprobs)

    def _delta(self, choice: int, delta: JsonObject, logprobs: JsonObject | None = None) -> bytes:
        """A chunk that says something; the first of a choice names the role."""
        if not delta:
            return b""
        if choice not in self._texts:
            self._texts[choice] = self._head + str(choice).encode() + b',"delta":{"content":'
            delta = {"role": "assistant", "content": None} | delta
        return self._chunk(choice, delta, logprobs)

    def _chunk(self, choice: int, delta: JsonObject, logprobs: JsonObject | None = None, finish: str | None = None) -> bytes:
        body = {"delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return self._head + str(choice).encode() + b"," + _encode(body)[1:] + self._tail

    def _thought(self, event: ReasoningDelta) -> JsonObject:
        """Text as it comes; with details beside it where a signature covers the text, or data stands for it."""
        spoken = self._choices.setdefault(event.choice, _Spoken())
        if event.block != spoken.block:
            spoken.block = event.block
            spoken.parts += 1
        delta: JsonObject = {"reasoning_content": event.text} if event.text else {}
        proof = event.signature is not None or event.encrypted is not None
        if proof or (event.text and event.dialect in SIGNED_TEXT):
            part = Reasoning(
                text=event.text if event.dialect in SIGNED_TEXT else "",
                signature=event.signature,
                encrypted=event.encrypted,
                id=event.id,
                dialect=event.dialect,
                raw=event.raw,
            )
            delta["reasoning_details"] = render_details(part, spoken.parts - 1)
        return delta

    def _call(self, event: ToolCallStarted) -> JsonObject:
        if self._legacy:
            return {"function_call": {"name": event.name, "arguments": ""}} if event.index == 0 else {}
        call: JsonObject = {"index": event.index, "id": event.id}
        if event.kind == "custom":
            self._choices.setdefault(event.choice, _Spoken()).custom.add(event.index)
            call |= {"type": "custom", "custom": {"name": event.name, "input": ""}}
        else:
            call |= {"type": "function", "function": {"name": event.name, "arguments": ""}}
        if event.signature is not None:
            call["extra_content"] = render_google_signature(event.signature)
        return {"tool_calls": [call]}

    def _arguments(self, event: ToolCallDelta) -> JsonObject:
        if self._legacy:
            return {"function_call": {"arguments": event.arguments}} if event.index == 0 else {}
        spoken = self._choices.get(event.choice)
        if spoken is not None and event.index in spoken.custom:
            return {"tool_calls": [{"index": event.index, "custom": {"input": event.arguments}}]}
        return {"tool_calls": [{"index": event.index, "function": {"arguments": event.arguments}}]}


def _media(media: Media) -> JsonObject:
    if media.kind == "image":
        return {"images": [render_image(media)]}
    if media.kind != "audio":
        return {}
    named = {"id": media.file_id, "data": media.data, "transcript": media.text}
    sound: JsonObject = {name: value for name, value in named.items() if value is not None}
    sound |= media.options or {}
    return {"audio": sound}
