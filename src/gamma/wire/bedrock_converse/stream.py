"""Converse event streams, both ways (providers.md 7.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import CallerError, GammaError, ProviderMalformed, ProviderStreamCut
from gamma.transport.eventstream import encode
from gamma.types.chat import Citation, JsonObject, Media
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.bedrock_converse.blocks import (
    DIALECT,
    SIGNATURE_FAMILY,
    STRUCTURED_TOOL,
    made_up_id,
    parse_citation,
    render_citation,
    tool_id,
)
from gamma.wire.bedrock_converse.errors import parse_exception, render_exception
from gamma.wire.bedrock_converse.response import TokenUsage, parse_finish, render_finish, render_usage
from gamma.wire.events import (
    CitationDelta,
    Ended,
    Event,
    Failed,
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
from gamma.wire.fields import Fields

# ruff: noqa: N815  # the structs below spell their fields as the wire does


class _ToolDelta(Struct, gc=False):
    input: str | None = None


class _ReasoningDelta(Struct, gc=False):
    text: str | None = None
    signature: str | None = None
    redactedContent: str | None = None


class _Delta(Struct):
    text: str | None = None
    toolUse: _ToolDelta | None = None
    reasoningContent: _ReasoningDelta | None = None
    citation: JsonObject | None = None
    image: JsonObject | None = None
    toolResult: list[Any] | None = None


class _Message(Struct):
    """Any event of the stream: which members are set depends on the event's type."""

    contentBlockIndex: int = 0
    delta: _Delta | None = None
    start: JsonObject | None = None
    stopReason: str | None = None
    additionalModelResponseFields: JsonObject | None = None
    usage: TokenUsage | None = None


_DECODE = msgspec.json.Decoder(_Message).decode
_DECODE_TREE = msgspec.json.decode


