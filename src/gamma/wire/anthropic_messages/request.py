"""Requests of the messages dialect, both ways (providers.md 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gamma.errors import InvalidRequest, UnsupportedParameter
from gamma.types.chat import ChatRequest, JsonObject, Message, ResponseFormat
from gamma.wire.anthropic_messages.blocks import parse_content, parse_message
from gamma.wire.anthropic_messages.names import NAME, STRUCTURED_TOOL
from gamma.wire.anthropic_messages.schema import closed_schema, object_schema
from gamma.wire.anthropic_messages.thinking import Thinking, parse_thinking, render_thinking
from gamma.wire.anthropic_messages.tools import parse_tool_choice, parse_tools, render_tool_choice, render_tools
from gamma.wire.anthropic_messages.turns import Turns
from gamma.wire.base import Target
from gamma.wire.fields import Fields
from gamma.wire.support import fit

TAKES = frozenset(
    {
        "tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning", "max_tokens", "temperature", "top_p",
        "top_k", "stop", "user", "service_tier", "image", "image_url", "file",
    }
)  # fmt: skip  # a set of words reads better in rows
"""Canonical fields and part kinds that the dialect can express."""

_TIERS = {"auto": "auto", "standard_only": "default"}
_TIERS_BACK = {"auto": "auto", "default": "standard_only", "standard": "standard_only", "standard_only": "standard_only"}
_ONLY_JSON = "Answer with one valid JSON object and nothing else: no prose around it, no code fence."


def parse_request(
    body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None, bounded: bool = True
) -> ChatRequest:
    """A caller's request.

    Args:
        body: the decoded JSON object.
        model: the name in the path, where a host carries it there.
        stream: whether the path asks for a stream, likewise.
        bounded: `max_tokens` is required, as it is everywhere but when tokens are only counted.

    Raises:
        MissingField, InvalidType, InvalidRequest: naming the field in `param`.
    """
    fields = Fields(body)
    fields.raw("anthropic_version")  # each host's own; the provider that is called sets it
    body_model, body_stream = fields.opt_text("model"), fields.opt_bool("stream")
    extra: JsonObject = {}
    effort, response_format = _parse_output_config(fields, extra)
    choice, parallel = parse_tool_choice(fields)
    metadata = fields.opt_object("metadata")
    tier = fields.opt_text("service_tier")
    request = ChatRequest(
        model=model or body_model or fields.text("model"),
        messages=_parse_messages(fields),
        dialect=NAME,
        stream=bool(body_stream if stream is None else stream),
        include_usage=True,
        tools=parse_tools(fields),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        response_format=response_format,
        reasoning=parse_thinking(fields, effort, extra),
        max_tokens=fields.opt_int("max_tokens", low=1) if fields.has("max_tokens") or not bounded else _missing(fields),
        temperature=fields.opt_number("temperature", low=0, high=1),
        top_p=fields.opt_number("top_p", low=0, high=1),
        top_k=fields.opt_int("top_k", low=0),
        stop=fields.texts("stop_sequences"),
        user=Fields(metadata, "metadata").opt_text("user_id") if metadata else None,
        service_tier=_TIERS.get(tier, tier) if tier else None,
    )
    return msgspec.structs.replace(request, extra={**fields.rest(), **extra})


def _missing(fields: Fields) -> int:
    fields.text("max_tokens")  # absent, so this raises MissingField
    raise AssertionError


def _parse_messages(fields: Fields) -> tuple[Message, ...]:
    system = fields.raw("system")
    parts = parse_content(system, "system") if system is not None else ()
    messages = [Message("system", parts)] if parts else []
    turns = fields.objects("messages", required=True)
    if not turns:
        raise InvalidRequest("`messages` must hold at least one message", param="messages")
    for turn in turns:
        messages.extend(parse_message(turn))
    return tuple(messages)


def _parse_output_config(fields: Fields, extra: JsonObject) -> tuple[str | None, ResponseFormat | None]:
    older = fields.opt_object("output_format")  # the beta's spelling of output_config.format
    if not fields.has("output_config"):
        fields.raw("output_config")
        return None, _parse_format(Fields(older, "output_format")) if older else None
    config = fields.object("output_config")
    effort, wanted = config.opt_text("effort"), config.opt_object("format") or older
    if rest := config.rest():
        extra["output_config"] = rest
    return effort, _parse_format(Fields(wanted, "output_config.format")) if wanted else None


def _parse_format(wanted: Fields) -> ResponseFormat:
    if wanted.text("type") != "json_schema":
        raise InvalidRequest(f"`{wanted.at('type')}` must be json_schema", param=wanted.at("type"))
    wanted.object("schema")
    return ResponseFormat(kind="json_schema", schema=wanted.raw("schema"), name=wanted.opt_text("name"))


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send.

    Raises:
        UnsupportedParameter, InvalidRequest: the dialect cannot express what was asked.
    """
    request = fit(request, TAKES, target, NAME)
    tools, choice, output, notes = _render_structured(request, target)
    thinking = render_thinking(request, target, forced=choice is not None and choice["type"] in {"any", "tool"})
    turns = Turns(request, target, notes)
    if thinking.effort:
        output["effort"] = thinking.effort
    body: JsonObject = {
        "model": target.model,
        "max_tokens": thinking.max_tokens,
        "system": turns.render_system(),
        "messages": turns.messages,
        "tools": tools or None,
        "tool_choice": choice if tools else None,
        "thinking": thinking.config,
        "output_config": output or None,
        **_render_sampling(request, target, thinking),
        "metadata": {"user_id": request.user} if request.user else None,
        "service_tier": _TIERS_BACK.get(request.service_tier or ""),
        "stream": request.stream or None,
    }
    body = {name: value for name, value in body.items() if value is not None}
    for name, value in request.extra.items():
        ours = body.get(name)
        body[name] = {**value, **ours} if isinstance(ours, dict) and isinstance(value, dict) else value
    return body


