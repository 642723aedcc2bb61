"""Chat requests: a caller's read, a provider's written (providers.md 3 and 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gamma.errors import InvalidType
from gamma.types.chat import ChatRequest, JsonObject, ToolChoice
from gamma.wire.base import Target
from gamma.wire.fields import Fields
from gamma.wire.openai_chat.messages import parse_messages
from gamma.wire.openai_chat.shapes import NAME
from gamma.wire.openai_chat.structured import add_structured
from gamma.wire.openai_chat.thinking import FORMS, parse_thinking, render_thinking
from gamma.wire.openai_chat.tools import (
    parse_response_format,
    parse_tool_choice,
    parse_tools,
    render_tool_choice,
    render_tools,
)
from gamma.wire.openai_chat.turns import render_messages
from gamma.wire.support import fit

TAKES = frozenset(
    {
        "audio", "file", "frequency_penalty", "image", "image_url", "logit_bias", "logprobs", "max_tokens", "metadata",
        "min_p", "modalities", "n", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key",
        "reasoning", "response_format", "seed", "service_tier", "stop", "store", "temperature", "tool_choice", "tools",
        "top_k", "top_logprobs", "top_p", "user", "verbosity", "video", "web_search",
    }
)  # fmt: skip  # a set of words reads better in rows
"""Canonical fields and part kinds that this dialect can express; a provider's row narrows it."""

_AS_NAMED = (
    "temperature", "top_p", "top_k", "min_p", "n", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs",
    "top_logprobs", "verbosity", "audio", "prediction", "user", "metadata", "service_tier", "store", "prompt_cache_key",
)  # fmt: skip  # as above
_NOT_FORWARDED = frozenset({"functions", "function_call"})  # sent as tools


def parse_request(body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
    """A caller's request; see `Served.parse_request`."""
    fields = Fields(body)
    name = fields.opt_text("model")
    options = Fields(fields.opt_object("stream_options") or {}, "stream_options")
    most = fields.opt_int("max_completion_tokens", low=0)
    older = fields.opt_int("max_tokens", low=0)
    seed, other_seed = fields.opt_int("seed"), fields.opt_int("random_seed")  # mistral's name
    reasoning, forms = parse_thinking(fields)
    safety_id, user = fields.opt_text("safety_identifier"), fields.opt_text("user")
    streamed = fields.opt_bool("stream")
    accounting = fields.opt_object("usage") or {}  # openrouter: {include: true}
    return ChatRequest(
        model=model or name or fields.text("model"),
        messages=parse_messages(fields),
        dialect=NAME,
        stream=bool(streamed) if stream is None else stream,
        include_usage=bool(options.opt_bool("include_usage") or accounting.get("include")),
        tools=parse_tools(fields),
        tool_choice=parse_tool_choice(fields),
        parallel_tool_calls=fields.opt_bool("parallel_tool_calls"),
        response_format=(wanted := parse_response_format(fields)),
        reasoning=reasoning,
        max_tokens=older if most is None else most,
        temperature=fields.opt_number("temperature", low=0),
        top_p=fields.opt_number("top_p", low=0, high=1),
        top_k=fields.opt_int("top_k"),
        min_p=fields.opt_number("min_p", low=0, high=1),
        n=fields.opt_int("n", low=1),
        stop=fields.texts("stop"),
        seed=other_seed if seed is None else seed,
        presence_penalty=fields.opt_number("presence_penalty"),
        frequency_penalty=fields.opt_number("frequency_penalty"),
        logit_bias=_parse_bias(fields),
        logprobs=fields.opt_bool("logprobs"),
        top_logprobs=fields.opt_int("top_logprobs", low=0),
        verbosity=fields.opt_text("verbosity"),
        modalities=fields.texts("modalities"),
        audio=fields.opt_object("audio"),
        prediction=fields.opt_object("prediction"),
        web_search=fields.opt_object("web_search_options"),
        user=safety_id if user is None else user,
        metadata=fields.opt_object("metadata"),
        service_tier=fields.opt_text("service_tier"),
        store=fields.opt_bool("store"),
        prompt_cache_key=fields.opt_text("prompt_cache_key"),
        extra=_parse_extra(fields, options, forms, unread_format=wanted is None),
    )


def _parse_bias(fields: Fields) -> dict[str, float] | None:
    bias = fields.opt_object("logit_bias")
    if bias and not all(isinstance(v, int | float) and not isinstance(v, bool) for v in bias.values()):
        raise InvalidType("`logit_bias` must map tokens to numbers", param="logit_bias")
    return bias or None


def _parse_extra(fields: Fields, options: Fields, forms: JsonObject, *, unread_format: bool) -> JsonObject:
    """What targets of this dialect may understand beyond the canonical form."""
    extra = fields.rest() | forms
    kept = ["safety_identifier", "usage", "functions", "function_call"]
    if unread_format:
        kept.append("response_format")  # a vendor's own type, such as fireworks' grammar
    extra |= {name: fields.raw(name) for name in kept if fields.has(name)}
    if rest := options.rest():
        extra["stream_options"] = rest
    return extra


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body for a provider; see `Called.render_request`."""
    traits = target.traits
    request = fit(request, TAKES, target, NAME)
    own = request.dialect == NAME
    body: JsonObject = {"model": target.model, "messages": render_messages(request, traits)}
    caching = (own or traits.cache_control) and "cache_control" not in traits.unsupported
    if tools := render_tools(request.tools, target, caching=caching):
        body["tools"] = tools
        _add_choice(body, request, target, caching=caching)
    body |= {name: value for name in _AS_NAMED if (value := getattr(request, name)) is not None}
    if request.max_tokens is not None:
        body[traits.token_field] = request.max_tokens
    if request.seed is not None:
        body[traits.seed_field] = request.seed
    if request.stop:
        body["stop"] = list(request.stop)
    if request.modalities:
        body["modalities"] = list(request.modalities)
    if request.web_search is not None:
        body["web_search_options"] = request.web_search
    body |= render_thinking(request, traits)
    if request.response_format is not None:
        add_structured(body, request.response_format, traits.json_schema)
    hidden = _NOT_FORWARDED | traits.unsupported
    if traits.reasoning_request != "given":
        hidden |= FORMS
    body |= {name: value for name, value in request.extra.items() if name not in hidden and name not in body}
    if own and "safety_identifier" in request.extra and body.get("user") == request.extra["safety_identifier"]:
        del body["user"]  # the caller gave the newer name only
    _add_stream(body, request, ask=traits.stream_usage == "ask")
    return body


def _add_choice(body: JsonObject, request: ChatRequest, target: Target, *, caching: bool) -> None:
    """`tool_choice` and `parallel_tool_calls`, which OpenAI refuses where there are no tools."""
    choice = request.tool_choice
    if choice is not None and choice.mode == "allowed" and "allowed_tools" in target.traits.unsupported:
        allowed = tuple(tool for tool in request.tools if tool.name in choice.names)
        body["tools"] = render_tools(allowed, target, caching=caching)
        choice = ToolChoice(mode="required" if choice.required else "auto")
    if choice is not None:
        body["tool_choice"] = render_tool_choice(choice, request.tools)
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls


def _add_stream(body: JsonObject, request: ChatRequest, *, ask: bool) -> None:
    options = body.pop("stream_options", None) or {}
    if not request.stream:
        return
    body["stream"] = True
    if ask:
        options = options | {"include_usage": True}
    if options:
        body["stream_options"] = options
