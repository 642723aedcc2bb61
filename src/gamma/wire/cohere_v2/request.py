"""Cohere v2 chat requests, both ways (providers.md 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gamma.errors import InvalidRequest, InvalidType, MissingField, UnsupportedParameter
from gamma.types.chat import (
    ChatRequest,
    Citation,
    JsonObject,
    Media,
    Message,
    Part,
    Reasoning,
    ReasoningOptions,
    Refusal,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from gamma.wire.base import Target
from gamma.wire.cohere_v2.citations import parse_citation, render_citation
from gamma.wire.fields import Fields
from gamma.wire.support import fit

DIALECT = "cohere_v2"
_TAKES = frozenset(
    {
        "tools", "tool_choice", "response_format", "reasoning", "max_tokens", "temperature", "top_p", "top_k", "stop",
        "seed", "presence_penalty", "frequency_penalty", "logprobs", "image", "image_url",
    }
)  # fmt: skip  # a set of words reads better in rows
_ROLES = ("system", "user", "assistant", "tool")
_BUDGET_TOKENS = {"minimal": 1024, "low": 2048, "medium": 8192}  # more effort leaves the budget to the model
_NO_PARAMETERS: JsonObject = {"type": "object", "properties": {}}


def parse_request(body: Mapping[str, Any], *, model: str | None, stream: bool | None) -> ChatRequest:
    """A caller's request."""
    fields = Fields(body)
    wanted = fields.opt_bool("stream")
    request = ChatRequest(
        model=model or fields.text("model"),
        dialect=DIALECT,
        messages=_parse_messages(fields),
        stream=bool(wanted if stream is None else stream),
        include_usage=True,
        tools=_parse_tools(fields),
        tool_choice=_parse_choice(fields),
        response_format=_parse_format(fields),
        reasoning=_parse_thinking(fields),
        max_tokens=fields.opt_int("max_tokens", low=0),
        temperature=fields.opt_number("temperature", low=0),
        top_p=fields.opt_number("p", low=0, high=1),
        top_k=fields.opt_int("k", low=0),
        stop=fields.texts("stop_sequences"),
        seed=fields.opt_int("seed"),
        presence_penalty=fields.opt_number("presence_penalty"),
        frequency_penalty=fields.opt_number("frequency_penalty"),
        logprobs=fields.opt_bool("logprobs"),
    )
    fields.raw("model")
    return msgspec.structs.replace(request, extra={k: v for k, v in fields.rest().items() if v not in ([], {})})


def _parse_messages(fields: Fields) -> tuple[Message, ...]:
    messages = fields.objects("messages", required=True)
    if not messages:
        raise InvalidRequest("`messages` must not be empty", param="messages")
    return tuple(_parse_message(message) for message in messages)


def _parse_message(message: Fields) -> Message:
    role = message.one_of("role", _ROLES)
    if role == "assistant":
        return Message("assistant", tuple(_parse_assistant(message)))
    parts = tuple(_parse_content(message))
    if role == "tool":
        return Message("tool", (ToolResult(call_id=message.text("tool_call_id"), parts=parts),))
    if role is None:
        raise MissingField(f"`{message.at('role')}` is required", param=message.at("role"))
    return Message(role, parts)  # type: ignore[arg-type]  # one of _ROLES


def _parse_content(message: Fields, *, required: bool = True) -> list[Part]:
    content = message.raw("content")
    if isinstance(content, str):
        return [Text(content)] if content or required else []
    if content is None and not required:
        return []
    return [_parse_part(part) for part in message.objects("content", required=True)]


def _parse_part(part: Fields) -> Part:
    match part.text("type"):
        case "text":
            return Text(part.text("text"))
        case "image_url":
            image = part.object("image_url")
            return _parse_image(image.text("url"), image.opt_text("detail"), image.at("url"))
        case "thinking":
            return Reasoning(text=part.text("thinking"), dialect=DIALECT)
        case "document":
            return _parse_document(part.opt_text("id"), part.raw("document"), part.at("document"))
        case other:
            raise InvalidType(f"`{part.at('type')}` is {other!r}, which is no part of a message", param=part.at("type"))


def _parse_document(document_id: str | None, document: object, where: str) -> Text:
    """A tool's output as a document: its data as text, and the document itself for the way back."""
    data = document if isinstance(document, str) else Fields(document, where).raw("data")
    value = document if document_id is None else {"id": document_id, "data": data}
    text = data if isinstance(data, str) else msgspec.json.encode(data or {}).decode()
    return Text(text, citations=(Citation(dialect=DIALECT, raw={"document": value}),))


