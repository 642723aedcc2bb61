"""A conversation as a list of plain texts, for models that know nothing else."""

from __future__ import annotations

from typing import Literal

from gamma.errors import InvalidRequest, UnsupportedParameter
from gamma.types.chat import ChatRequest, Media, Message, Refusal, Text, ToolCall, ToolResult

Turn = tuple[Literal["system", "user", "assistant"], str]


def turns_of(request: ChatRequest) -> list[Turn]:
    """Who said what, neighbours of one role joined.

    Raises:
        InvalidRequest: nothing was said.
        UnsupportedParameter: tools were called, or something else than text was said.
    """
    turns: list[Turn] = []
    for i, message in enumerate(request.messages):
        role: Literal["system", "user", "assistant"] = "user"
        if message.role in {"system", "developer"}:
            role = "system"
        elif message.role == "assistant":
            role = "assistant"
        text = _text(message, i)
        if not text:
            continue
        if turns and turns[-1][0] == role:
            turns[-1] = (role, f"{turns[-1][1]}\n{text}")
        else:
            turns.append((role, text))
    if not turns:
        raise InvalidRequest("`messages` must hold some text", param="messages")
    return turns


def split_system(turns: list[Turn]) -> tuple[str, list[Turn]]:
    """The instructions in one text, and the rest; instructions alone are the question."""
    system = "\n".join(text for role, text in turns if role == "system")
    rest = [turn for turn in turns if turn[0] != "system"]
    return (system, rest) if rest else ("", [("user", system)])


def _text(message: Message, i: int) -> str:
    texts = []
    for part in message.parts:
        if isinstance(part, Text | Refusal) or (isinstance(part, Media) and part.text is not None):
            texts.append(part.text or "")
        elif isinstance(part, ToolCall | ToolResult | Media):
            raise UnsupportedParameter("this model reads text alone", param=f"messages[{i}]")
    return "\n".join(text for text in texts if text)
