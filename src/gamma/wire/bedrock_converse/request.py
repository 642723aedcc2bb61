"""Converse requests, both ways (providers.md 7.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from gamma.errors import InvalidRequest, InvalidType, MissingField
from gamma.types.chat import (
    ChatRequest,
    JsonObject,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    ResponseFormat,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from gamma.wire.base import Target
from gamma.wire.bedrock_converse.blocks import (
    DIALECT,
    parse_block,
    parse_cache,
    read_arguments,
    render_cache,
    render_citation,
    render_reasoning,
    tool_id,
)
from gamma.wire.bedrock_converse.media import render_media
from gamma.wire.bedrock_converse.thinking import family_of, parse_thinking, parse_top_k, render_thinking
from gamma.wire.bedrock_converse.tools import parse_tools, render_tools
from gamma.wire.fields import Fields
from gamma.wire.support import fit

_TAKES = frozenset(
    {
        "tools", "tool_choice", "response_format", "reasoning", "max_tokens", "temperature", "top_p", "top_k", "stop",
        "metadata", "service_tier", "image", "image_url", "file", "video", "audio",
    }
)  # fmt: skip  # a set of words reads better in rows
_TIERS = frozenset({"priority", "default", "flex", "reserved"})
_LABEL = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")  # requestMetadata's own pattern
_MAX_LABELS = 16
_JSON_ONLY = "Answer with one JSON object and nothing else."


def parse_request(body: Mapping[str, Any], *, model: str | None, stream: bool | None) -> ChatRequest:
    """A caller's request; the model and whether to stream come from the path."""
    fields = Fields(body)
    model = model or fields.opt_text("modelId")
    if not model:
        raise MissingField("the model must be named in the path", param="modelId")
    config = Fields(fields.opt_object("inferenceConfig") or {}, "inferenceConfig")
    output = Fields(fields.opt_object("outputConfig") or {}, "outputConfig")
    more = Fields(fields.opt_object("additionalModelRequestFields") or {}, "additionalModelRequestFields")
    tools, choice = parse_tools(fields.object("toolConfig")) if fields.has("toolConfig") else ((), None)
    tier = fields.opt_object("serviceTier") or {}
    request = ChatRequest(
        model=model,
        dialect=DIALECT,
        messages=(*_parse_system(fields), *_parse_messages(fields)),
        stream=bool(stream),
        include_usage=True,
        tools=tools,
        tool_choice=choice,
        response_format=_parse_format(output),
        max_tokens=config.opt_int("maxTokens", low=1),
        temperature=config.opt_number("temperature", low=0),
        top_p=config.opt_number("topP", low=0, high=1),
        stop=config.texts("stopSequences"),
        reasoning=parse_thinking(more, output.opt_text("effort")),
        top_k=parse_top_k(more),
        metadata=fields.opt_object("requestMetadata"),
        service_tier=tier.get("type"),
    )
    left = {name: part.rest() for name, part in (("inferenceConfig", config), ("outputConfig", output))}
    left["additionalModelRequestFields"] = {k: v for k, v in more.rest().items() if v != {}}
    return msgspec.structs.replace(request, extra={**fields.rest(), **{k: v for k, v in left.items() if v}})


def _parse_format(output: Fields) -> ResponseFormat | None:
    if not output.has("textFormat"):
        return None
    schema = output.object("textFormat").object("structure").object("jsonSchema")
    try:
        decoded = msgspec.json.decode(schema.text("schema"))
    except msgspec.DecodeError:
        decoded = None
    if not isinstance(decoded, dict):
        raise InvalidType(f"`{schema.at('schema')}` must be the text of a JSON object", param=schema.at("schema"))
    return ResponseFormat(
        kind="json_schema", name=schema.opt_text("name"), description=schema.opt_text("description"), schema=decoded
    )


def _parse_system(fields: Fields) -> tuple[Message, ...]:
    parts = _parse_parts(fields.objects("system"))
    return (Message("system", tuple(parts)),) if parts else ()


def _parse_messages(fields: Fields) -> list[Message]:
    messages: list[Message] = []
    for message in fields.objects("messages", required=True):
        role = message.one_of("role", ("user", "assistant", "system"))
        if role is None:
            raise MissingField(f"`{message.at('role')}` is required", param=message.at("role"))
        messages += _split(role, _parse_parts(message.objects("content", required=True)))  # type: ignore[arg-type]  # one of three roles
    return messages


def _parse_parts(blocks: list[Fields]) -> list[Part]:
    parts: list[Part] = []
    for block in blocks:
        cache = parse_cache(block)
        if cache is None:
            part = parse_block(block)
            if part is not None:
                parts.append(part)
        elif parts and isinstance(last := parts[-1], Text | Media | ToolCall | ToolResult):
            parts[-1] = msgspec.structs.replace(last, cache=cache)
    return parts


