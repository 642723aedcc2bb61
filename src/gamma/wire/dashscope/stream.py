"""DashScope's streams of increments: `id:`, `event:result`, `:HTTP_STATUS/200` and `data:` lines, no terminator."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gamma.errors import GammaError, ProviderStreamCut
from gamma.types.chat import FinishReason, JsonObject
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.base import Style
from gamma.wire.call_ids import call_id
from gamma.wire.dashscope.response import (
    Answer,
    Call,
    Function,
    Option,
    Said,
    decode_answer,
    finish_of,
    options_of,
    render_answer,
    render_call,
    render_error,
    text_of,
    usage_of,
)
from gamma.wire.events import (
    Ended,
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from gamma.wire.provider_errors import parse_error


class Parser:
    """Reads one stream. Usage stands in every event, so the last one before the end is reported."""

    __slots__ = ("_calls", "_failed", "_finished", "_id", "_started", "_usage")

    def __init__(self) -> None:
        self._started = False
        self._failed = False
        self._finished: set[int] = set()
        self._calls: set[tuple[int, int]] = set()
        self._usage: Usage | None = None
        self._id = ""

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Events of one frame."""
        answer = decode_answer(frame.data)
        if frame.event == "error" or (answer.code and answer.output is None):
            self._failed = True
            return (Failed(parse_error(500, {}, frame.data)),)
        return self._events(answer)

    def _events(self, answer: Answer) -> list[Event]:
        events: list[Event] = []
        if not self._started:
            self._started = True
            self._id = answer.request_id
            events.append(Started(id=answer.request_id))
        self._usage = usage_of(answer) or self._usage
        for position, option in enumerate(options_of(answer.output) if answer.output else ()):
            choice = position if option.index is None else option.index
            self._said(events, option.message or Said(), choice)
            self._end(events, option, choice)
        if self._finished and self._usage is not None:
            events.append(UsageReported(self._usage))
        return events

    def _said(self, events: list[Event], said: Said, choice: int) -> None:
        if said.reasoning_content:
            events.append(ReasoningDelta(said.reasoning_content, choice))
        if text := text_of(said):
            events.append(TextDelta(text, choice))
        for position, call in enumerate(said.tool_calls or ()):
            self._call(events, call, position, choice)

    def _call(self, events: list[Event], call: Call, position: int, choice: int) -> None:
        index = position if call.index is None else call.index
        function = call.function or Function()
        if (choice, index) not in self._calls:
            self._calls.add((choice, index))
            name = function.name or ""
            events.append(ToolCallStarted(index, call.id or call_id(self._id, index, name), name, choice))
        if function.arguments:
            events.append(ToolCallDelta(index, function.arguments, choice))

    def _end(self, events: list[Event], option: Option, choice: int) -> None:
        word = option.finish_reason
        if word and word != "null" and choice not in self._finished:
            self._finished.add(choice)
            called = any(owner == choice for owner, _ in self._calls)
            events.append(Finished(finish_of(word, called=called), choice, word))

    def parse_end(self) -> Iterable[Event]:
        """The end, which nothing marks but a finish reason."""
        if self._failed:
            return ()
        if self._finished:
            return (Ended(),)
        return (Failed(ProviderStreamCut("The provider's stream ended before its answer did.")),)


class Renderer:
    """Writes one stream of increments; usage goes with the finish reason."""

    __slots__ = ("_count", "_finish", "_id", "_usage")

    def __init__(self, style: Style) -> None:
        self._id = style.id
        self._count = 0
        self._usage: Usage | None = None
        self._finish: dict[int, FinishReason] = {}

    def render_event(self, event: Event) -> bytes:
        """The event of one increment, or nothing when it is held back."""
        match event:
            case TextDelta() | RefusalDelta():
                return self._result(event.choice, {"content": event.text})
            case ReasoningDelta() if event.text:
                return self._result(event.choice, {"content": "", "reasoning_content": event.text})
            case ToolCallStarted():
                call = render_call(event.index, event.id, event.name, "")
                return self._result(event.choice, {"content": "", "tool_calls": [call]})
            case ToolCallDelta():
                call = render_call(event.index, "", "", event.arguments)
                return self._result(event.choice, {"content": "", "tool_calls": [call]})
            case Started():
                self._id, self._usage = event.id or self._id, event.usage or self._usage
            case UsageReported():
                self._usage = event.usage
            case Finished():
                self._finish[event.choice] = event.reason
            case Failed():
                return self.render_error(event.error)
            case _:
                pass  # citations, media and foreign blocks have no place in the dialect
        return b""

    def _result(self, choice: int, message: JsonObject, finish: str = "null") -> bytes:
        options: list[JsonObject] = [{"index": choice, "finish_reason": finish, "message": {"role": "assistant", **message}}]
        body = render_answer(self._id, options, None if finish == "null" else self._usage)
        return self._framed("result", 200, body)

    def _framed(self, name: str, status: int, body: JsonObject) -> bytes:
        self._count += 1
        return b"id:%d\nevent:%b\n:HTTP_STATUS/%d\ndata:%b\n\n" % (
            self._count,
            name.encode(),
            status,
            msgspec.json.encode(body),
        )

    def render_end(self) -> bytes:
        """The finish reasons, with the usage."""
        finish = self._finish or {0: "stop"}
        return b"".join(self._result(choice, {"content": ""}, reason) for choice, reason in sorted(finish.items()))

    def render_error(self, error: GammaError) -> bytes:
        """An error event."""
        return self._framed("error", error.status, render_error(error, self._id))
