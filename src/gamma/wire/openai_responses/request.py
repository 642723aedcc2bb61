"""Requests of the dialect: read from callers, written for providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gamma.errors import MissingField
from gamma.types.chat import ChatRequest, JsonObject, Message, ReasoningOptions, ResponseFormat, Text, ToolChoice
from gamma.wire.base import Target
from gamma.wire.fields import Fields
from gamma.wire.openai_responses.input import parse_input
from gamma.wire.openai_responses.items import Rendering, render_input
from gamma.wire.openai_responses.names import NAME
from gamma.wire.openai_responses.tools import parse_tool_choice, parse_tools, render_tool_choice, render_tools
from gamma.wire.support import fit

TAKES = frozenset(
    {
        "tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning", "max_tokens", "temperature", "top_p",
        "logprobs", "top_logprobs", "verbosity", "web_search", "user", "metadata", "service_tier", "store",
        "prompt_cache_key", "previous_response_id", "image", "image_url", "file",
    }
)  # fmt: skip  # a set of words reads better in rows
"""What the dialect can express."""

SERVICE_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"})
_ENCRYPTED = "reasoning.encrypted_content"
_LOGPROBS = "message.output_text.logprobs"
_STATEFUL = ("previous_response_id", "conversation", "prompt")
_MERGED = frozenset({"include", "reasoning", "text"})  # extra fields whose rest is merged instead of sent as it came
_MAX_FOREIGN_USER_CHARS = 64  # longer ones are refused; other dialects allow them
_LOW_BUDGET_TOKENS, _MEDIUM_BUDGET_TOKENS = 4096, 16384


def parse_request(body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
    """A caller's request.

    Args:
        body: the decoded JSON object.
        model: wins over the body's.
        stream: wins over the body's.

    Raises:
        MissingField, InvalidType, InvalidRequest: naming the field in `param`.
    """
    fields = Fields(body)
    name = fields.text("model") if model is None else model
    fields.raw("model")  # read, though the path's won
    messages = _parse_messages(fields)
    include = fields.texts("include")
    reasoning, reasoning_rest = _parse_reasoning(fields, encrypted=_ENCRYPTED in include)
    form, verbosity, text_rest = _parse_text(fields)
    choice, raw_choice = _parse_choice(fields)
    asked = fields.opt_bool("stream") or False
    known: JsonObject = {
        "tools": parse_tools(fields),
        "parallel_tool_calls": fields.opt_bool("parallel_tool_calls"),
        "max_tokens": fields.opt_int("max_output_tokens", low=1),
        "temperature": fields.opt_number("temperature", low=0, high=2),
        "top_p": fields.opt_number("top_p", low=0, high=1),
        "top_logprobs": fields.opt_int("top_logprobs", low=0, high=20),
        "user": fields.opt_text("user"),
        "metadata": fields.opt_object("metadata"),
        "service_tier": fields.opt_text("service_tier"),
        "store": fields.opt_bool("store"),
        "prompt_cache_key": fields.opt_text("prompt_cache_key"),
        "previous_response_id": fields.opt_text("previous_response_id"),
    }
    extra = fields.rest()
    extra |= {"include": list(include)} if include else {}
    extra |= {"reasoning": reasoning_rest} if reasoning_rest else {}
    extra |= {"text": text_rest} if text_rest else {}
    extra |= {"tool_choice": raw_choice} if raw_choice is not None else {}
    if (identifier := fields.opt_text("safety_identifier")) is not None:
        known["user"] = known["user"] or identifier
    return ChatRequest(
        model=name,
        messages=tuple(messages),
        dialect=NAME,
        stream=asked if stream is None else stream,
        include_usage=True,
        tool_choice=choice,
        response_format=form,
        reasoning=reasoning,
        logprobs=True if _LOGPROBS in include or known["top_logprobs"] else None,
        verbosity=verbosity,
        extra=extra,
        **known,
    )


def _parse_messages(fields: Fields) -> list[Message]:
    instructions = fields.opt_text("instructions")
    messages = [Message("system", (Text(instructions),))] if instructions else []
    value = fields.raw("input")
    if value is not None:
        return messages + parse_input(value)
    if not any(fields.has(name) for name in _STATEFUL):
        raise MissingField("`input` is required", param="input")
    return messages


def _parse_reasoning(fields: Fields, *, encrypted: bool) -> tuple[ReasoningOptions | None, JsonObject]:
    """Reasoning options, and the rest that the canonical form does not know."""
    value = fields.opt_object("reasoning")
    if value is None:
        return (ReasoningOptions(encrypted=True) if encrypted else None), {}
    inner = Fields(value, "reasoning")
    effort = inner.opt_text("effort")
    summary = inner.opt_text("summary") or inner.opt_text("generate_summary")
    inner.raw("generate_summary")
    return ReasoningOptions(effort=effort, summary=summary, encrypted=encrypted), inner.rest()


def _parse_text(fields: Fields) -> tuple[ResponseFormat | None, str | None, JsonObject]:
    """Format, verbosity, and the rest that the canonical form does not know."""
    value = fields.opt_object("text")
    if value is None:
        return None, None, {}
    inner = Fields(value, "text")
    form = _parse_format(inner.object("format")) if inner.has("format") else None
    inner.raw("format")
    return form, inner.opt_text("verbosity"), inner.rest()


def _parse_format(form: Fields) -> ResponseFormat | None:
    kind = form.one_of("type", ("text", "json_object", "json_schema"))
    if kind is None:
        raise MissingField(f"`{form.at('type')}` is required", param=form.at("type"))
    if kind == "text":
        return None
    if kind == "json_object":
        return ResponseFormat(kind="json_object")
    schema = form.opt_object("schema")
    if schema is None:
        raise MissingField(f"`{form.at('schema')}` is required", param=form.at("schema"))
    return ResponseFormat(
        kind="json_schema",
        name=form.opt_text("name"),
        description=form.opt_text("description"),
        schema=schema,
        strict=form.opt_bool("strict"),
    )


def _parse_choice(fields: Fields) -> tuple[ToolChoice | None, Any]:
    """The tool choice, or its raw form where the canonical one has no word for it."""
    value = fields.raw("tool_choice")
    if value is None:
        return None, None
    choice = parse_tool_choice(value)
    return choice, value if choice is None else None


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send.

    Raises:
        UnsupportedParameter: this dialect or the target's traits cannot express a field that changes the answer.
    """
    request = fit(request, TAKES, target, NAME)
    own = request.dialect == NAME
    store = request.store if request.store is not None or own else False  # other dialects' callers never asked to be kept
    instructions, messages = _lift_instructions(request.messages)
    body: JsonObject = {"model": target.model}
    if instructions is not None:
        body["instructions"] = instructions
    rendering = Rendering(
        own=own,
        stored=store is not False,
        flatten=target.traits.flatten_text,
        system_role=target.traits.system_role,
        reasoning_text=target.traits.reasoning_field is not None,
    )
    items = render_input(messages, rendering)
    if items or not any(name in request.extra for name in _STATEFUL):
        body["input"] = items
    _render_plain(body, request, store)
    _render_tooling(body, request, target)
    _render_objects(body, request)
    if own:
        for name, value in request.extra.items():
            if name not in _MERGED:
                body[name] = value
    return body


