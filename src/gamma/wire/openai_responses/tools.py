"""Tools and tool choices: `function` (flat), `custom`, and hosted kinds, which travel as they came."""

from __future__ import annotations

from typing import Any

from gamma.errors import InvalidType, UnsupportedParameter
from gamma.types.chat import ChatRequest, JsonObject, Tool, ToolChoice
from gamma.wire.base import Target
from gamma.wire.fields import Fields, json_name
from gamma.wire.openai_responses.names import NAME

_MODES = ("auto", "none", "required")


def parse_tools(body: Fields) -> tuple[Tool, ...]:
    """The caller's `tools`.

    Raises:
        InvalidType, MissingField: naming the tool and field.
    """
    return tuple(
        _parse_tool(fields, raw) for fields, raw in zip(body.objects("tools"), body.raw("tools") or (), strict=True)
    )


def _parse_tool(fields: Fields, raw: JsonObject) -> Tool:
    kind = fields.text("type")
    if kind == "custom":
        name, description = fields.text("name"), fields.opt_text("description")
        return Tool(name=name, description=description, kind="custom", dialect=NAME, raw=raw)
    if kind != "function":
        return Tool(name=kind, kind="hosted", dialect=NAME, raw=raw)
    tool = Tool(
        name=fields.text("name"),
        description=fields.opt_text("description"),
        parameters=fields.opt_object("parameters"),
        strict=fields.opt_bool("strict"),
        dialect=NAME,
        raw=raw if fields.rest() else None,
    )
    return (
        tool
        if tool.raw is not None
        else Tool(name=tool.name, description=tool.description, parameters=tool.parameters, strict=tool.strict)
    )


def render_tools(request: ChatRequest, target: Target) -> list[JsonObject]:
    """The tools to send.

    Raises:
        UnsupportedParameter: a tool that only another dialect's provider runs, and it may not be dropped.
    """
    tools: list[JsonObject] = []
    for tool in request.tools:
        if tool.kind == "hosted" and tool.dialect != NAME:
            if not target.drop_unsupported:
                raise UnsupportedParameter(f"{target.model} has no hosted tool `{tool.name}`", param="tools")
            continue
        tools.append(render_tool(tool, own=request.dialect == NAME))
    if request.web_search is not None:
        tools.append(_render_web_search(request.web_search))
    return tools


def render_tool(tool: Tool, *, own: bool) -> JsonObject:
    """One tool in this dialect's shape.

    Args:
        tool: a function, a custom tool, or a hosted one of this dialect.
        own: the caller spoke this dialect, where a function without `strict` is strict; elsewhere it is not, so that
            must be said.
    """
    if tool.raw is not None and tool.dialect == NAME:
        return tool.raw
    if tool.kind == "custom":
        return _render_custom(tool)
    value: JsonObject = {"type": "function", "name": tool.name}
    if tool.description is not None:
        value["description"] = tool.description
    if tool.parameters is not None or not own:
        value["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    if tool.strict is not None or not own:
        value["strict"] = bool(tool.strict)
    return value


def _render_custom(tool: Tool) -> JsonObject:
    """A free-text tool; the chat dialect nests its fields and its grammar one level deeper."""
    value: JsonObject = {"type": "custom", "name": tool.name}
    if tool.description is not None:
        value["description"] = tool.description
    raw = tool.raw or {}
    inner = raw.get("custom") if isinstance(raw.get("custom"), dict) else raw
    form = inner.get("format") if isinstance(inner, dict) else None
    if isinstance(form, dict):
        grammar = form.get("grammar")
        value["format"] = {"type": "grammar", **grammar} if isinstance(grammar, dict) else form
    return value


def _render_web_search(options: JsonObject) -> JsonObject:
    """The chat dialect's `web_search_options` as a hosted tool."""
    value: JsonObject = {"type": "web_search"}
    if (size := options.get("search_context_size")) is not None:
        value["search_context_size"] = size
    location = options.get("user_location")
    if isinstance(location, dict):
        inner = location.get("approximate")
        value["user_location"] = {"type": "approximate", **(inner if isinstance(inner, dict) else location)}
    return value


def parse_tool_choice(value: Any) -> ToolChoice | None:
    """The caller's `tool_choice`, or None for a form that only this dialect knows (a hosted tool).

    Raises:
        InvalidType: neither a known word nor an object.
    """
    if isinstance(value, str):
        if value not in _MODES:
            raise InvalidType(f"`tool_choice` must be one of {', '.join(_MODES)}, not {value!r}", param="tool_choice")
        return ToolChoice(mode=value)  # type: ignore[arg-type]  # just checked against the literals
    if not isinstance(value, dict):
        raise InvalidType(f"`tool_choice` must be a string or an object, not {json_name(value)}", param="tool_choice")
    fields = Fields(value, "tool_choice")
    kind = fields.text("type")
    if kind in ("function", "custom"):
        return ToolChoice(mode="named", names=(fields.text("name"),))
    if kind == "allowed_tools":
        tools = fields.objects("tools", required=True)
        names = tuple(
            tool.text("name") for tool in tools if tool.has("name") and tool.text("type") in ("function", "custom")
        )
        if len(names) == len(tools):
            return ToolChoice(mode="allowed", names=names, required=fields.opt_text("mode") == "required")
    return None


def render_tool_choice(choice: ToolChoice, tools: tuple[Tool, ...]) -> str | JsonObject:
    """The choice in this dialect's shape; the tools tell functions from custom ones."""
    kinds = {tool.name: tool.kind for tool in tools}
    if choice.mode == "named" and choice.names:
        kind = kinds.get(choice.names[0], "function")
        return {"type": choice.names[0]} if kind == "hosted" else {"type": kind, "name": choice.names[0]}
    if choice.mode == "allowed":
        mode = "required" if choice.required else "auto"
        allowed = [{"type": kinds.get(name, "function"), "name": name} for name in choice.names]
        return {"type": "allowed_tools", "mode": mode, "tools": allowed}
    return choice.mode
