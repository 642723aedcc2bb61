"""Legacy completion streams, both ways."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gamma.errors import GammaError, ProviderMalformed, ProviderStreamCut
from gamma.transport.sse import sse
from gamma.types.chat import JsonObject
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.base import Style, Traits
from gamma.wire.events import Ended, Event, Failed, Finished, RefusalDelta, Started, TextDelta, UsageReported
from gamma.wire.openai_chat.answer import render_error
from gamma.wire.openai_chat.response import envelope_usage, finish_of, parse_failure
from gamma.wire.openai_chat.shapes import read
from gamma.wire.openai_chat.usage import render_usage
from gamma.wire.openai_completions.response import (
    BODY,
    TextBody,
    finish_word,
    parse_columns,
    render_columns,
)
from gamma.wire.provider_errors import parse_error

_encode = msgspec.json.Encoder().encode


class TextParser:
    """Reads one stream.

    Args:
        traits: the provider's flavour.
    """

    def __init__(self, traits: Traits) -> None:
        self._traits = traits
        self._started = False
        self._over = False
        self._finished: dict[int, bool] = {}  # choice -> whether it has ended
        self._usage: Usage | None = None

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Events of one frame; see `EventParser.parse_event`."""
        data = frame.data.strip()
        if self._over or not data:
            return ()
        if data == b"[DONE]":
            return self._parse_done()
        if data[:1] != b"{":
            if frame.event != "error":
                raise ProviderMalformed("The provider's stream holds an event that is no JSON object.")
            return self._fail(parse_error(500, {}, data))
        chunk = read(data, BODY)
        bare = not chunk.choices and (chunk.message or chunk.detail)
        if frame.event == "error" or chunk.is_error() or bare:
            return self._fail(parse_failure(data, chunk))
        events: list[Event] = []
        if chunk.choices:
            self._parse_choices(events, chunk)
        usage = envelope_usage(chunk, self._traits)
        if usage is not None and usage != self._usage:
            self._usage = usage
            events.append(UsageReported(usage))
        return events

    def parse_end(self) -> Iterable[Event]:
        """What is owed at the end; see `EventParser.parse_end`."""
        if self._over or (self._finished and all(self._finished.values())):
            return ()
        return self._fail(ProviderStreamCut("The provider's stream ended before its answer did."))

    def _fail(self, error: GammaError) -> Iterable[Event]:
        self._over = True
        return (Failed(error),)

    def _parse_done(self) -> Iterable[Event]:
        if not self._finished:
            return self.parse_end()
        self._over = True
        open_choices = [index for index, finished in self._finished.items() if not finished]
        return [*(Finished("stop", index) for index in open_choices), Ended()]

    def _parse_choices(self, events: list[Event], chunk: TextBody) -> None:
        if not self._started:
            self._started = True
            events.append(
                Started(
                    id=chunk.id or "",
                    model=chunk.model or "",
                    created=chunk.created or 0,
                    system_fingerprint=chunk.system_fingerprint or None,
                )
            )
        for place, choice in enumerate(chunk.choices or ()):
            index = place if choice.index is None else choice.index
            finished = self._finished.setdefault(index, False)
            logprobs = parse_columns(choice.logprobs)
            if choice.text or logprobs:
                events.append(TextDelta(choice.text or "", index, logprobs=logprobs))
            if choice.finish_reason and not finished:
                self._finished[index] = True
                finish = finish_of(choice.finish_reason, calls=False)
                events.append(Finished(finish, index, choice.finish_reason))


class TextRenderer:
    """Writes one stream.

    Args:
        style: what the answer shows of its request.
    """

    def __init__(self, style: Style) -> None:
        self._style = style
        self._usage: Usage | None = None
        self._lengths: dict[int, int] = {}  # choice -> characters so far
        self._frame(Started())

    def _frame(self, started: Started) -> None:
        self._envelope: JsonObject = {
            "id": started.id or f"cmpl-{self._style.id}",
            "object": "text_completion",
            "created": started.created or self._style.created,
            "model": self._style.model,
        }
        self._head = b"data: " + _encode(self._envelope)[:-1] + b',"choices":[{"text":'
        self._tail = b'}],"usage":null}\n\n' if self._style.include_usage else b"}]}\n\n"

    def render_event(self, event: Event) -> bytes:
        """Bytes of one event; see `EventRenderer.render_event`."""
        match event:
            case TextDelta():
                offset = self._lengths.get(event.choice, 0)
                self._lengths[event.choice] = offset + len(event.text)
                return self._chunk(event.text, event.choice, render_columns(event.logprobs, offset), None)
            case RefusalDelta():
                return self._chunk(event.text, event.choice, None, None)
            case Finished():
                return self._chunk("", event.choice, None, finish_word(event.reason))
            case Started():
                self._frame(event)
                self._usage = event.usage or self._usage
            case UsageReported():
                self._usage = event.usage
            case _:
                pass  # a completion has text only
        return b""

    def render_end(self) -> bytes:
        """The usage chunk where it was asked for, and the terminator; see `EventRenderer.render_end`."""
        if self._usage is None or not self._style.include_usage:
            return b"data: [DONE]\n\n"
        chunk = self._envelope | {"choices": [], "usage": render_usage(self._usage)}
        return sse(_encode(chunk)) + b"data: [DONE]\n\n"

    def render_error(self, error: GammaError) -> bytes:
        """An error chunk; see `EventRenderer.render_error`."""
        return sse(_encode(render_error(error)))

    def _chunk(self, text: str, choice: int, logprobs: JsonObject | None, finish: str | None) -> bytes:
        rest = {"index": choice, "logprobs": logprobs, "finish_reason": finish}
        return self._head + _encode(text) + b"," + _encode(rest)[1:-1] + self._tail
