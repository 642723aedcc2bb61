"""Mistral's first models: instruction marks in a prompt, texts under `outputs` (S: Bedrock's model parameters)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from gamma.types.chat import FinishReason, JsonObject
from gamma.types.usage import Usage
from gamma.wire.bedrock_invoke.families.piece import Piece, objects, text_in
from gamma.wire.bedrock_invoke.families.text import TextFamily
from gamma.wire.bedrock_invoke.families.transcript import Turn, split_system


class Mistral(TextFamily):
    """Mistral 7B, Mixtral and the first Large and Small."""

    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "max_tokens": ("max_tokens",),
        "temperature": ("temperature",),
        "top_p": ("top_p",),
        "top_k": ("top_k",),
        "stop": ("stop",),
    }
    finishes: ClassVar[Mapping[str, FinishReason]] = {"stop": "stop", "length": "length"}

    def template(self, turns: list[Turn]) -> str:
        """`[INST]` around every question, the instructions before the first."""
        system, rest = split_system(turns)
        told, question = "<s>", f"{system}\n\n" if system else ""
        for role, text in rest:
            if role == "assistant":
                told += f"[INST] {question.strip()} [/INST] {text.strip()}</s>"
                question = ""
            else:
                question += text
        return f"{told}[INST] {question.strip()} [/INST]" if question else told.removesuffix("</s>")

    def read_answer(self, answer: JsonObject) -> list[Piece]:
        """Texts in a list."""
        found = enumerate(objects(answer.get("outputs")))
        return [Piece(text_in(output, "text") or "", text_in(output, "stop_reason"), i) for i, output in found]

    def write_answer(self, piece: Piece, usage: Usage | None) -> JsonObject:  # noqa: ARG002  # it has no counts
        """A whole answer."""
        return {"outputs": [{"text": piece.text, "stop_reason": piece.finish}]}
