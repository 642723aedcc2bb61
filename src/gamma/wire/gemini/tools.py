"""Tools and their choice, towards Google."""

from __future__ import annotations

from gamma.errors import UnsupportedParameter
from gamma.types.chat import ChatRequest, JsonObject, Tool
from gamma.wire.base import Target
from gamma.wire.gemini.names import DIALECT


def render_tools(request: ChatRequest, target: Target) -> list[JsonObject]:
    """The `tools` list: hosted tools as they came, then every function in one declaration list.

    Raises:
        UnsupportedParameter: a tool is of a kind that Google does not have.
    """
    entries: list[JsonObject] = []
    functions: list[JsonObject] = []
    for tool in request.tools:
        if tool.kind == "function":
            functions.append(_function(tool))
        elif tool.kind == "hosted" and tool.dialect == DIALECT and tool.raw is not None:
            entries.append(tool.raw)
        elif not target.drop_unsupported:
            raise UnsupportedParameter(
                f"{target.model} cannot take the tool {tool.name!r} of kind {tool.kind}; "
                "leave it out, or set drop_unsupported: true on the model",
                param="tools",
            )
    if request.web_search is not None:
        entries.append({"googleSearch": {}})
    return [*entries, {"functionDeclarations": functions}] if functions else entries


def render_tool_config(request: ChatRequest) -> JsonObject:
    """`toolConfig`; empty where there is no choice to make."""
    choice = request.tool_choice
    if choice is None or not any(tool.kind == "function" for tool in request.tools):
        return {}
    match choice.mode:
        case "auto":
            calling: JsonObject = {"mode": "AUTO"}
        case "none":
            calling = {"mode": "NONE"}
        case "required":
            calling = {"mode": "ANY"}
        case "named":
            calling = {"mode": "ANY", "allowedFunctionNames": list(choice.names)}
        case "allowed":  # names go with ANY or VALIDATED only; VALIDATED leaves the model free to answer in text
            calling = {"mode": "ANY" if choice.required else "VALIDATED", "allowedFunctionNames": list(choice.names)}
    return {"functionCallingConfig": calling}


def _function(tool: Tool) -> JsonObject:
    body: JsonObject = {"name": tool.name}
    if tool.description is not None:
        body["description"] = tool.description
    if tool.parameters:
        body["parametersJsonSchema"] = tool.parameters
    return {**(tool.raw if tool.raw and tool.dialect == DIALECT else {}), **body}
