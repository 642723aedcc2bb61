"""Claude before messages: a prompt of human and assistant lines (recorded: bedrock-invoke)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from gamma.types.chat import FinishReason, JsonObject
from gamma.types.usage import Usage
from gamma.wire.bedrock_invoke.families.piece import Piece, text_in
from gamma.wire.bedrock_invoke.families.text import TextFamily
from gamma.wire.bedrock_invoke.families.transcript import Turn


class ClaudeText(TextFamily):
    """Claude 2 and Claude Instant."""

    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "max_tokens": ("max_tokens_to_sample",),
        "temperature": ("temperature",),
        "top_p": ("top_p",),
        "top_k": ("top_k",),
        "stop": ("stop_sequences",),
    }
    finishes: ClassVar[Mapping[str, FinishReason]] = {"stop_sequence": "stop", "max_tokens": "length"}

    def template(self, turns: list[Turn]) -> str:
        """`Human:` and `Assistant:` after blank lines, as the API insists; instructions stand before them."""
        names = {"system": "", "user": "\n\nHuman: ", "assistant": "\n\nAssistant: "}
        told = "".join(names[role] + text for role, text in turns)
        if not any(role == "user" for role, _ in turns):
            told = f"\n\nHuman: {told}"
        return told if turns[-1][0] == "assistant" else f"{told}\n\nAssistant:"

    def read_answer(self, answer: JsonObject) -> list[Piece]:
        """One text."""
        text = text_in(answer, "completion")
        return [] if text is None else [Piece(text, text_in(answer, "stop_reason"))]

    def write_answer(self, piece: Piece, usage: Usage | None) -> JsonObject:  # noqa: ARG002  # it has no counts
        """A whole answer."""
        return {"completion": piece.text, "stop_reason": piece.finish, "stop": None}
