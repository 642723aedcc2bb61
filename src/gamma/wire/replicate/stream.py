"""Replicate's streams: `output` events of raw text, then `done`; the token counts are not in them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gamma.errors import GammaError, ProviderServerError, ProviderStreamCut
from gamma.types.frame import Frame
from gamma.wire.base import Style
from gamma.wire.events import Ended, Event, Failed, Finished, RefusalDelta, Started, TextDelta
from gamma.wire.provider_errors import parse_error


class Parser:
    """Reads one stream."""

    __slots__ = ("_ended", "_started")

    def __init__(self) -> None:
        self._started = False
        self._ended = False

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Events of one frame; `logs` and what comes after the end give none."""
        if self._ended:
            return ()
        if frame.event == "output":
            delta = TextDelta(frame.data.decode("utf-8", "replace"))
            if self._started:
                return (delta,)
            self._started = True
            return (Started(), delta)
        if frame.event == "error":
            self._ended = True
            return (Failed(parse_error(500, {}, frame.data)),)
        if frame.event == "done":
            return self._done(frame.data)
        return ()

    def _done(self, data: bytes) -> tuple[Event, ...]:
        self._ended = True
        reason = _reason(data)
        if reason is not None:
            text = "The prediction was canceled." if reason == "canceled" else "The prediction failed."
            return (Failed(ProviderServerError(text, provider_status=200, provider_code=reason)),)
        head: tuple[Event, ...] = () if self._started else (Started(),)
        return (*head, Finished("stop", raw="succeeded"), Ended())

    def parse_end(self) -> Iterable[Event]:
        """A failure when `done` never came."""
        if self._ended:
            return ()
        self._ended = True
        return (Failed(ProviderStreamCut("The provider's stream ended before its `done` event.")),)


def _reason(data: bytes) -> str | None:
    """Why a prediction ended early; None when it did not."""
    try:
        value = msgspec.json.decode(data or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    reason = value.get("reason") if isinstance(value, dict) else None
    return reason if isinstance(reason, str) and reason else None


class Renderer:
    """Writes one stream of the first choice's text; the dialect carries nothing else."""

    __slots__ = ("_count", "_id")

    def __init__(self, style: Style) -> None:
        self._id = style.id
        self._count = 0

    def render_event(self, event: Event) -> bytes:
        """An `output` event for text, nothing for other events."""
        if isinstance(event, TextDelta | RefusalDelta) and event.choice == 0 and event.text:
            return self._framed("output", event.text)
        return self.render_error(event.error) if isinstance(event, Failed) else b""

    def _framed(self, name: str, text: str) -> bytes:
        self._count += 1
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # a lone CR would end the line
        data = "".join(f"data: {line}\n" for line in lines)
        return f"event: {name}\nid: {self._id}:{self._count}\n{data}\n".encode()

    def render_end(self) -> bytes:
        """The `done` event."""
        return self._framed("done", "{}")

    def render_error(self, error: GammaError) -> bytes:
        """An `error` event."""
        return self._framed("error", msgspec.json.encode({"detail": error.message}).decode())