def _lift_instructions(messages: tuple[Message, ...]) -> tuple[str | None, tuple[Message, ...]]:
    """The text of the system messages at the head, and the rest; a conversation of nothing else keeps them in place."""
    count = next((i for i, message in enumerate(messages) if message.role != "system"), 0)
    texts = [part.text for message in messages[:count] for part in message.parts if isinstance(part, Text)]
    return ("\n\n".join(texts) or None), messages[count:]


def _render_plain(body: JsonObject, request: ChatRequest, store: bool | None) -> None:
    """Fields that are one value here and in the canonical form."""
    own = request.dialect == NAME
    user, tier = request.user, request.service_tier
    if user is not None and (user == request.extra.get("safety_identifier") if own else len(user) > _MAX_FOREIGN_USER_CHARS):
        user = None
    if tier is not None and not own and tier not in SERVICE_TIERS:
        tier = None
    fields = {
        "stream": request.stream or None,
        "max_output_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_logprobs": request.top_logprobs,
        "metadata": request.metadata,
        "user": user,
        "service_tier": tier,
        "store": store,
        "prompt_cache_key": request.prompt_cache_key,
        "previous_response_id": request.previous_response_id,
    }
    body.update((name, value) for name, value in fields.items() if value is not None)


def _render_tooling(body: JsonObject, request: ChatRequest, target: Target) -> None:
    tools = render_tools(request, target)
    if tools:
        body["tools"] = tools
    if request.tool_choice is not None:
        body["tool_choice"] = render_tool_choice(request.tool_choice, request.tools)
    if request.parallel_tool_calls is not None and (tools or request.dialect == NAME):
        body["parallel_tool_calls"] = request.parallel_tool_calls


def _render_objects(body: JsonObject, request: ChatRequest) -> None:
    """`reasoning`, `text` and `include`."""
    own = request.dialect == NAME
    reasoning = render_reasoning(request)
    if reasoning:
        body["reasoning"] = reasoning
    if text := render_text(request):
        body["text"] = text
    include = list(request.extra.get("include", ())) if own else []
    wanted = request.reasoning is not None and (request.reasoning.encrypted or (bool(reasoning) and not own))
    for asked, name in ((wanted, _ENCRYPTED), (request.logprobs and not own, _LOGPROBS)):
        if asked and name not in include:
            include.append(name)
    if include:
        body["include"] = include


def render_text(request: ChatRequest) -> JsonObject:
    """The `text` object of a request: format and verbosity; empty when nothing was asked."""
    text: JsonObject = dict(request.extra.get("text", {})) if request.dialect == NAME else {}
    form = request.response_format
    if form is not None and form.kind == "json_object":
        text["format"] = {"type": "json_object"}
    elif form is not None and form.kind == "json_schema":
        text["format"] = {"type": "json_schema", "name": form.name or "response", "schema": form.schema or {}}
        if form.description is not None:
            text["format"]["description"] = form.description
        if form.strict is not None:
            text["format"]["strict"] = form.strict
    if request.verbosity is not None:
        text["verbosity"] = request.verbosity
    return text


def render_reasoning(request: ChatRequest) -> JsonObject:
    """The `reasoning` object of a request; empty when nothing was asked."""
    own, asked = request.dialect == NAME, request.reasoning
    value: JsonObject = dict(request.extra.get("reasoning", {})) if own else {}
    if asked is None:
        return value
    effort = asked.effort or _effort_of_budget(asked.budget_tokens)
    if effort is not None:
        value["effort"] = effort
    if asked.summary is not None:
        known = own or asked.summary in ("auto", "concise", "detailed")
        value["summary"] = asked.summary if known else "auto"
    return value


def _effort_of_budget(budget_tokens: int | None) -> str | None:
    """The effort nearest to a budget; none for 0 (models differ in whether they can be told not to think) and for -1."""
    if budget_tokens is None or budget_tokens <= 0:
        return None
    if budget_tokens <= _LOW_BUDGET_TOKENS:
        return "low"
    return "medium" if budget_tokens <= _MEDIUM_BUDGET_TOKENS else "high"