def _parse_image(url: str, detail: str | None, where: str) -> Media:
    if not url.startswith("data:"):
        return Media(kind="image", url=url, detail=detail)
    head, comma, data = url[5:].partition(",")
    if not comma or not head.endswith(";base64"):
        raise InvalidRequest(f"`{where}` must be a base64 data URL or an address", param=where)
    return Media(kind="image", mime_type=head.partition(";")[0] or None, data=data, detail=detail)


def _parse_assistant(message: Fields) -> list[Part]:
    parts = _parse_content(message, required=False)
    cited = tuple(parse_citation(citation) for citation in message.objects("citations"))
    if plan := message.opt_text("tool_plan"):
        parts.append(Text(plan))
    for i, part in enumerate(parts):
        if cited and isinstance(part, Text):
            parts[i] = msgspec.structs.replace(part, citations=cited)
            break
    for call in message.objects("tool_calls"):
        function = call.object("function")
        arguments = function.opt_text("arguments") or "{}"
        arguments = "{}" if arguments.strip() == "null" else arguments
        parts.append(ToolCall(id=call.text("id"), name=function.text("name"), arguments=arguments))
    return parts


def _parse_tools(fields: Fields) -> tuple[Tool, ...]:
    strict = fields.opt_bool("strict_tools")
    functions = (tool.object("function") for tool in fields.objects("tools"))
    return tuple(
        Tool(
            name=function.text("name"),
            description=function.opt_text("description"),
            parameters=function.opt_object("parameters"),
            strict=strict,
        )
        for function in functions
    )


def _parse_choice(fields: Fields) -> ToolChoice | None:
    choice = fields.one_of("tool_choice", ("REQUIRED", "NONE"))
    if choice is None:
        return None
    return ToolChoice(mode="required" if choice == "REQUIRED" else "none")


def _parse_format(fields: Fields) -> ResponseFormat | None:
    if not fields.has("response_format"):
        return None
    wanted = fields.object("response_format")
    if wanted.one_of("type", ("text", "json_object")) != "json_object":
        return ResponseFormat(kind="text")
    schema = wanted.opt_object("json_schema") or wanted.opt_object("schema")  # `schema` is the spelling of v1
    return ResponseFormat(kind="json_schema", schema=schema) if schema else ResponseFormat(kind="json_object")


