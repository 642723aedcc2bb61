"""A provider's stream to canonical events, read leniently.

What the deltas left out (recorded: lmstudio sends arguments only when they are done) is taken from the finished items and,
failing those, from the whole Response of the last event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import ProviderMalformed, ProviderStreamCut
from gamma.types.chat import JsonObject, Media, Refusal
from gamma.types.frame import Frame
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
from gamma.wire.openai_responses.annotations import parse_annotation, parse_annotations
from gamma.wire.openai_responses.logprobs import parse_logprobs
from gamma.wire.openai_responses.names import NAME
from gamma.wire.openai_responses.output import (
    content_of,
    empty_to_object,
    parse_call,
    parse_item,
    parse_part,
    parse_reasoning,
    phase_of,
)
from gamma.wire.openai_responses.response import parse_finish, seconds_of, text_of
from gamma.wire.openai_responses.usage import parse_usage
from gamma.wire.provider_errors import parse_error


class _Event(Struct, gc=False):
    """The fields of every event that matters; which are set depends on `type`."""

    type: str = ""
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    item_id: str | None = None
    delta: Any = None
    logprobs: Any = None
    item: Any = None
    annotation: Any = None
    text: Any = None
    refusal: Any = None
    arguments: Any = None
    input: Any = None
    response: msgspec.Raw = msgspec.Raw()
    error: Any = None


class _Call:
    """A tool call in the making: its canonical index, and whether arguments have been seen."""

    __slots__ = ("custom", "fed", "index")

    def __init__(self, index: int, *, custom: bool) -> None:
        self.index = index
        self.custom = custom
        self.fed = False


_DECODE = msgspec.json.Decoder(_Event).decode
_BLOCKS = 256  # text parts that one item may have; the block number is item * 256 + part
_PARAGRAPH = "\n\n"


class ResponsesEventParser:
    """Reads one stream of this dialect."""

    def __init__(self) -> None:
        self._id = ""
        self._started = False
        self._ended = False
        self._item = 0  # output index of the item last added, for senders that leave it out
        self._phases: dict[int, str] = {}
        self._texts: set[int] = set()  # blocks of which text or refusal was seen
        self._cited: dict[int, int] = {}  # block -> annotations seen
        self._thoughts: dict[int, tuple[bool, int]] = {}  # item -> raw text or summary, and its last part
        self._calls: dict[int, _Call] = {}
        self._settled: set[int] = set()
        self._dispatch: dict[str, Callable[[_Event], Iterable[Event]]] = {
            "response.output_text.delta": self._text,
            "response.output_text.done": self._text_done,
            "response.refusal.delta": self._refusal,
            "response.refusal.done": self._refusal_done,
            "response.function_call_arguments.delta": self._arguments,
            "response.function_call_arguments.done": self._arguments_done,
            "response.custom_tool_call_input.delta": self._arguments,
            "response.custom_tool_call_input.done": self._arguments_done,
            "response.reasoning_summary_text.delta": self._summary,
            "response.reasoning_text.delta": self._thought,
            "response.output_text.annotation.added": self._annotation,
            "response.output_item.added": self._item_added,
            "response.output_item.done": self._item_done,
        }

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Canonical events of one frame; see `wire.base.EventParser`."""
        data = frame.data
        if self._ended or not data or data == b"[DONE]":
            return ()
        try:
            event = _DECODE(data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ProviderMalformed(f"The provider sent a stream event that is not of its dialect: {error}") from error
        act = self._dispatch.get(event.type)
        if act is not None:
            return act(event) if self._started else [self._start({}), *act(event)]
        return self._parse_rare(event, data)

    def parse_end(self) -> Iterable[Event]:
        """An error when the last event of the answer is missing; see `wire.base.EventParser`."""
        if self._ended:
            return ()
        self._ended = True
        return (Failed(ProviderStreamCut("The provider's stream ended before its answer was complete.")),)

    def _parse_rare(self, event: _Event, data: bytes) -> Iterable[Event]:
        """Events that come once a stream: its begin, its end, its failure."""
        kind = event.type
        if kind in ("error", "response.failed", "response.error") or (not kind and event.error):
            return self._fail(event, data)
        if kind in ("response.completed", "response.incomplete", "response.cancelled", "response.done"):
            return self._end(self._response(event))
        if kind in ("response.created", "response.in_progress", "response.queued") and not self._started:
            return (self._start(self._response(event)),)
        return ()

    def _response(self, event: _Event) -> JsonObject:
        value = msgspec.json.decode(event.response) if event.response else {}
        if not isinstance(value, dict):
            raise ProviderMalformed(f"The provider's `{event.type}` event holds no response.")
        return value

    def _start(self, response: JsonObject) -> Started:
        self._started = True
        self._id = text_of(response.get("id"))
        return Started(
            id=self._id,
            model=text_of(response.get("model")),
            created=seconds_of(response.get("created_at")),
            service_tier=text_of(response.get("service_tier")) or None,
        )

    def _fail(self, event: _Event, data: bytes) -> Iterable[Event]:
        self._ended = True
        if event.response and (usage := parse_usage(self._response(event).get("usage"))) is not None:
            yield UsageReported(usage)
        yield Failed(parse_error(500, {}, data))

    def _end(self, response: JsonObject) -> Iterable[Event]:
        self._ended = True
        if not self._started:
            yield self._start(response)
        output = response.get("output")
        for index, item in enumerate(output if isinstance(output, list) else []):
            if index not in self._settled and isinstance(item, dict):
                yield from self._settle(index, item)
        if (usage := parse_usage(response.get("usage"))) is not None:
            yield UsageReported(usage)
        finish, raw = parse_finish(response, calls=bool(self._calls))
        yield Finished(finish, raw=raw)
        yield Ended()

    def _index(self, event: _Event) -> int:
        return self._item if event.output_index is None else event.output_index

    def _block(self, event: _Event) -> int:
        return self._index(event) * _BLOCKS + (event.content_index or 0)

    def _text(self, event: _Event) -> Iterable[Event]:
        index = self._index(event)
        block = index * _BLOCKS + (event.content_index or 0)
        self._texts.add(block)
        logprobs = parse_logprobs(event.logprobs) if event.logprobs else ()
        phase = self._phases.get(index) if self._phases else None
        return (TextDelta(event.delta if type(event.delta) is str else "", 0, block, None, logprobs, phase),)

    def _text_done(self, event: _Event) -> Iterable[Event]:
        block = self._block(event)
        if block in self._texts or not isinstance(event.text, str):
            return ()
        self._texts.add(block)
        phase = self._phases.get(self._index(event))
        return (TextDelta(event.text, 0, block, None, parse_logprobs(event.logprobs), phase),)

    def _refusal(self, event: _Event) -> Iterable[Event]:
        self._texts.add(self._block(event))
        return (RefusalDelta(event.delta),) if isinstance(event.delta, str) else ()

    def _refusal_done(self, event: _Event) -> Iterable[Event]:
        block = self._block(event)
        if block in self._texts or not isinstance(event.refusal, str):
            return ()
        self._texts.add(block)
        return (RefusalDelta(event.refusal),)

    def _arguments(self, event: _Event) -> Iterable[Event]:
        call = self._calls.get(self._index(event))
        if call is None or not isinstance(event.delta, str):
            return ()
        call.fed = call.fed or bool(event.delta)
        return (ToolCallDelta(call.index, event.delta),)

    def _arguments_done(self, event: _Event) -> Iterable[Event]:
        call = self._calls.get(self._index(event))
        return () if call is None else self._feed(call, event.input if call.custom else event.arguments)

    def _feed(self, call: _Call, arguments: object) -> Iterable[Event]:
        """The whole arguments of a call whose deltas never came."""
        if call.fed or not isinstance(arguments, str):
            return ()
        call.fed = True
        return (ToolCallDelta(call.index, arguments if call.custom else empty_to_object(arguments)),)

    def _summary(self, event: _Event) -> Iterable[Event]:
        return self._reason(event, event.summary_index or 0, raw=False)

    def _thought(self, event: _Event) -> Iterable[Event]:
        return self._reason(event, event.content_index or 0, raw=True)

    def _reason(self, event: _Event, part: int, *, raw: bool) -> Iterable[Event]:
        """Reasoning text; a further part is a further paragraph, and of summary and raw text the first seen counts."""
        if not isinstance(delta := event.delta, str):
            return ()
        index = self._index(event)
        seen = self._thoughts.get(index)
        if seen is not None and seen[0] is not raw:
            return ()
        if seen is None or seen[1] != part:
            self._thoughts[index] = (raw, part)
            delta = delta if seen is None else _PARAGRAPH + delta
        return (ReasoningDelta(delta, 0, index * _BLOCKS, None, None, event.item_id, NAME, raw),)

    def _annotation(self, event: _Event) -> Iterable[Event]:
        citation = parse_annotation(event.annotation)
        if citation is None:
            return ()
        block = self._block(event)
        self._cited[block] = self._cited.get(block, 0) + 1
        return (CitationDelta(citation),)

    def _item_added(self, event: _Event) -> Iterable[Event]:
        self._item = event.output_index if event.output_index is not None else self._item + 1
        item = event.item if isinstance(event.item, dict) else {}
        if (phase := phase_of(item)) is not None:
            self._phases[self._item] = phase
        if item.get("type") in ("function_call", "custom_tool_call") and item.get("name"):
            return (self._begin_call(self._item, item),)
        return ()

    def _begin_call(self, index: int, item: JsonObject) -> ToolCallStarted:
        call = parse_call(item, f"{self._id}:{index}")
        self._calls[index] = _Call(len(self._calls), custom=call.kind == "custom")
        return ToolCallStarted(self._calls[index].index, call.id, call.name, 0, call.signature, call.kind)

    def _item_done(self, event: _Event) -> Iterable[Event]:
        index = self._index(event)
        return self._settle(index, event.item) if isinstance(event.item, dict) else ()

    def _settle(self, index: int, item: JsonObject) -> Iterable[Event]:
        """What a finished item holds beyond its deltas."""
        if index in self._settled:
            return
        self._settled.add(index)
        kind = item.get("type")
        if kind == "message":
            yield from self._settle_message(index, item)
        elif kind == "reasoning":
            reasoning = parse_reasoning(item)
            text = "" if index in self._thoughts else reasoning.text
            raw = self._thoughts[index][0] if index in self._thoughts else reasoning.raw
            yield ReasoningDelta(text, 0, index * _BLOCKS, None, reasoning.encrypted, reasoning.id, NAME, raw)
        elif kind in ("function_call", "custom_tool_call"):
            if index not in self._calls:
                yield self._begin_call(index, item)
            call = self._calls[index]
            yield from self._feed(call, item.get("input" if call.custom else "arguments"))
        else:
            for part in parse_item(item, f"{self._id}:{index}"):
                yield MediaDelta(part) if isinstance(part, Media) else OpaqueDelta(NAME, item)

    def _settle_message(self, index: int, item: JsonObject) -> Iterable[Event]:
        for position, value in enumerate(content_of(item)):
            part, block = parse_part(value, item), index * _BLOCKS + position
            if part is None:
                continue
            if block not in self._texts:
                self._texts.add(block)
                if isinstance(part, Refusal):
                    yield RefusalDelta(part.text)
                else:
                    logprobs = parse_logprobs(value.get("logprobs"))
                    yield TextDelta(part.text, 0, block, part.signature, logprobs, part.phase)
            for citation in parse_annotations(value.get("annotations"))[self._cited.get(block, 0) :]:
                yield CitationDelta(citation)
