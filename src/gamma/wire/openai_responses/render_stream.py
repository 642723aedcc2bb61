"""Canonical events to a served stream: the API's whole sequence, every lifecycle event with the whole Response."""

from __future__ import annotations

from gamma.errors import GammaError
from gamma.types.chat import JsonObject, Media
from gamma.types.usage import Usage
from gamma.wire.base import Style
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
from gamma.wire.openai_responses.annotations import render_annotation
from gamma.wire.openai_responses.echo import conclude, failure, render_frame, response_id, status_of
from gamma.wire.openai_responses.names import NAME
from gamma.wire.openai_responses.open_items import OpenCall, OpenMessage, OpenReasoning
from gamma.wire.openai_responses.output import image_item, item_id
from gamma.wire.openai_responses.writer import EventWriter


class ResponsesEventRenderer:
    """Writes one stream; tool calls stay open to the end, since their fragments may come in any order.

    Args:
        style: what the stream needs to know of its request.
    """

    def __init__(self, style: Style) -> None:
        self._style = style
        self._writer = EventWriter()
        self._frame: JsonObject = {}
        self._id = ""
        self._begun = self._closed = False
        self._count = 0  # output items so far
        self._output: dict[int, JsonObject] = {}  # finished items by their output index
        self._current: OpenMessage | OpenReasoning | None = None
        self._current_index = 0
        self._calls: dict[int, OpenCall] = {}
        self._reasoning_ids: set[str] = set()
        self._usage: Usage | None = None
        self._finish: Finished | None = None

    def render_event(self, event: Event) -> bytes:
        """Bytes for one canonical event; see `wire.base.EventRenderer`."""
        if self._closed:
            return b""
        if isinstance(event, Started):
            return self._begin(event)
        if isinstance(event, Failed):
            return self.render_error(event.error)
        if isinstance(event, UsageReported):
            self._usage = event.usage
            return b""
        if isinstance(event, Ended) or event.choice:  # the dialect has room for one choice
            return b""
        start = b"" if self._begun else self._begin(Started())
        self._add(event)
        return start + self._writer.take()

    def render_end(self) -> bytes:
        """The last event, with the whole answer; nothing after an error."""
        if self._closed:
            return b""
        self._closed = True
        start = b"" if self._begun else self._begin(Started())
        finish = self._finish.reason if self._finish is not None else "stop"
        status = "completed" if status_of(finish) == "completed" else "incomplete"
        self._close_current(status)
        for call in self._calls.values():
            self._output[call.index] = call.close(status)
        whole = conclude(self._frame, self._items(), finish, self._usage)
        self._writer.put(f"response.{whole['status']}", {"response": whole})
        return start + self._writer.take()

    def render_error(self, error: GammaError) -> bytes:
        """The error event, then the failed Response; a client sees no complete answer."""
        if self._closed:
            return b""
        self._closed = True
        start = b"" if self._begun else self._begin(Started())
        flat: JsonObject = {"code": error.code, "message": error.message, "param": error.param}
        # The API's description has the fields flat, its servers nest them (providers.md 17) and clients raise on that.
        self._writer.put("error", {**flat, "error": {"type": error.fault, **flat}})
        whole = {**conclude(self._frame, self._items(), "error", self._usage), "error": failure(error)}
        self._writer.put("response.failed", {"response": whole})
        return start + self._writer.take()

    def _begin(self, started: Started) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        self._usage = started.usage or self._usage
        self._id = response_id(started.id, self._style)
        tier = started.service_tier
        self._frame = render_frame(self._style, answer_id=self._id, created=started.created, service_tier=tier)
        self._writer.put("response.created", {"response": self._frame})
        self._writer.put("response.in_progress", {"response": self._frame})
        return self._writer.take()

    def _items(self) -> list[JsonObject]:
        return [self._output[index] for index in sorted(self._output)]

    def _add(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self._add_text(event)
        elif isinstance(event, ReasoningDelta):
            self._reasoning(event).add(event)
        elif isinstance(event, ToolCallDelta):
            if (call := self._calls.get(event.index)) is not None:
                call.add(event.arguments)
        elif isinstance(event, ToolCallStarted):
            self._start_call(event)
        elif isinstance(event, RefusalDelta):
            self._message(None).refusal(event.text)
        elif isinstance(event, CitationDelta):
            self._cite(event)
        elif isinstance(event, MediaDelta):
            self._add_media(event.media)
        elif isinstance(event, OpaqueDelta):
            if event.dialect == NAME:
                self._put_whole({"id": item_id("item", self._id, self._count), **event.value})
        elif isinstance(event, Finished):
            self._finish = event

    def _add_text(self, event: TextDelta) -> None:
        current = self._current
        if isinstance(current, OpenMessage) and (event.phase is None or current.phase == event.phase):
            current.text(event)
        elif event.text or event.signature or event.logprobs:
            self._message(event.phase).text(event)

    def _next_index(self) -> int:
        self._count += 1
        return self._count - 1

    def _message(self, phase: str | None) -> OpenMessage:
        """The open message, or a new one."""
        current = self._current
        if isinstance(current, OpenMessage) and (phase is None or current.phase == phase):
            return current
        self._close_current("completed")
        index = self._current_index = self._next_index()
        self._current = OpenMessage(self._writer, item_id("msg", self._id, index), index, phase)
        return self._current

    def _reasoning(self, event: ReasoningDelta) -> OpenReasoning:
        """The open reasoning item that the event continues, or a new one."""
        current = self._current
        if isinstance(current, OpenReasoning) and (
            current.block == event.block or (event.id is not None and event.id == current.id)
        ):
            return current
        self._close_current("completed")
        index = self._current_index = self._next_index()
        name = event.id if event.id is not None and event.dialect == NAME else ""
        if not name or name in self._reasoning_ids:
            name = item_id("rs", self._id, index)
        self._reasoning_ids.add(name)
        self._current = OpenReasoning(self._writer, name, index, event)
        return self._current

    def _close_current(self, status: str) -> None:
        if self._current is not None:
            self._output[self._current_index] = self._current.close(status)
            self._current = None

    def _start_call(self, event: ToolCallStarted) -> None:
        self._close_current("completed")
        index = self._next_index()
        prefix = "ctc" if event.kind == "custom" else "fc"
        self._calls[event.index] = OpenCall(self._writer, item_id(prefix, self._id, index), index, event)

    def _cite(self, event: CitationDelta) -> None:
        if isinstance(self._current, OpenMessage) and self._current.cite(event.citation):
            return
        for index in sorted(self._output, reverse=True):  # the text is closed: the whole Response still tells of it
            for part in reversed(self._output[index].get("content") or []):
                if part.get("type") == "output_text":
                    part["annotations"].append(render_annotation(event.citation, part["text"]))
                    return

    def _add_media(self, media: Media) -> None:
        if media.kind == "image" and media.data is not None:
            self._put_whole(image_item(item_id("ig", self._id, self._count), media))
        elif media.kind == "audio" and media.text:  # the dialect has no sound, its transcript is text
            self._message(None).text(TextDelta(media.text))

    def _put_whole(self, item: JsonObject) -> None:
        """An item that has no deltas."""
        self._close_current("completed")
        index = self._next_index()
        self._writer.put("response.output_item.added", {"output_index": index, "item": item})
        self._writer.put("response.output_item.done", {"output_index": index, "item": item})
        self._output[index] = item
