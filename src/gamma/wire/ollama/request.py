"""Ollama chat requests, read from callers and written for servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gamma.errors import InvalidType, UnsupportedParameter
from gamma.types.chat import (
    ChatRequest,
    JsonObject,
    ReasoningOptions,
    ResponseFormat,
    Tool,
)
from gamma.wire.base import Target
from gamma.wire.fields import Fields
from gamma.wire.ollama.messages import parse_messages, render_messages
from gamma.wire.support import fit

_RUNTIME_OPTIONS = frozenset(
    {"num_ctx", "num_keep", "num_batch", "num_gpu", "main_gpu", "num_thread", "numa", "low_vram", "use_mmap", "use_mlock"}
)
"""Options that tune the server and ask nothing of the answer."""
_OPTION_NAMES = {
    "max_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
TAKES = frozenset(
    {*_OPTION_NAMES, "stop", "tools", "response_format", "reasoning", "logprobs", "top_logprobs", "image"}
)  # an image by address is refused: servers read base64 only
_LEVELS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}


def parse_request(body: Mapping[str, Any], *, model: str | None, stream: bool | None) -> ChatRequest:
    """A caller's request (wire/base.py)."""
    fields = Fields(body)
    named = model if model is not None else fields.text("model")
    fields.raw("model")
    streamed = fields.opt_bool("stream")
    options = Fields(fields.opt_object("options") or {}, "options")
    sampling = _sampling(options)
    request = ChatRequest(
        model=named,
        messages=parse_messages(fields.objects("messages", required=True)),
        dialect="ollama",
        stream=stream if stream is not None else streamed is not False,
        include_usage=True,
        tools=tuple(_tool(tool) for tool in fields.objects("tools")),
        response_format=_format(fields),
        reasoning=_thinking(fields),
        stop=options.texts("stop"),
        logprobs=fields.opt_bool("logprobs"),
        top_logprobs=fields.opt_int("top_logprobs", low=0, high=20),
        **sampling,
    )
    return msgspec.structs.replace(request, extra=_extra(fields, options))


def _sampling(options: Fields) -> dict[str, Any]:
    """Canonical sampling fields; `num_predict` below 1 means no bound (recorded by ollama's docs: -1, -2)."""
    bound = options.opt_int("num_predict")
    return {
        "max_tokens": bound if bound is not None and bound > 0 else None,
        "temperature": options.opt_number("temperature", low=0),
        "top_p": options.opt_number("top_p", low=0, high=1),
        "top_k": options.opt_int("top_k"),
        "min_p": options.opt_number("min_p", low=0, high=1),
        "seed": options.opt_int("seed"),
        "presence_penalty": options.opt_number("presence_penalty"),
        "frequency_penalty": options.opt_number("frequency_penalty"),
    }


def _extra(fields: Fields, options: Fields) -> JsonObject:
    rest, left = fields.rest(), options.rest()
    runtime = {name: value for name, value in left.items() if name in _RUNTIME_OPTIONS}
    meaning = {name: value for name, value in left.items() if name not in _RUNTIME_OPTIONS}
    return {**rest, **({"options": meaning} if meaning else {}), **({"runtime_options": runtime} if runtime else {})}


def _format(fields: Fields) -> ResponseFormat | None:
    value = fields.raw("format")
    if not value:  # absent, null, {} and "" all ask for nothing (recorded: "")
        return None
    if value == "json":
        return ResponseFormat(kind="json_object")
    if isinstance(value, dict):
        return ResponseFormat(kind="json_schema", name="answer", schema=value)
    raise InvalidType('`format` must be "json" or a JSON Schema', param="format")


def _thinking(fields: Fields) -> ReasoningOptions | None:
    value = fields.raw("think")
    if value is None:
        return None
    if isinstance(value, bool):
        return ReasoningOptions(budget_tokens=-1, summary="auto") if value else ReasoningOptions(effort="none")
    if isinstance(value, str) and value in _LEVELS:
        return ReasoningOptions(effort=value, summary="auto")
    raise InvalidType("`think` must be a boolean or one of low, medium, high", param="think")


def _tool(fields: Fields) -> Tool:
    function = fields.object("function")
    return Tool(
        name=function.text("name"),
        description=function.opt_text("description"),
        parameters=function.opt_object("parameters"),
    )


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send (wire/base.py)."""
    request = fit(_without_trivial_choice(request), TAKES, target, "ollama")
    options = {out: value for name, out in _OPTION_NAMES.items() if (value := getattr(request, name)) is not None}
    if request.stop:
        options["stop"] = list(request.stop)
    extra = dict(request.extra)
    options |= {**extra.pop("options", {}), **extra.pop("runtime_options", {})}
    body: JsonObject = {
        "model": target.model,
        "messages": [*render_messages(request.messages)],
        "stream": request.stream,
    }
    if options:
        body["options"] = options
    if request.tools:
        body["tools"] = [_render_tool(tool, target) for tool in request.tools]
    if (format_ := _render_format(request.response_format)) is not None:
        body["format"] = format_
    if (think := _render_thinking(request.reasoning)) is not None:
        body["think"] = think
    if request.logprobs:
        body["logprobs"] = True
    if request.top_logprobs is not None:
        body["top_logprobs"] = request.top_logprobs
    return body | extra


def _without_trivial_choice(request: ChatRequest) -> ChatRequest:
    """The dialect has no tool_choice: `auto` is what it does, `none` is a request without tools."""
    choice = request.tool_choice
    if choice is None or choice.mode not in {"auto", "none"}:
        return request
    tools = request.tools if choice.mode == "auto" else ()
    return msgspec.structs.replace(request, tool_choice=None, tools=tools)


def _render_tool(tool: Tool, target: Target) -> JsonObject:
    if tool.kind != "function":
        raise UnsupportedParameter(f"{target.model} takes function tools only, not `{tool.name}`", param="tools")
    function = {"name": tool.name, "description": tool.description or "", "parameters": tool.parameters or _NO_PARAMETERS}
    return {"type": "function", "function": function}


_NO_PARAMETERS: JsonObject = {"type": "object", "properties": {}}


def _render_format(format_: ResponseFormat | None) -> str | JsonObject | None:
    if format_ is None or format_.kind == "text":
        return None
    return format_.schema if format_.schema is not None else "json"


def _render_thinking(options: ReasoningOptions | None) -> bool | str | None:
    if options is None:
        return None
    if options.effort == "none" or options.budget_tokens == 0:
        return False
    if options.effort is not None:
        return _LEVELS.get(options.effort, "medium")
    return True if options.adaptive or options.budget_tokens is not None else None
