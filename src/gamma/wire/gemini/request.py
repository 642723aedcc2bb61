"""A caller's generateContent body to the canonical request (google-genai 3.4; providers.md 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gamma.errors import MissingField
from gamma.types.chat import ChatRequest, JsonObject, ReasoningOptions, ResponseFormat, Tool, ToolChoice
from gamma.wire.fields import Fields
from gamma.wire.gemini.contents import parse_contents, parse_system
from gamma.wire.gemini.names import DIALECT, proto_fields
from gamma.wire.gemini.schema import json_schema

_MODES = ("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED")
_JSON = "application/json"


def parse_request(body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
    """The body of `:generateContent` or `:streamGenerateContent`.

    Fields of `generationConfig` and `toolConfig` that the canonical form lacks are kept in `extra` under their dotted
    path, such as `generationConfig.speechConfig`.

    Raises:
        MissingField, InvalidType, InvalidRequest: naming the field in `param`.
    """
    fields = proto_fields(body)
    name = model or fields.opt_text("model")
    fields.raw("model")
    if not name:
        raise MissingField("`model` is required", param="model")
    messages = (*parse_system(fields.raw("systemInstruction")), *parse_contents(fields.raw("contents")))
    if not messages:
        raise MissingField("`contents` must hold at least one part", param="contents")
    tools = parse_tools(fields.opt_list("tools") or ())
    choice, tool_extra = _parse_tool_config(fields)
    config = proto_fields(fields.opt_object("generationConfig") or {}, "generationConfig")
    settings = _parse_generation(config)
    tier = fields.opt_text("serviceTier")
    store = fields.opt_bool("store")
    leftover = {f"generationConfig.{key}": value for key, value in config.rest().items()}
    return ChatRequest(
        model=name.removeprefix("models/"),
        messages=messages,
        dialect=DIALECT,
        stream=bool(stream),
        include_usage=True,
        tools=tools,
        tool_choice=choice,
        service_tier=tier.lower() if tier else None,
        store=store,
        extra={**fields.rest(), **tool_extra, **leftover},
        **settings,
    )


def parse_tools(values: Any, path: str = "tools") -> tuple[Tool, ...]:
    """Declared functions, and the provider's own tools as hosted ones."""
    tools: list[Tool] = []
    for i, value in enumerate(values):
        entry = proto_fields(value, f"{path}[{i}]")
        declarations = entry.opt_list("functionDeclarations") or ()
        where = entry.at("functionDeclarations")
        tools.extend(_parse_function(proto_fields(item, f"{where}[{j}]")) for j, item in enumerate(declarations))
        tools.extend(
            Tool(name=kind, kind="hosted", dialect=DIALECT, raw={kind: settings}) for kind, settings in entry.rest().items()
        )
    return tuple(tools)


def _parse_function(declaration: Fields) -> Tool:
    schema = declaration.opt_object("parametersJsonSchema")
    openapi = declaration.opt_object("parameters")
    if schema is None and openapi is not None:
        schema = json_schema(openapi)
    name, description = declaration.text("name"), declaration.opt_text("description")
    rest = declaration.rest() or None
    return Tool(name=name, description=description, parameters=schema, dialect=DIALECT if rest else "", raw=rest)


def _parse_tool_config(fields: Fields) -> tuple[ToolChoice | None, JsonObject]:
    config = proto_fields(fields.opt_object("toolConfig") or {}, "toolConfig")
    calling = proto_fields(config.opt_object("functionCallingConfig") or {}, "toolConfig.functionCallingConfig")
    mode = (calling.opt_text("mode") or "").upper()
    if mode:
        proto_fields({"mode": mode}, "toolConfig.functionCallingConfig").one_of("mode", _MODES)
    names = calling.texts("allowedFunctionNames")
    extra = {f"toolConfig.{key}": value for key, value in config.rest().items()}
    extra.update({f"toolConfig.functionCallingConfig.{key}": value for key, value in calling.rest().items()})
    match mode:
        case "NONE":
            return ToolChoice(mode="none"), extra
        case "ANY" if len(names) == 1:
            return ToolChoice(mode="named", names=names), extra
        case "ANY" if names:
            return ToolChoice(mode="allowed", names=names, required=True), extra
        case "ANY":
            return ToolChoice(mode="required"), extra
        case "VALIDATED" if names:
            return ToolChoice(mode="allowed", names=names), extra
        case "AUTO" | "VALIDATED":
            return ToolChoice(mode="auto"), extra
        case _:
            return None, extra


def _parse_generation(config: Fields) -> dict[str, Any]:
    return {
        "max_tokens": config.opt_int("maxOutputTokens", low=1),
        "temperature": config.opt_number("temperature", low=0),
        "top_p": config.opt_number("topP", low=0),
        "top_k": config.opt_int("topK", low=0),
        "n": config.opt_int("candidateCount", low=1),
        "stop": config.texts("stopSequences"),
        "seed": config.opt_int("seed"),
        "presence_penalty": config.opt_number("presencePenalty"),
        "frequency_penalty": config.opt_number("frequencyPenalty"),
        "logprobs": config.opt_bool("responseLogprobs"),
        "top_logprobs": config.opt_int("logprobs", low=0),
        "modalities": tuple(word.lower() for word in config.texts("responseModalities")),
        "reasoning": _parse_thinking(config),
        "response_format": _parse_format(config),
    }


def _parse_thinking(config: Fields) -> ReasoningOptions | None:
    if not config.has("thinkingConfig"):
        return None
    thinking = proto_fields(config.raw("thinkingConfig"), config.at("thinkingConfig"))
    level = (thinking.opt_text("thinkingLevel") or "").lower()
    options = ReasoningOptions(
        effort=level if level and level != "thinking_level_unspecified" else None,
        budget_tokens=thinking.opt_int("thinkingBudget", low=-1),
        summary="auto" if thinking.opt_bool("includeThoughts") else None,
    )
    return options if options != ReasoningOptions() else None


def _parse_format(config: Fields) -> ResponseFormat | None:
    left = config.rest()
    if left.get("responseMimeType", _JSON) not in (_JSON, "text/plain"):
        return None  # text/x.enum: one of the values of an enum schema; stays among the unread, for Google alone
    mime_type = config.opt_text("responseMimeType")
    schema = config.opt_object("responseJsonSchema")
    openapi = config.opt_object("responseSchema")
    if mime_type == "text/plain":
        return ResponseFormat(kind="text")
    if schema is None and openapi is not None:
        schema = json_schema(openapi)
    if schema is not None:
        title = schema.get("title")
        name = title if isinstance(title, str) and title.isidentifier() else "response"
        return ResponseFormat(kind="json_schema", name=name, schema=schema)
    return ResponseFormat(kind="json_object") if mime_type else None