class EventstreamParser:
    """Reads one ConverseStream answer."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}  # content block -> index among the tool calls
        self._structured: set[int] = set()  # blocks of the reserved tool, whose input is the answer's text
        self._held: dict[int, JsonObject] = {}  # blocks that only Converse knows, until they are whole
        self._images: dict[int, str] = {}  # content block -> image format
        self._citations: dict[int, list[Citation]] = {}  # sources that came before their block's text
        self._texts: set[int] = set()  # blocks whose text has begun
        self._silent: set[int] = set()  # tool call blocks without arguments so far
        self._stopped = self._failed = False

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Canonical events of one message."""
        if frame.kind == "exception":
            self._failed = True
            return (Failed(parse_exception(frame)),)
        try:
            message = _DECODE(frame.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderMalformed(f"the provider's stream holds an unreadable `{frame.event}` event") from None
        match frame.event:
            case "contentBlockDelta" if message.delta is not None:
                return self._delta(message.contentBlockIndex, message.delta)
            case "messageStart":
                return (Started(),)
            case "contentBlockStart" if message.start is not None:
                return self._start(message.contentBlockIndex, message.start)
            case "contentBlockStop":
                return self._stop(message.contentBlockIndex)
            case "messageStop":
                self._stopped = True
                more = message.additionalModelResponseFields or {}
                sequence = more.get("stop_sequence")
                reason = parse_finish(message.stopReason, calls=bool(self._calls))
                return (Finished(reason, 0, message.stopReason, sequence if isinstance(sequence, str) else None),)
            case "metadata":
                reported = () if message.usage is None else (UsageReported(message.usage.usage()),)
                return (*reported, Ended())
        return ()

    def parse_end(self) -> Iterable[Event]:
        """Failed where the stream ended before `messageStop`; the metadata after it may lack."""
        if self._stopped or self._failed:
            return ()
        return (Failed(ProviderStreamCut("the provider's stream ended before its answer did")),)

    def _delta(self, block: int, delta: _Delta) -> Iterable[Event]:
        if delta.text is not None:
            if not delta.text:  # block 0 may be an empty text before the reasoning (providers.md 7.2)
                return ()
            self._texts.add(block)
            if block in self._citations:
                return (TextDelta(delta.text, 0, block), *self._stop(block))
            return (TextDelta(delta.text, 0, block),)
        if delta.toolUse is not None:
            return self._tool_delta(block, delta.toolUse.input or "")
        if (thought := delta.reasoningContent) is not None:
            signed = thought.signature or thought.redactedContent
            family = "anthropic_messages" if signed else ""
            return (ReasoningDelta(thought.text or "", 0, block, thought.signature, thought.redactedContent, None, family),)
        return self._rare_delta(block, delta)

    def _tool_delta(self, block: int, text: str) -> Iterable[Event]:
        if block in self._structured:
            return (TextDelta(text, 0, block),) if text else ()
        if block in self._held:
            self._held[block]["toolUse"]["input"] += text
            return ()
        index = self._calls.get(block)
        if index is None:
            raise ProviderMalformed("the provider's stream continues a tool call that never began")
        if not text:
            return ()
        self._silent.discard(block)
        return (ToolCallDelta(index, text),)

    def _rare_delta(self, block: int, delta: _Delta) -> Iterable[Event]:
        if delta.citation is not None:
            try:
                citation = parse_citation(Fields(delta.citation, "citation"))
            except CallerError as error:  # Fields speaks to callers; here the provider is at fault
                raise ProviderMalformed(f"the provider's stream holds an unreadable citation: {error.message}") from None
            if block in self._texts:
                return (CitationDelta(citation),)
            self._citations.setdefault(block, []).append(citation)
        elif delta.image is not None:
            source = delta.image.get("source")
            data = source.get("bytes") if isinstance(source, dict) else None
            if isinstance(data, str) and data:
                return (MediaDelta(Media(kind="image", mime_type=f"image/{self._images.get(block, 'png')}", data=data)),)
        elif delta.toolResult is not None and block in self._held:
            self._held[block]["toolResult"]["content"] += delta.toolResult
        return ()

    def _start(self, block: int, start: JsonObject) -> Iterable[Event]:
        member, value = next(iter(start.items()), ("", None))
        if not isinstance(value, dict):
            return ()
        if member == "image":
            self._images[block] = str(value.get("format") or "png")
        elif member == "toolResult":
            self._held[block] = {"toolResult": {**value, "content": []}}
        elif member == "toolUse" and value.get("type") == "server_tool_use":
            self._held[block] = {"toolUse": {**value, "input": ""}}
        elif member == "toolUse" and value.get("name") == STRUCTURED_TOOL:
            self._structured.add(block)
        elif member == "toolUse":
            index = self._calls[block] = len(self._calls)
            self._silent.add(block)
            name = str(value.get("name") or "")
            return (ToolCallStarted(index, str(value.get("toolUseId") or made_up_id(name, index)), name),)
        return ()

    def _stop(self, block: int) -> Iterable[Event]:
        if (value := self._held.pop(block, None)) is not None:
            if (use := value.get("toolUse")) is not None:
                try:
                    use["input"] = _DECODE_TREE(use["input"] or "{}")
                except msgspec.DecodeError:
                    raise ProviderMalformed("the provider's stream holds a tool call whose input is not JSON") from None
            return (OpaqueDelta(DIALECT, value),)
        if block in self._silent:
            self._silent.discard(block)
            return (ToolCallDelta(self._calls[block], "{}"),)
        return tuple(CitationDelta(citation) for citation in self._citations.pop(block, ()))


class EventstreamRenderer:
    """Writes one ConverseStream answer. Only the first choice is written: Converse has no other."""

    def __init__(self) -> None:
        self._begun = False
        self._open: tuple[str, int] | None = None  # kind and canonical block (or tool index) of the open content block
        self._at = -1  # index of the last content block
        self._calls: dict[int, int] = {}  # tool index -> content block
        self._finish = Finished("stop")
        self._usage: Usage | None = None

    def render_event(self, event: Event) -> bytes:
        """Bytes for one event; why it ended and the usage are held back."""
        match event:
            case Started():
                self._usage = event.usage or self._usage
                return self._begin()
            case UsageReported():
                self._usage = event.usage
            case Finished(choice=0):
                self._finish = event
            case Failed() | Ended() | Finished():
                pass
            case _ if event.choice == 0:
                return self._begin() + b"".join(self._content(event))
        return b""

    def render_end(self) -> bytes:
        """Closes the open block, then `messageStop` and `metadata`."""
        reason = render_finish(self._finish.reason, self._finish.raw, self._finish.stop_sequence)
        last = {"usage": render_usage(self._usage), "metrics": {"latencyMs": 0}}
        stop = _event("messageStop", {"stopReason": reason})
        return self._begin() + self._close() + stop + _event("metadata", last)

    def render_error(self, error: GammaError) -> bytes:
        """An exception message."""
        word, body = render_exception(error)
        return encode(word, body, "exception")

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return _event("messageStart", {"role": "assistant"})

    def _content(self, event: Event) -> Iterator[bytes]:
        match event:
            case TextDelta():
                yield self._turn("text", event.block)
                yield self._delta({"text": event.text})
            case ReasoningDelta():
                yield from self._reasoning(event)
            case ToolCallStarted():
                yield self._turn("tool", event.index)
                self._calls[event.index] = self._at
                use = {"toolUseId": tool_id(event.id), "name": event.name}
                yield _event("contentBlockStart", {"contentBlockIndex": self._at, "start": {"toolUse": use}})
            case ToolCallDelta() if event.index in self._calls:
                yield self._delta({"toolUse": {"input": event.arguments}}, self._calls[event.index])
            case RefusalDelta():
                yield self._turn("refusal", 0)
                yield self._delta({"text": event.text})
            case CitationDelta():
                yield self._turn("text", self._open[1] if self._open else 0)
                yield self._delta({"citation": render_citation(event.citation)})
            case MediaDelta() if event.media.kind == "image" and event.media.data:
                yield self._image(event.media.mime_type or "image/png", event.media.data)
            case OpaqueDelta() if event.dialect == DIALECT:
                yield self._opaque(event.value)

    def _reasoning(self, event: ReasoningDelta) -> Iterator[bytes]:
        ours = event.dialect in SIGNATURE_FAMILY
        if event.text:
            yield self._turn("reasoning", event.block)
            yield self._delta({"reasoningContent": {"text": event.text}})
        if event.signature and ours:
            yield self._turn("reasoning", event.block)
            yield self._delta({"reasoningContent": {"signature": event.signature}})
        if event.encrypted and ours:
            yield self._turn("redacted", event.block)
            yield self._delta({"reasoningContent": {"redactedContent": event.encrypted}})

    def _image(self, mime_type: str, data: str) -> bytes:
        opened = self._turn("image", self._at + 1)
        start = {"contentBlockIndex": self._at, "start": {"image": {"format": mime_type.rpartition("/")[2]}}}
        return opened + _event("contentBlockStart", start) + self._delta({"image": {"source": {"bytes": data}}})

    def _opaque(self, value: JsonObject) -> bytes:
        """A provider's own tool call or result; whatever else a block may hold has no shape in a stream."""
        if isinstance(use := value.get("toolUse"), dict):
            delta: JsonObject = {"toolUse": {"input": msgspec.json.encode(use.get("input") or {}).decode()}}
            start = {"toolUse": {key: kept for key, kept in use.items() if key != "input"}}
        elif isinstance(result := value.get("toolResult"), dict):
            delta = {"toolResult": result.get("content") or []}
            start = {"toolResult": {key: kept for key, kept in result.items() if key != "content"}}
        else:
            return b""
        opened = self._turn("opaque", self._at + 1)
        return opened + _event("contentBlockStart", {"contentBlockIndex": self._at, "start": start}) + self._delta(delta)

    def _turn(self, kind: str, block: int) -> bytes:
        """Makes (kind, block) the open content block."""
        if self._open == (kind, block):
            return b""
        closed = self._close()
        self._open = (kind, block)
        self._at += 1
        return closed

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event("contentBlockStop", {"contentBlockIndex": self._at})

    def _delta(self, delta: JsonObject, block: int | None = None) -> bytes:
        return _event("contentBlockDelta", {"contentBlockIndex": self._at if block is None else block, "delta": delta})


def _event(name: str, payload: JsonObject) -> bytes:
    return encode(name, msgspec.json.encode(payload))
