"""Structured output for targets without a schema field: by JSON mode, by words, or by forcing one tool."""

from __future__ import annotations

import msgspec

from gamma.types.chat import JsonObject, ResponseFormat
from gamma.wire.openai_chat.tools import render_response_format

ANSWER_TOOL = "gamma_json_answer"
"""The tool whose arguments are the answer where a target's `json_schema` trait is `tool`."""


def add_structured(body: JsonObject, wanted: ResponseFormat, way: str) -> None:
    """Asks for structured output in the target's way.

    Args:
        body: the request being rendered; `messages` and `tools` are there already.
        wanted: what the caller asked for.
        way: the `json_schema` trait: `native`, `json_object`, `prompt` or `tool`.
    """
    if wanted.kind == "text" or way not in ("json_object", "prompt", "tool"):
        body["response_format"] = render_response_format(wanted)
    elif way == "tool" and wanted.kind == "json_schema":
        _add_tool(body, wanted)
    else:
        if wanted.kind == "json_schema":
            _instruct(body, wanted)
        if way == "json_object":
            body["response_format"] = {"type": "json_object"}
        elif wanted.kind == "json_object":
            _instruct(body, wanted)


def _add_tool(body: JsonObject, wanted: ResponseFormat) -> None:
    description = wanted.description or "Gives the final answer. Its arguments are the answer."
    function = {"name": ANSWER_TOOL, "description": description, "parameters": wanted.schema or {"type": "object"}}
    others = body.get("tools") or []
    body["tools"] = [*others, {"type": "function", "function": function}]
    body["tool_choice"] = "required" if others else {"type": "function", "function": {"name": ANSWER_TOOL}}


def _instruct(body: JsonObject, wanted: ResponseFormat) -> None:
    text = "Answer with one JSON object and nothing else."
    if wanted.schema is not None:
        schema = msgspec.json.encode(wanted.schema).decode()
        text = f"Answer with one JSON value and nothing else. It must satisfy this JSON Schema:\n{schema}"
    messages = body["messages"]
    first = messages[0]
    if first["role"] not in ("system", "developer"):
        body["messages"] = [{"role": "system", "content": text}, *messages]
        return
    content = first["content"]
    joined = f"{content}\n\n{text}" if isinstance(content, str) else [*content, {"type": "text", "text": text}]
    body["messages"] = [first | {"content": joined}, *messages[1:]]
