"""Tool calls of one stream brought into a row, for a dialect in which only one block is open at a time."""

from __future__ import annotations

import msgspec

from gamma.wire.events import ToolCallDelta, ToolCallStarted


class WaitingCall(msgspec.Struct, frozen=True):
    """A call whose turn has come after it was whole: how it began, and its arguments as JSON text."""

    started: ToolCallStarted
    arguments: str


class ToolQueue:
    """The open call and those that began before it was complete (providers may interleave them by index)."""

    __slots__ = ("_fragments", "_open", "_waiting", "seen")

    def __init__(self) -> None:
        self.seen = False
        self._open: ToolCallStarted | None = None
        self._fragments: list[str] = []
        self._waiting: dict[int, tuple[ToolCallStarted, list[str]]] = {}

    def open(self, event: ToolCallStarted) -> None:
        """Makes this call the open one."""
        self.seen = True
        self._open, self._fragments = event, []

    def must_wait(self, event: ToolCallStarted) -> bool:
        """Whether the open call still lacks arguments; the new one is then kept back."""
        whole = self._open is None or self._open.kind == "custom" or _is_json("".join(self._fragments))
        if whole and not self._waiting:
            return False
        self._waiting[event.index] = (event, [])
        return True

    def add(self, event: ToolCallDelta) -> str:
        """Takes a fragment; returns what of it can be sent now, as JSON text."""
        if event.index in self._waiting:
            self._waiting[event.index][1].append(event.arguments)
            return ""
        if self._open is None or event.index != self._open.index:
            return ""
        if not self._fragments and event.arguments.strip() in {"", "null"}:
            return ""  # sent by several for "no arguments" (providers.md 17)
        self._fragments.append(event.arguments)
        return "" if self._open.kind == "custom" else event.arguments

    def rest(self) -> str:
        """What the open call still owes: a free-text call's arguments, wrapped."""
        custom = self._open is not None and self._open.kind == "custom"
        return _wrapped("".join(self._fragments)) if custom else ""

    def take_waiting(self) -> list[WaitingCall]:
        """The calls kept back, in order, which are then forgotten."""
        waiting, self._waiting = self._waiting, {}
        return [WaitingCall(started, _arguments(started, "".join(rest))) for started, rest in waiting.values()]


def _arguments(started: ToolCallStarted, text: str) -> str:
    if started.kind == "custom":
        return _wrapped(text)
    return "" if text.strip() == "null" else text


def _wrapped(text: str) -> str:
    return msgspec.json.encode({"input": text}).decode()


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except ValueError:
        return False
    return True
