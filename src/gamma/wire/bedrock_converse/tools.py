"""`toolConfig`, both ways (providers.md 7.1)."""

from __future__ import annotations

import msgspec

from gamma.errors import InvalidRequest, UnsupportedParameter
from gamma.types.chat import ChatRequest, JsonObject, Tool, ToolCall, ToolChoice, ToolResult
from gamma.wire.base import Target
from gamma.wire.bedrock_converse.blocks import DIALECT, STRUCTURED_TOOL, parse_cache, render_cache
from gamma.wire.fields import Fields

_NO_PARAMETERS: JsonObject = {"type": "object", "properties": {}}


def parse_tools(config: Fields) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """The tools and the choice of a `toolConfig`."""
    tools: list[Tool] = []
    for entry in config.objects("tools", required=True):
        if entry.has("toolSpec"):
            tools.append(_parse_spec(entry.object("toolSpec")))
        elif entry.has("systemTool"):
            name = entry.object("systemTool").text("name")
            tools.append(Tool(name=name, kind="hosted", dialect=DIALECT, raw={"systemTool": entry.raw("systemTool")}))
        elif (cache := parse_cache(entry)) is not None and tools:
            tools[-1] = msgspec.structs.replace(tools[-1], cache=cache)
    return tuple(tools), _parse_choice(config)


def _parse_spec(spec: Fields) -> Tool:
    return Tool(
        name=spec.text("name"),
        description=spec.opt_text("description"),
        parameters=spec.object("inputSchema").opt_object("json"),
        strict=spec.opt_bool("strict"),
    )


def _parse_choice(config: Fields) -> ToolChoice | None:
    if not config.has("toolChoice"):
        return None
    choice = config.object("toolChoice")
    if choice.has("tool"):
        return ToolChoice(mode="named", names=(choice.object("tool").text("name"),))
    if choice.has("any"):
        return ToolChoice(mode="required")
    if choice.has("auto"):
        return ToolChoice(mode="auto")
    raise InvalidRequest("`toolConfig.toolChoice` must hold one of auto, any, tool", param="toolConfig.toolChoice")


def render_tools(request: ChatRequest, target: Target, schema: JsonObject | None) -> JsonObject | None:
    """The `toolConfig` to send, None where none is needed.

    Args:
        request: already fitted to the target.
        target: whom it is for.
        schema: what the model must fill in by calling the reserved tool; None where it has structured output.

    Raises:
        UnsupportedParameter: a tool of a kind that Converse has not.
    """
    offered, choice = _offered(request, target)
    entries = [entry for tool in offered for entry in _render_tool(tool, target)]
    config: JsonObject = {"tools": entries}
    if entries and choice is not None:
        config["toolChoice"] = choice
    if schema is not None:
        entries.append({"toolSpec": _structured(request, schema)})
        forced: JsonObject = {"any": {}} if len(entries) > 1 else {"tool": {"name": STRUCTURED_TOOL}}
        # a thinking model may not be forced to call (providers.md 5: `any` and `tool` conflict with thinking)
        config["toolChoice"] = {"auto": {}} if request.reasoning is not None else forced
    return config if entries else None


def _structured(request: ChatRequest, schema: JsonObject) -> JsonObject:
    given = request.response_format.description if request.response_format else None
    return {
        "name": STRUCTURED_TOOL,
        "description": given or "Gives the final answer. Call it exactly once, with the whole answer.",
        "inputSchema": {"json": schema},
    }


def _offered(request: ChatRequest, target: Target) -> tuple[list[Tool], JsonObject | None]:
    """The tools to offer and the choice to send. Converse has no `none`: no tools are offered then.

    A conversation with tool blocks needs a `toolConfig` all the same, so the tools it names are offered again.
    """
    tools = [tool for tool in request.tools if _expressible(tool, target)]
    choice = request.tool_choice
    rendered: JsonObject | None = None
    if choice is not None and choice.mode in ("none", "allowed"):
        tools = [tool for tool in tools if tool.name in choice.names]
    if choice is not None and tools:
        if choice.mode == "required" or (choice.mode == "allowed" and choice.required):
            rendered = {"any": {}}
        elif choice.mode == "named":
            rendered = {"tool": {"name": choice.names[0]}}
        elif choice.mode == "auto":
            rendered = {"auto": {}}
    if not tools:
        by_name = {tool.name: tool for tool in request.tools if tool.kind == "function"}
        tools = [by_name.get(name) or Tool(name=name) for name in _used(request)]
    return tools, rendered


def _used(request: ChatRequest) -> list[str]:
    """Names of the tools that the conversation has called, in order."""
    parts = [part for message in request.messages for part in message.parts]
    names = dict.fromkeys(part.name for part in parts if isinstance(part, ToolCall))
    if not names and any(isinstance(part, ToolResult) for part in parts):
        return ["unknown"]
    return list(names)


def _expressible(tool: Tool, target: Target) -> bool:
    if tool.kind == "function" or (tool.kind == "hosted" and tool.dialect == DIALECT):
        return True
    if target.drop_unsupported:
        return False
    what = "free-text tools" if tool.kind == "custom" else f"the hosted tool `{tool.name}`"
    raise UnsupportedParameter(
        f"{target.model} cannot take {what}; leave it out, or set drop_unsupported: true on the model", param="tools"
    )


def _render_tool(tool: Tool, target: Target) -> list[JsonObject]:
    if tool.kind == "hosted":
        return [tool.raw or {"systemTool": {"name": tool.name}}]
    spec: JsonObject = {"name": tool.name, "inputSchema": {"json": tool.parameters or _NO_PARAMETERS}}
    if tool.description:
        spec["description"] = tool.description
    if tool.strict and target.traits.json_schema == "native":
        spec["strict"] = True
    return [{"toolSpec": spec}, *render_cache(tool.cache)]