def _parse_thinking(fields: Fields) -> ReasoningOptions | None:
    if not fields.has("thinking"):
        return None
    thinking = fields.object("thinking")
    if thinking.one_of("type", ("enabled", "disabled")) == "disabled":
        return ReasoningOptions(budget_tokens=0)
    budget = thinking.opt_int("token_budget", low=0)
    return ReasoningOptions(budget_tokens=-1 if budget is None else budget)


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send to `/v2/chat`."""
    request = fit(request, _TAKES, target, DIALECT)
    body: JsonObject = {**request.extra, "model": target.model, "stream": request.stream}
    body["messages"] = [
        rendered
        for i, message in enumerate(request.messages)
        for rendered in _render_message(message, target, f"messages[{i}].content")
    ]
    body |= _render_tools(request, target)
    if (wanted := request.response_format) is not None and wanted.kind != "text":
        body |= _render_format(wanted, target, with_tools="tools" in body)
    if request.reasoning is not None:
        body["thinking"] = _render_thinking(request.reasoning)
    rest = {
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "p": request.top_p,
        "k": request.top_k,
        "stop_sequences": list(request.stop) or None,
        "seed": request.seed,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "logprobs": request.logprobs,
    }
    return body | {name: value for name, value in rest.items() if value is not None}


def _render_message(message: Message, target: Target, where: str) -> list[JsonObject]:
    match message.role:
        case "assistant":
            return _render_assistant(message, where)
        case "tool":
            results = (part for part in message.parts if isinstance(part, ToolResult))
            return [_render_result(result, target, where) for result in results]
        case "user":
            content = [rendered for part in message.parts if (rendered := _render_part(part, where)) is not None]
            return [{"role": "user", "content": _flat(content)}] if content else []
        case _:
            text = [{"type": "text", "text": part.text} for part in message.parts if isinstance(part, Text | Refusal)]
            return [{"role": "system", "content": _flat(text)}] if text else []


def _flat(content: list[JsonObject]) -> str | list[JsonObject]:
    """One text stands as a plain string."""
    return content[0]["text"] if len(content) == 1 and content[0]["type"] == "text" else content


def _render_part(part: Part, where: str) -> JsonObject | None:
    match part:
        case Text() | Refusal():
            return {"type": "text", "text": part.text}
        case Reasoning(dialect="cohere_v2") if part.text:
            return {"type": "thinking", "thinking": part.text}
        case Media(kind="image"):
            url = part.url or (f"data:{part.mime_type or 'image/png'};base64,{part.data}" if part.data else None)
            if url is None:
                raise UnsupportedParameter("this model cannot take an image by file id; send its data instead", param=where)
            return {"type": "image_url", "image_url": {"url": url, **({"detail": part.detail} if part.detail else {})}}
    return None


def _render_assistant(message: Message, where: str) -> list[JsonObject]:
    """A turn with tool calls carries its text as `tool_plan`, any other as content."""
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    texts = [part for part in message.parts if isinstance(part, Text | Refusal) and part.text]
    rendered: JsonObject = {"role": "assistant"}
    shown = [part for part in message.parts if isinstance(part, Reasoning) or (not calls and part in texts)]
    content = [block for part in shown if (block := _render_part(part, where)) is not None]
    if content:
        rendered["content"] = _flat(content)
    if calls:
        if texts:
            rendered["tool_plan"] = "".join(part.text for part in texts)
        rendered["tool_calls"] = [_render_call(call, where) for call in calls]
    elif not content:
        return []
    cited = [citation for part in texts if isinstance(part, Text) for citation in part.citations]
    if cited and all(citation.dialect == DIALECT for citation in cited):
        rendered["citations"] = [render_citation(citation) for citation in cited]
    return [rendered]


def _render_call(call: ToolCall, where: str) -> JsonObject:
    if call.kind == "custom":
        raise UnsupportedParameter("this model cannot take calls of free-text tools", param=where)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}


def _render_result(result: ToolResult, target: Target, where: str) -> JsonObject:
    texts = [part for part in result.parts if isinstance(part, Text)]
    if len(texts) < len(result.parts) and not target.drop_unsupported:
        raise UnsupportedParameter("this model cannot take images or files in a tool's result", param=where)
    return {"role": "tool", "tool_call_id": result.call_id, "content": _flat([_render_output(text) for text in texts]) or ""}


def _render_output(part: Text) -> JsonObject:
    for citation in part.citations:
        if citation.dialect == DIALECT and citation.raw is not None and "document" in citation.raw:
            return {"type": "document", "document": citation.raw["document"]}
    return {"type": "text", "text": part.text}


def _render_tools(request: ChatRequest, target: Target) -> JsonObject:
    """`tools`, `tool_choice` and `strict_tools`; a choice among names becomes a shorter list of tools."""
    tools, choice = [tool for tool in request.tools if _expressible(tool, target)], request.tool_choice
    if choice is not None and choice.names:
        tools = [tool for tool in tools if tool.name in choice.names]
    if not tools:
        return {}
    rendered: JsonObject = {"tools": [_render_tool(tool) for tool in tools]}
    if choice is not None and choice.mode == "none":
        rendered["tool_choice"] = "NONE"
    elif choice is not None and (choice.mode in ("required", "named") or choice.required):
        rendered["tool_choice"] = "REQUIRED"
    # `strict_tools` refuses tools without a required parameter (vendor documentation)
    if all(tool.strict and (tool.parameters or {}).get("required") for tool in tools):
        rendered["strict_tools"] = True
    return rendered


def _expressible(tool: Tool, target: Target) -> bool:
    if tool.kind == "function":
        return True
    if target.drop_unsupported:
        return False
    what = "free-text tools" if tool.kind == "custom" else f"the hosted tool `{tool.name}`"
    raise UnsupportedParameter(
        f"{target.model} cannot take {what}; leave it out, or set drop_unsupported: true on the model", param="tools"
    )


def _render_tool(tool: Tool) -> JsonObject:
    function: JsonObject = {"name": tool.name, "parameters": tool.parameters or _NO_PARAMETERS}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _render_format(wanted: ResponseFormat, target: Target, *, with_tools: bool) -> JsonObject:
    if with_tools:  # the vendor refuses both together (providers.md 8)
        if target.drop_unsupported:
            return {}
        raise UnsupportedParameter(
            f"{target.model} cannot take `response_format` together with tools", param="response_format"
        )
    schema = {"json_schema": wanted.schema} if wanted.schema is not None else {}
    return {"response_format": {"type": "json_object", **schema}}


def _render_thinking(options: ReasoningOptions) -> JsonObject:
    if options.effort == "none" or options.budget_tokens == 0:
        return {"type": "disabled"}
    budget = options.budget_tokens
    if budget is None:
        budget = _BUDGET_TOKENS.get(options.effort or "")
    return {"type": "enabled", **({"token_budget": budget} if budget is not None and budget > 0 else {})}
