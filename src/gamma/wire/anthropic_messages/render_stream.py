"""A stream of the messages dialect, written: one block open at a time (providers.md 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gamma.errors import GammaError
from gamma.types.chat import JsonObject, Reasoning
from gamma.types.usage import Usage
from gamma.wire.anthropic_messages.names import NAME, SIGNATURE_FAMILY, stop_reason
from gamma.wire.anthropic_messages.response import media_text, render_citation, render_error
from gamma.wire.anthropic_messages.signature import wrap_signature
from gamma.wire.anthropic_messages.tool_queue import ToolQueue
from gamma.wire.anthropic_messages.usage import render_delta_usage, render_usage
from gamma.wire.base import Style
from gamma.wire.events import (
    CitationDelta,
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

_ENCODE = msgspec.json.Encoder().encode
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":%b}\n\n'
_STOP = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'
_INPUT_BY_DELTA = frozenset({"server_tool_use", "mcp_tool_use"})
_REFUSAL = -1  # block number of a stated refusal, which shares no text part with what stands before it


class MessagesEventRenderer:
    """Writes one stream. Only choice 0 is shown: the dialect has one answer.

    Args:
        style: the model to show, and the id where the provider gave none.
    """

    __slots__ = ("_block", "_failed", "_finish", "_index", "_kind", "_proof", "_started", "_style", "_tools", "_usage")

    def __init__(self, style: Style) -> None:
        self._style = style
        self._started = self._failed = False
        self._index = 0  # of the open block, or of the next one
        self._kind = ""  # of the open block: text, thinking, redacted, tool
        self._block = 0
        self._proof = Reasoning()  # signature and encrypted data of the open reasoning block
        self._tools = ToolQueue()
        self._finish: Finished | None = None
        self._usage: Usage | None = None

    def render_event(self, event: Event) -> bytes:
        """Bytes for one event; Finished and usage wait for the end."""
        render = _RENDER.get(type(event))
        if render is None or getattr(event, "choice", None):
            return b""
        return render(self, event)

    def render_end(self) -> bytes:
        """Closes the open block and the message; nothing after an error."""
        if self._failed:
            return b""
        head = self._begin() + self._close()
        finish = self._finish or Finished("stop")
        reason = "tool_calls" if finish.reason == "stop" and self._tools.seen else finish.reason
        delta = {
            "stop_reason": stop_reason(reason, finish.raw, finish.stop_sequence),
            "stop_sequence": finish.stop_sequence,
        }
        message_delta = {"type": "message_delta", "delta": delta, "usage": render_delta_usage(self._usage)}
        return head + _event(message_delta) + _event({"type": "message_stop"})

    def render_error(self, error: GammaError) -> bytes:
        """An error event; the message stays open, so no client takes it for whole."""
        self._failed = True
        return _event(render_error(error, ""))

    def _begin(self, started: Started | None = None) -> bytes:
        if self._started:
            return b""
        self._started = True
        started = started or Started()
        self._usage = self._usage or started.usage
        message: JsonObject = {
            "id": started.id or f"msg_{self._style.id}",
            "type": "message",
            "role": "assistant",
            "model": self._style.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": render_usage(self._usage, started.service_tier),
        }
        return _event({"type": "message_start", "message": message})

    def _switch(self, kind: str, block: int, content: JsonObject | None) -> bytes:
        """Makes the open block one of this kind and number; `content` is what a new one begins with."""
        if self._kind == kind and self._block == block:
            return b""
        head = self._begin() + self._close()
        self._kind, self._block = kind, block
        return head if content is None else head + self._open(content)

    def _open(self, content: JsonObject) -> bytes:
        return _event({"type": "content_block_start", "index": self._index, "content_block": content})

    def _shut(self) -> bytes:
        self._index += 1
        return _STOP % (self._index - 1)

    def _delta(self, delta: JsonObject) -> bytes:
        return _DELTA % (self._index, _ENCODE(delta))

    def _close(self) -> bytes:
        kind, self._kind = self._kind, ""
        if not kind:
            return b""
        if kind == "tool":
            return self._close_tools()
        proof, self._proof = self._proof, Reasoning()
        if kind == "redacted":
            return self._open({"type": "redacted_thinking", "data": proof.encrypted or ""}) + self._shut()
        own = proof.dialect in SIGNATURE_FAMILY
        signature = proof.signature if own else wrap_signature(proof)
        signed = self._delta({"type": "signature_delta", "signature": signature}) if signature else b""
        return signed + self._shut()

    def _close_tools(self) -> bytes:
        written = self._input(self._tools.rest()) + self._shut()
        for waiting in self._tools.take_waiting():
            written += self._open(self._tool_use(waiting.started)) + self._input(waiting.arguments) + self._shut()
        return written

    def _text(self, event: TextDelta) -> bytes:
        if not event.text:
            return b""
        head = self._switch("text", event.block, {"type": "text", "text": ""})
        return head + _DELTA % (self._index, b'{"type":"text_delta","text":%b}' % _ENCODE(event.text))

    def _refusal(self, event: RefusalDelta) -> bytes:
        return self._text(TextDelta(event.text, 0, _REFUSAL))

    def _media(self, event: MediaDelta) -> bytes:
        return self._text(TextDelta(media_text(event.media), 0, self._block if self._kind == "text" else _REFUSAL))

    def _citation(self, event: CitationDelta) -> bytes:
        block = self._block if self._kind == "text" else _REFUSAL
        head = self._switch("text", block, {"type": "text", "text": ""})
        return head + self._delta({"type": "citations_delta", "citation": render_citation(event.citation)})

    def _reasoning(self, event: ReasoningDelta) -> bytes:
        if not (event.text or event.signature or event.encrypted or event.id):
            return b""
        own = event.dialect in SIGNATURE_FAMILY
        if own and event.encrypted:
            head = self._switch("redacted", event.block, None)
        else:
            head = self._switch("thinking", event.block, {"type": "thinking", "thinking": "", "signature": ""})
        if event.signature or event.encrypted or event.id or not self._proof.dialect:
            proof = self._proof
            self._proof = Reasoning(
                signature=_join(proof.signature, event.signature),
                encrypted=_join(proof.encrypted, event.encrypted),
                id=event.id or proof.id,
                dialect=event.dialect or proof.dialect,
            )
        if not event.text:
            return head
        return head + _DELTA % (self._index, b'{"type":"thinking_delta","thinking":%b}' % _ENCODE(event.text))

    def _tool(self, event: ToolCallStarted) -> bytes:
        if self._kind == "tool" and self._tools.must_wait(event):
            return b""
        head = self._begin() + self._close()
        self._kind = "tool"
        self._tools.open(event)
        return head + self._open(self._tool_use(event))

    def _tool_use(self, event: ToolCallStarted) -> JsonObject:
        call_id = event.id or f"toolu_{self._style.id}_{event.index}"
        block: JsonObject = {"type": "tool_use", "id": call_id, "name": event.name, "input": {}}
        if event.signature:
            block["thought_signature"] = event.signature
        return block

    def _arguments(self, event: ToolCallDelta) -> bytes:
        return self._input(self._tools.add(event)) if self._kind == "tool" else b""

    def _input(self, fragment: str) -> bytes:
        if not fragment:
            return b""
        return _DELTA % (self._index, b'{"type":"input_json_delta","partial_json":%b}' % _ENCODE(fragment))

    def _opaque(self, event: OpaqueDelta) -> bytes:
        if event.dialect != NAME:
            return b""
        block = event.value
        head = self._begin() + self._close()
        if block.get("type") not in _INPUT_BY_DELTA:
            return head + self._open(block) + self._shut()
        arguments = _ENCODE(block.get("input") or {}).decode()
        return head + self._open({**block, "input": {}}) + self._input(arguments) + self._shut()

    def _finished(self, event: Finished) -> bytes:
        self._finish = event
        return b""

    def _reported(self, event: UsageReported) -> bytes:
        self._usage = event.usage
        return b""

    def _fail(self, event: Failed) -> bytes:
        return self.render_error(event.error)


_RENDER: dict[type, Callable[[MessagesEventRenderer, Any], bytes]] = {
    Started: MessagesEventRenderer._begin,  # noqa: SLF001  # the class's own table
    TextDelta: MessagesEventRenderer._text,  # noqa: SLF001  # as above
    ReasoningDelta: MessagesEventRenderer._reasoning,  # noqa: SLF001  # as above
    RefusalDelta: MessagesEventRenderer._refusal,  # noqa: SLF001  # as above
    CitationDelta: MessagesEventRenderer._citation,  # noqa: SLF001  # as above
    MediaDelta: MessagesEventRenderer._media,  # noqa: SLF001  # as above
    ToolCallStarted: MessagesEventRenderer._tool,  # noqa: SLF001  # as above
    ToolCallDelta: MessagesEventRenderer._arguments,  # noqa: SLF001  # as above
    OpaqueDelta: MessagesEventRenderer._opaque,  # noqa: SLF001  # as above
    Finished: MessagesEventRenderer._finished,  # noqa: SLF001  # as above
    UsageReported: MessagesEventRenderer._reported,  # noqa: SLF001  # as above
    Failed: MessagesEventRenderer._fail,  # noqa: SLF001  # as above
}


def _event(payload: JsonObject) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (payload["type"].encode(), _ENCODE(payload))


def _join(first: str | None, second: str | None) -> str | None:
    return (first or "") + (second or "") or None
