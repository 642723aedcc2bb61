"""Tools and the choice among them, both ways (providers.md 5)."""

from __future__ import annotations

from typing import Any

import msgspec

from gamma.errors import InvalidType, UnsupportedParameter
from gamma.types.chat import ChatRequest, JsonObject, Tool, ToolChoice
from gamma.wire.anthropic_messages.names import NAME
from gamma.wire.anthropic_messages.schema import object_schema
from gamma.wire.base import Target
from gamma.wire.fields import Fields

_MODES = {"auto": "auto", "any": "required", "none": "none", "tool": "named"}


def parse_tools(body: Fields) -> tuple[Tool, ...]:
    """The request's tools: the caller's own, and hosted ones (any `type` but `custom`) as they came."""
    return tuple(_parse_tool(raw, f"tools[{i}]") for i, raw in enumerate(body.opt_list("tools") or []))


def _parse_tool(raw: Any, path: str) -> Tool:
    tool = Fields(raw, path)
    kind = tool.opt_text("type")
    if kind not in (None, "custom"):
        return Tool(name=tool.opt_text("name") or str(kind), kind="hosted", dialect=NAME, raw=dict(raw))
    name = tool.text("name")
    tool.object("input_schema")  # required, and an object
    parsed = Tool(
        name=name,
        description=tool.opt_text("description"),
        parameters=raw["input_schema"],
        strict=tool.opt_bool("strict"),
        cache=tool.opt_object("cache_control"),
    )
    rest = tool.rest()  # such as `eager_input_streaming` or `input_examples`: kept for this dialect
    return msgspec.structs.replace(parsed, dialect=NAME, raw=rest) if rest else parsed


def parse_tool_choice(body: Fields) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether several tools may be called at once (None when not said)."""
    raw = body.opt_object("tool_choice")
    if raw is None:
        return None, None
    choice = Fields(raw, "tool_choice")
    kind = choice.text("type")
    if kind not in _MODES:
        raise InvalidType(f"`tool_choice.type` must be one of {', '.join(_MODES)}, not {kind!r}", param="tool_choice.type")
    single = choice.opt_bool("disable_parallel_tool_use")
    names = (choice.text("name"),) if kind == "tool" else ()
    return ToolChoice(mode=_MODES[kind], names=names), None if single is None else not single  # type: ignore[arg-type]  # values of _MODES


def render_tools(request: ChatRequest, target: Target) -> list[JsonObject]:
    """The tools to send; with an `allowed` choice only those.

    Raises:
        UnsupportedParameter: a hosted tool of another dialect, or a free-text tool.
    """
    choice = request.tool_choice
    allowed = choice.names if choice is not None and choice.mode == "allowed" else None
    tools = []
    for i, tool in enumerate(request.tools):
        if allowed is not None and tool.name not in allowed:
            continue
        if tool.kind == "function":
            tools.append(_render_tool(tool, own=request.dialect == NAME))
        elif tool.kind == "hosted" and tool.dialect == NAME and tool.raw is not None:
            tools.append(tool.raw)
        elif not target.drop_unsupported:
            what = "free-text" if tool.kind == "custom" else "hosted"
            raise UnsupportedParameter(f"{target.model} cannot take the {what} tool `{tool.name}`", param=f"tools[{i}]")
    return tools


def _render_tool(tool: Tool, *, own: bool) -> JsonObject:
    rendered: JsonObject = {"name": tool.name}
    if tool.description is not None:
        rendered["description"] = tool.description
    rendered["input_schema"] = (tool.parameters or {}) if own else object_schema(tool.parameters)
    if tool.strict or (own and tool.strict is not None):  # false is the default, and older models refuse the word
        rendered["strict"] = tool.strict
    if tool.cache is not None:
        rendered["cache_control"] = tool.cache
    if tool.raw is not None and tool.dialect == NAME:
        rendered |= tool.raw
    return rendered


def render_tool_choice(request: ChatRequest) -> JsonObject | None:
    """The choice to send, None where nothing was asked for."""
    choice, parallel = request.tool_choice, request.parallel_tool_calls
    if choice is None:
        return {"type": "auto", "disable_parallel_tool_use": True} if parallel is False else None
    if choice.mode == "none":
        return {"type": "none"}
    rendered: JsonObject = {"type": "auto"}
    if choice.mode == "named":
        rendered = {"type": "tool", "name": choice.names[0] if choice.names else ""}
    elif choice.mode == "required" or (choice.mode == "allowed" and choice.required):
        rendered = {"type": "any"}
    if parallel is not None:
        rendered["disable_parallel_tool_use"] = not parallel
    return rendered
