"""Canonical events to a stream of generateContent answers, as SSE or as one JSON array in pieces."""

from __future__ import annotations

from typing import Literal

import msgspec

from gamma.errors import GammaError
from gamma.transport.sse import sse
from gamma.types.chat import Citation, JsonObject, Media, Opaque, Reasoning, ToolCall
from gamma.types.usage import Usage
from gamma.wire.base import Style
from gamma.wire.events import (
    CitationDelta,
    Event,
    Finished,
    MediaDelta,
    OpaqueDelta,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from gamma.wire.gemini.counts import render_usage
from gamma.wire.gemini.errors import render_error
from gamma.wire.gemini.finishes import render_finish
from gamma.wire.gemini.grounding import render_grounding
from gamma.wire.gemini.media import render_media
from gamma.wire.gemini.names import DIALECT
from gamma.wire.gemini.parts import render_logprobs, render_text, render_thought
from gamma.wire.gemini.response import BESIDE_CONTENT, render_call
from gamma.wire.gemini.signatures import render_signature


class _Choice:
    """What one candidate still owes: calls are sent whole, signatures when their reasoning is complete, the end last."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.calls: dict[int, tuple[ToolCallStarted, list[str]]] = {}
        self.thought: Reasoning | None = None  # signature and encrypted data of the reasoning under way
        self.thought_block = 0
        self.block = 0
        self.text: list[str] = []  # of this block; citations count from its start
        self.cited: list[tuple[Citation, str]] = []
        self.beside: JsonObject = {}
        self.finish: Finished | None = None

    def owed(self) -> list[JsonObject]:
        """Parts that are complete now that something else follows."""
        parts: list[JsonObject] = []
        if self.thought is not None:
            if signature := render_signature(self.thought):
                parts.append(render_thought("", signature))
            self.thought = None
        cut = self.finish is not None and self.finish.reason == "length"
        for started, pieces in self.calls.values():
            arguments = "".join(pieces) or ("" if started.kind == "custom" else "{}")
            kind: Literal["function", "custom"] = "custom" if started.kind == "custom" else "function"
            call = ToolCall(id=started.id, name=started.name, arguments=arguments, kind=kind, signature=started.signature)
            if (part := render_call(call, cut=cut)) is not None:
                parts.append(part)
        self.calls = {}
        return parts

    def sign(self, event: ReasoningDelta) -> None:
        before = self.thought or Reasoning()
        self.thought = Reasoning(
            signature=_appended(before.signature, event.signature),
            encrypted=_appended(before.encrypted, event.encrypted),
            id=before.id or event.id,
            dialect=before.dialect or event.dialect,
        )


class StreamRenderer:
    """Writes one stream. The last event holds why each candidate ended, and the token counts."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._tail: JsonObject = {}
        self._choices: dict[int, _Choice] = {}
        self._usage: Usage | None = None
        self._written = False
        self._name(style.id)

    def render_event(self, event: Event) -> bytes:
        """Bytes for one event; those that only change what is said at the end give none.

        Raises:
            ProviderMalformed: a call's arguments are no JSON object.
        """
        match event:
            case TextDelta():
                return self._text(event)
            case Started():
                self._name(event.id or self._style.id)
                self._usage = event.usage or self._usage
            case UsageReported():
                self._usage = event.usage
            case ReasoningDelta():
                return self._reasoning(event)
            case ToolCallStarted():
                choice = self._choice(event.choice)
                thought, choice.thought = choice.thought, None
                choice.calls[event.index] = (event, [])
                signature = render_signature(thought) if thought is not None else None
                return self._parts(choice, [render_thought("", signature)] if signature else [])
            case ToolCallDelta():
                if (call := self._choice(event.choice).calls.get(event.index)) is not None:
                    call[1].append(event.arguments)
            case RefusalDelta():
                choice = self._choice(event.choice)
                return self._parts(choice, [*choice.owed(), {"text": event.text}])
            case MediaDelta():
                choice = self._choice(event.choice)
                return self._parts(choice, [*choice.owed(), render_media(_with_data(event.media))])
            case CitationDelta():
                choice = self._choice(event.choice)
                choice.cited.append((event.citation, "".join(choice.text)))
            case OpaqueDelta():
                return self._opaque(Opaque(event.dialect, event.value), self._choice(event.choice))
            case Finished():
                self._choice(event.choice).finish = event
            case _:
                pass  # Ended is this dialect's end of input; Failed is written by render_error
        return b""

    def render_end(self) -> bytes:
        """The last event, and for an array its bracket."""
        body: JsonObject = {"candidates": [self._last(choice) for _, choice in sorted(self._choices.items())]}
        if not self._choices:
            body["candidates"] = [self._last(_Choice(0))]
        if self._usage is not None:
            body["usageMetadata"] = render_usage(self._usage)
        return self._framed(msgspec.json.encode({**body, **self._tail})) + (b"]" if self._style.array else b"")

    def render_error(self, error: GammaError) -> bytes:
        """An error in an answer's place; an array is closed, as a caller could not read it otherwise."""
        return self._framed(msgspec.json.encode(render_error(error, ""))) + (b"]" if self._style.array else b"")

    def _name(self, answer_id: str) -> None:
        self._tail = {"modelVersion": self._style.model, "responseId": answer_id}
        self._tail_bytes = b"," + msgspec.json.encode(self._tail)[1:]

    def _choice(self, index: int) -> _Choice:
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _Choice(index)
        return choice

    def _text(self, event: TextDelta) -> bytes:
        choice = self._choice(event.choice)
        parts = choice.owed() if choice.calls or choice.thought is not None else []
        if event.block != choice.block:
            choice.block = event.block
            choice.text = []
        choice.text.append(event.text)
        logprobs = {"logprobsResult": render_logprobs(event.logprobs)} if event.logprobs else None
        if not event.text and event.signature is None and logprobs is None:
            return self._parts(choice, parts)
        return self._parts(choice, [*parts, render_text(event.text, event.signature)], logprobs)

    def _reasoning(self, event: ReasoningDelta) -> bytes:
        choice = self._choice(event.choice)
        parts = choice.owed() if choice.calls or event.block != choice.thought_block else []
        choice.thought_block = event.block
        if (
            event.text and event.dialect == DIALECT and event.signature is not None
        ):  # Google's own come whole, with their text
            return self._parts(choice, [*parts, render_thought(event.text, event.signature)])
        if event.signature is not None or event.encrypted is not None:
            choice.sign(event)
        if event.text:
            parts = [*parts, render_thought(event.text)]
        return self._parts(choice, parts)

    def _opaque(self, part: Opaque, choice: _Choice) -> bytes:
        if part.dialect != DIALECT:
            return b""
        if any(key in part.value for key in BESIDE_CONTENT):
            choice.beside.update(part.value)
            return b""
        return self._parts(choice, [*choice.owed(), part.value])

    def _parts(self, choice: _Choice, parts: list[JsonObject], beside: JsonObject | None = None) -> bytes:
        if not parts:
            return b""
        candidate: JsonObject = {"content": {"parts": parts, "role": "model"}, "index": choice.index}
        if beside:
            candidate.update(beside)
        return self._framed(b'{"candidates":[' + msgspec.json.encode(candidate) + b"]" + self._tail_bytes)

    def _last(self, choice: _Choice) -> JsonObject:
        finish = choice.finish
        candidate: JsonObject = {
            "content": {"parts": choice.owed() or [{"text": ""}], "role": "model"},
            "finishReason": render_finish(finish.reason if finish else "stop", finish.raw if finish else None),
            "index": choice.index,
            **choice.beside,
        }
        if grounding := render_grounding(choice.cited):
            candidate["groundingMetadata"] = {**candidate.get("groundingMetadata", {}), **grounding}
        return candidate

    def _framed(self, data: bytes) -> bytes:
        if not self._style.array:
            return sse(data)
        opening = b",\r\n" if self._written else b"["
        self._written = True
        return opening + data


def _appended(before: str | None, more: str | None) -> str | None:
    return more if before is None else before if more is None else before + more


def _with_data(media: Media) -> Media:
    return (
        media
        if media.data or media.url or media.file_id or media.text is not None
        else msgspec.structs.replace(media, data="")
    )
