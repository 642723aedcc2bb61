"""What the oracle's readers share: cutting streams, vendors' words for the end, counting."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from botocore.eventstream import EventStreamBuffer

from tests.contract.recordings import Sample

Json = dict[str, Any]

FINISHES = {
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "end_turn": "stop",
    "eos": "stop",
    "error": "error",
    "function_call": "tool_calls",
    "guardrail_intervened": "content_filter",
    "length": "length",
    "max_output_tokens": "length",
    "max_tokens": "length",
    "model_armor": "content_filter",
    "model_context_window_exceeded": "length",
    "model_length": "length",
    "prohibited_content": "content_filter",
    "blocklist": "content_filter",
    "language": "content_filter",
    "spii": "content_filter",
    "error_toxic": "content_filter",
    "malformed_response": "error",
    "missing_thought_signature": "error",
    "too_many_tool_calls": "error",
    "other": "error",
    "timeout": "error",
    "recitation": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
    "sensitive": "content_filter",
    "tool_call": "tool_calls",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "malformed_function_call": "error",
    "unexpected_tool_call": "error",
}
"""Why an answer ended, in every vendor's words (providers.md 2.3); a word that is not here means `stop`."""


def payloads(sample: Sample) -> Iterator[Json]:
    """JSON objects of a stream, in order; what is not JSON (`[DONE]`) is left out."""
    if sample.body[:1] == b"\x00":
        yield from _eventstream(sample.body)
        return
    for line in sample.body.decode().replace("\r\n", "\n").split("\n"):
        text = line.removeprefix("data:").strip()
        if text.startswith("{"):
            yield json.loads(text)


def _eventstream(data: bytes) -> Iterator[Json]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    for message in buffer:
        value = json.loads(message.payload or b"{}")
        if "bytes" in value:
            yield json.loads(base64.b64decode(value["bytes"]))
        else:
            yield {message.headers.get(":event-type") or "exception": value}


def finish_of(word: Any) -> str:
    """A vendor's word for the end, as a canonical one."""
    return FINISHES.get(str(word or "").lower(), "stop")


def n(value: Any) -> int:
    """A token count; Titan writes them as floats."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def ends_answer(dialect: str, payload: bytes, event: str) -> bool:
    """Whether a frame of a stream says why the answer ended; a stream cut before it is no whole answer."""
    if dialect == "replicate":
        return event in {"done", "error"}
    if not payload.startswith(b"{"):
        return False
    value = json.loads(payload)
    if "bytes" in value:
        value = json.loads(base64.b64decode(value["bytes"]))
    choices = value.get("choices") or value.get("candidates") or []
    return (
        event == "messageStop"
        or "messageStop" in value
        or value.get("type") in {"message-end", "response.completed", "response.incomplete", "response.failed", "error"}
        or (value.get("type") == "message_delta" and bool(value["delta"].get("stop_reason")))
        or any(c.get("finish_reason") or c.get("finishReason") for c in choices)
        or value.get("event_type") == "stream-end"
        or any(c.get("finish_reason") not in {None, "null"} for c in (value.get("output") or {}).get("choices") or [])
        or (dialect == "ollama" and value.get("done") is True)
        or (
            dialect == "bedrock_invoke"
            and bool(value.get("stop_reason") or value.get("finish_reason") or value.get("completionReason"))
        )
    )
