"""Tools, the choice among them, and structured output, both ways (providers.md 3)."""

from __future__ import annotations

from collections.abc import Sequence

from gamma.errors import InvalidType, MissingField, UnsupportedParameter
from gamma.types.chat import JsonObject, ResponseFormat, Tool, ToolChoice
from gamma.wire.base import Target
from gamma.wire.fields import Fields
from gamma.wire.openai_chat.shapes import NAME

_WORDS: dict[str, ToolChoice] = {
    "auto": ToolChoice(mode="auto"),
    "none": ToolChoice(mode="none"),
    "required": ToolChoice(mode="required"),
    "any": ToolChoice(mode="required"),  # mistral's word
}


def parse_tools(body: Fields) -> tuple[Tool, ...]:
    """`tools`, and the older `functions`."""
    tools = [_parse_tool(tool, raw) for tool, raw in zip(body.objects("tools"), body.raw("tools") or (), strict=True)]
    tools += [_parse_function(function, None) for function in body.objects("functions")]
    return tuple(tools)


def _parse_tool(tool: Fields, raw: JsonObject) -> Tool:
    kind, cache = tool.opt_text("type") or "function", tool.opt_object("cache_control")
    if kind == "custom":
        custom = tool.object("custom")
        name, description = custom.text("name"), custom.opt_text("description")
        return Tool(name=name, description=description, kind="custom", dialect=NAME, raw=raw, cache=cache)
    if kind == "function" or tool.has("function"):
        return _parse_function(tool.object("function"), cache)
    return Tool(name=tool.opt_text("name") or kind, kind="hosted", dialect=NAME, raw=raw, cache=cache)


def _parse_function(function: Fields, cache: JsonObject | None) -> Tool:
    return Tool(
        name=function.text("name"),
        description=function.opt_text("description"),
        parameters=function.opt_object("parameters"),
        strict=function.opt_bool("strict"),
        cache=cache,
    )


def parse_tool_choice(body: Fields) -> ToolChoice | None:
    """`tool_choice`, or the older `function_call`.

    Raises:
        InvalidType: no known form.
    """
    if body.has("function_call") and not body.has("tool_choice"):
        value = body.raw("function_call")
        if isinstance(value, dict):
            return ToolChoice(mode="named", names=(body.object("function_call").text("name"),))
        return _word(body, "function_call", value)
    value = body.raw("tool_choice")
    if value is None:
        return None
    if not isinstance(value, dict):
        return _word(body, "tool_choice", value)
    choice = body.object("tool_choice")
    kind = choice.opt_text("type") or "function"
    if kind == "allowed_tools":
        return _parse_allowed(choice.object("allowed_tools") if choice.has("allowed_tools") else choice)
    if kind in _WORDS:
        return _WORDS[kind]
    inner = choice.object(kind) if choice.has(kind) else choice
    return ToolChoice(mode="named", names=(inner.text("name"),))


def _word(body: Fields, name: str, value: object) -> ToolChoice:
    if not isinstance(value, str) or value not in _WORDS:
        raise InvalidType(f"`{body.at(name)}` must be none, auto, required or name a tool", param=body.at(name))
    return _WORDS[value]


def _parse_allowed(allowed: Fields) -> ToolChoice:
    names = []
    for tool in allowed.objects("tools", required=True):
        kind = tool.opt_text("type") or "function"
        inner = tool.object(kind) if tool.has(kind) else tool
        names.append(inner.text("name"))
    mode = allowed.one_of("mode", ("auto", "required"))
    return ToolChoice(mode="allowed", names=tuple(names), required=mode == "required")


def parse_response_format(body: Fields) -> ResponseFormat | None:
    """`response_format` of a known type; others (a vendor's grammar) are left to `extra`.

    Raises:
        MissingField, InvalidType: naming the field.
    """
    if not body.has("response_format"):
        return None
    wanted = body.object("response_format")
    kind = wanted.text("type")
    if kind == "text":
        return ResponseFormat(kind="text")
    if kind == "json_object":  # together and llama.cpp take a schema beside it
        return ResponseFormat(kind="json_object", schema=wanted.opt_object("schema"))
    if kind != "json_schema":
        return None
    inner = wanted.object("json_schema")
    schema = inner.opt_object("schema")
    if schema is None:
        raise MissingField(f"`{inner.at('schema')}` is required", param=inner.at("schema"))
    return ResponseFormat(
        kind="json_schema",
        name=inner.opt_text("name"),
        description=inner.opt_text("description"),
        schema=schema,
        strict=inner.opt_bool("strict"),
    )


def render_tools(tools: Sequence[Tool], target: Target, *, caching: bool) -> list[JsonObject]:
    """Tools for a provider.

    Raises:
        UnsupportedParameter: a tool that another dialect's provider runs.
    """
    found = []
    for tool in tools:
        if tool.kind == "hosted" and tool.dialect != NAME:
            if not target.drop_unsupported:
                raise UnsupportedParameter(f"{target.model} cannot run the tool `{tool.name}`", param="tools")
            continue
        value = _render_tool(tool)
        if caching and tool.cache is not None:
            value["cache_control"] = tool.cache
        found.append(value)
    return found


def _render_tool(tool: Tool) -> JsonObject:
    if tool.kind == "hosted":
        return dict(tool.raw or {})
    if tool.kind == "custom":
        return {"type": "custom", "custom": _render_custom(tool)}
    function: JsonObject = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = {"type": "object", "properties": {}} if tool.parameters is None else tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _render_custom(tool: Tool) -> JsonObject:
    custom: JsonObject = {"name": tool.name}
    if tool.description is not None:
        custom["description"] = tool.description
    raw = tool.raw or {}
    inner = raw.get("custom")
    form = (inner if isinstance(inner, dict) else raw).get("format")  # responses writes it flat
    if isinstance(form, dict):
        if form.get("type") == "grammar" and "grammar" not in form:
            form = {"type": "grammar", "grammar": {k: v for k, v in form.items() if k != "type"}}
        custom["format"] = form
    return custom


def render_tool_choice(choice: ToolChoice, tools: Sequence[Tool]) -> str | JsonObject:
    """`tool_choice`; a custom tool is named as such."""
    custom = {tool.name for tool in tools if tool.kind == "custom"}

    def named(name: str) -> JsonObject:
        kind = "custom" if name in custom else "function"
        return {"type": kind, kind: {"name": name}}

    if choice.mode == "named":
        return named(choice.names[0])
    if choice.mode == "allowed":
        mode = "required" if choice.required else "auto"
        return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [named(n) for n in choice.names]}}
    return choice.mode


def render_response_format(wanted: ResponseFormat) -> JsonObject:
    """`response_format` in OpenAI's own form."""
    if wanted.kind != "json_schema":
        value: JsonObject = {"type": wanted.kind}
        if wanted.schema is not None:
            value["schema"] = wanted.schema
        return value
    inner: JsonObject = {"name": wanted.name or "answer", "schema": wanted.schema or {}}
    if wanted.description is not None:
        inner["description"] = wanted.description
    if wanted.strict is not None:
        inner["strict"] = wanted.strict
    return {"type": "json_schema", "json_schema": inner}