def _split(role: Role, parts: list[Part]) -> list[Message]:
    """One message for each run of tool results and of everything else."""
    messages: list[Message] = []
    for part in parts:
        owner: Role = "tool" if isinstance(part, ToolResult) else role
        if messages and messages[-1].role == owner:
            messages[-1] = Message(owner, (*messages[-1].parts, part))
        else:
            messages.append(Message(owner, (part,)))
    return messages


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send to `/model/{model}/converse` or `/converse-stream`."""
    request = fit(request, _TAKES, target, DIALECT)
    writer = _Messages(target)
    for i, message in enumerate(request.messages):
        writer.add(message, f"messages[{i}].content")
    body: JsonObject = {"messages": writer.rendered()}
    schema = _render_format(request, target, body, writer)
    if writer.system:
        body["system"] = writer.system
    if config := _render_config(request):
        body["inferenceConfig"] = config
    if (tools := render_tools(request, target, schema)) is not None:
        body["toolConfig"] = tools
    body = merged(body, render_thinking(request, target.model))
    if labels := _labels(request.metadata or {}):
        body["requestMetadata"] = labels
    if request.service_tier in _TIERS:
        body["serviceTier"] = {"type": request.service_tier}
    return merged(request.extra, body)


def _render_config(request: ChatRequest) -> JsonObject:
    config = {
        "maxTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": list(request.stop) or None,
    }
    return {name: value for name, value in config.items() if value is not None}


def _render_format(request: ChatRequest, target: Target, body: JsonObject, writer: _Messages) -> JsonObject | None:
    """Asks for structured output; returns the schema where a tool has to carry it."""
    wanted = request.response_format
    if wanted is None or wanted.kind == "text":
        return None
    if wanted.kind == "json_object" or wanted.schema is None:  # Converse has no JSON mode
        writer.system.append({"text": _JSON_ONLY})
        return None
    if target.traits.json_schema == "tool":
        return wanted.schema
    schema = msgspec.json.encode(wanted.schema).decode()
    if target.traits.json_schema != "native":
        writer.system.append({"text": f"{_JSON_ONLY} It must satisfy this JSON Schema:\n{schema}"})
        return None
    described = {"schema": schema, "name": wanted.name, "description": wanted.description}
    structure = {"jsonSchema": {name: value for name, value in described.items() if value}}
    body["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": structure}}
    return None


def _labels(metadata: JsonObject) -> dict[str, str]:
    """Labels that Bedrock's patterns allow; metadata is a hint, so others are left out."""
    pairs = ((name, value if isinstance(value, str) else str(value)) for name, value in metadata.items())
    fitting = [(name, value) for name, value in pairs if name and _LABEL.fullmatch(name) and _LABEL.fullmatch(value)]
    return dict(fitting[:_MAX_LABELS])


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> JsonObject:
    """Both objects in one, member by member; `over` wins."""
    result = dict(base)
    for name, value in over.items():
        old = result.get(name)
        result[name] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


class _Messages:
    """Collects rendered messages: neighbours of one role become one, blank text is left out (providers.md 7.1).

    Attributes:
        system: the blocks of the `system` field.
    """

    def __init__(self, target: Target) -> None:
        self.system: list[JsonObject] = []
        self._messages: list[JsonObject] = []
        self._names: set[str] = set()
        self._unsigned = family_of(target.model).thinking != "budget"  # Claude refuses reasoning without its signature

    def add(self, message: Message, where: str) -> None:
        """Takes the next message."""
        if message.role in ("system", "developer"):
            for part in message.parts:
                self.system += self._render(part, where) if isinstance(part, Text | Refusal | Opaque) else []
            return
        role = "assistant" if message.role == "assistant" else "user"
        blocks = [block for part in message.parts for block in self._render(part, where)]
        if not blocks:
            return
        if self._messages and self._messages[-1]["role"] == role:
            self._messages[-1]["content"] += blocks
        else:
            self._messages.append({"role": role, "content": blocks})

    def rendered(self) -> list[JsonObject]:
        """The messages; one with a document but no text gets a text block, which Bedrock demands beside documents."""
        for message in self._messages:
            content: list[JsonObject] = message["content"]
            if any("document" in block for block in content) and not any("text" in block for block in content):
                content.append({"text": "See the attached document."})
        if not self._messages:
            raise InvalidRequest("`messages` must hold at least one message with content", param="messages")
        return self._messages

    def _render(self, part: Part, where: str) -> list[JsonObject]:
        match part:
            case Text():
                return _render_text(part)
            case Refusal():
                return [{"text": part.text}] if part.text.strip() else []
            case Media():
                return [render_media(part, self._names, where), *render_cache(part.cache)]
            case Reasoning():
                block = render_reasoning(part, unsigned=self._unsigned)
                return [] if block is None else [block]
            case ToolCall():
                return [_render_call(part, where), *render_cache(part.cache)]
            case ToolResult():
                return [self._render_result(part, where), *render_cache(part.cache)]
            case Opaque():
                return [part.value] if part.dialect == DIALECT else []

    def _render_result(self, part: ToolResult, where: str) -> JsonObject:
        content = [block for inner in part.parts for block in self._render(inner, where) if "cachePoint" not in block]
        result: JsonObject = {"toolUseId": tool_id(part.call_id), "content": content or [{"text": "(no output)"}]}
        if part.is_error:
            result["status"] = "error"
        return {"toolResult": result}


def _render_text(part: Text) -> list[JsonObject]:
    if not part.text.strip():
        return []
    block: JsonObject = {"text": part.text}
    if part.citations and all(citation.dialect == DIALECT for citation in part.citations):
        cited = [render_citation(citation) for citation in part.citations]
        block = {"citationsContent": {"content": [{"text": part.text}], "citations": cited}}
    return [block, *render_cache(part.cache)]


def _render_call(part: ToolCall, where: str) -> JsonObject:
    try:
        arguments = {"input": part.arguments} if part.kind == "custom" else read_arguments(part.arguments)
    except (ValueError, msgspec.DecodeError):
        raise InvalidRequest(f"the arguments of tool call `{part.id}` are not a JSON object", param=where) from None
    return {"toolUse": {"toolUseId": tool_id(part.id), "name": part.name, "input": arguments}}
