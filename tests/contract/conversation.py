"""What a request says, whatever dialect it came in: the form in which requests are compared."""

from __future__ import annotations

from typing import Any

from gamma.types.chat import ChatRequest, Media, Message, Refusal, Text, ToolCall, ToolResult
from tests.contract.meaning import arguments, squeezed


def system_of(request: ChatRequest) -> str:
    """All instructions, wherever they stand."""
    texts = [_text(m) for m in request.messages if m.role in {"system", "developer"}]
    return "\n".join(" ".join(texts).split())


def turns_of(request: ChatRequest) -> list[tuple[Any, ...]]:
    """Who said, called and answered what, in order; neighbours of one speaker are joined, white space is left out."""
    names: dict[str, str] = {}
    lines: list[tuple[Any, ...]] = []
    for message in request.messages:
        if message.role in {"system", "developer"}:
            continue
        for part in message.parts:
            match part:
                case Text() | Refusal():
                    _say(lines, message.role, part.text)
                case ToolCall():
                    names[part.id] = part.name
                    said = part.arguments if part.kind == "custom" else arguments(part.arguments)
                    lines.append(("call", part.name, said))
                case ToolResult():
                    lines.append(("result", names.get(part.call_id, part.name), _plain(_result(part))))
                case Media() if part.text is not None:
                    _say(lines, message.role, part.text)
                case _:
                    pass
    return lines


def media_of(request: ChatRequest) -> list[str]:
    """Kinds of all images, sounds and files, sorted: a tool's image may have to travel beside its result."""
    parts = [p for m in request.messages for p in m.parts]
    inner = [p for r in parts if isinstance(r, ToolResult) for p in r.parts]
    return sorted(p.kind for p in (*parts, *inner) if isinstance(p, Media) and p.text is None)


def tools_of(request: ChatRequest) -> list[str]:
    """Names of the tools that the caller runs, sorted."""
    return sorted(t.name for t in request.tools if t.kind != "hosted")


FILLERS = (
    "(The conversation begins with the assistant.)",  # the messages dialect wants a user first
    "See the attached document.",  # Converse wants text beside a document
)
"""What a dialect's rules make a wire add."""


def _say(lines: list[tuple[Any, ...]], role: str, text: str) -> None:
    if text in FILLERS or not squeezed(text):
        return
    if lines and lines[-1][0] == role and len(lines[-1]) == 3:
        lines[-1] = (role, lines[-1][1] + squeezed(text), "")
    else:
        lines.append((role, squeezed(text), ""))


def file_names_of(request: ChatRequest) -> set[str]:
    """Names of text documents, which may be written above their text."""
    return {p.filename for m in request.messages for p in m.parts if isinstance(p, Media) and p.text and p.filename}


def called_in(request: ChatRequest) -> set[str]:
    """Names of the tools that the conversation has called."""
    return {p.name for m in request.messages for p in m.parts if isinstance(p, ToolCall)}


def _text(message: Message) -> str:
    return "\n".join(p.text for p in message.parts if isinstance(p, Text))


def _result(part: ToolResult) -> str:
    return "".join(p.text for p in part.parts if isinstance(p, Text))


def _plain(text: str) -> Any:
    value = arguments(text)
    return value or "" if isinstance(value, dict | list) else squeezed(text)