def _render_structured(
    request: ChatRequest, target: Target
) -> tuple[list[JsonObject], JsonObject | None, JsonObject, tuple[str, ...]]:
    """Tools, tool choice, `output_config` and system sentences, which structured output has a part in."""
    tools, choice, wanted = render_tools(request, target), render_tool_choice(request), request.response_format
    if wanted is None or wanted.kind == "text":
        return tools, choice, {}, ()
    if wanted.kind == "json_object" or wanted.schema is None:
        return tools, choice, {}, (_ONLY_JSON,)
    mode = target.traits.json_schema
    if mode == "native":
        schema = wanted.schema if request.dialect == NAME else closed_schema(wanted.schema)
        return tools, choice, {"format": {"type": "json_schema", "schema": schema}}, ()
    if mode == "tool":
        description = wanted.description or "Gives the final answer. Call it once, with the whole answer."
        answer = {"name": STRUCTURED_TOOL, "description": description, "input_schema": object_schema(wanted.schema)}
        free = bool(tools) and (choice is None or choice["type"] in {"auto", "any"})
        forced = {"type": "any"} if free else {"type": "tool", "name": STRUCTURED_TOOL}
        return [*tools, answer], {**forced, "disable_parallel_tool_use": not free}, {}, ()
    schema_text = msgspec.json.encode(wanted.schema).decode()
    return tools, choice, {}, (f"{_ONLY_JSON} It must satisfy this JSON Schema:\n{schema_text}",)


def _render_sampling(request: ChatRequest, target: Target, thinking: Thinking) -> JsonObject:
    temperature, top_p = request.temperature, request.top_p
    if temperature is not None:
        temperature = min(temperature, 1)  # 0..1 here, 0..2 elsewhere; above is refused (recorded: anthropic)
    if request.dialect != NAME and temperature is not None and top_p is not None and top_p >= 1:
        top_p = None  # asks for nothing, and newer models refuse both at once
    sampling: JsonObject = {
        "temperature": temperature,
        "top_p": top_p,
        "top_k": request.top_k,
        "stop_sequences": _render_stop(request, target) or None,
    }
    if thinking.on:  # the API then takes temperature 1, top_p of at least 0.95 and no top_k
        sampling["top_k"] = None
        if temperature != 1:
            sampling["temperature"] = None
        if top_p is not None and top_p < 0.95:
            sampling["top_p"] = None
    return sampling


def _render_stop(request: ChatRequest, target: Target) -> list[str]:
    stop = [text for text in request.stop if text.strip()]
    if len(stop) != len(request.stop) and not target.drop_unsupported:
        raise UnsupportedParameter(f"{target.model} takes no stop sequence of white space alone", param="stop")
    return stop
