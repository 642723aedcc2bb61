"""Cohere's Command (providers.md 7.3; recorded: bedrock-invoke)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from gamma.types.chat import FinishReason, JsonObject
from gamma.types.usage import Usage
from gamma.wire.bedrock_invoke.families.piece import Piece, count_in, objects, text_in
from gamma.wire.bedrock_invoke.families.text import TextFamily

FINISHES: Mapping[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "ERROR_TOXIC": "content_filter",
    "ERROR": "error",
}
"""Words of Cohere's first API (providers.md 2.3)."""


class CohereCommand(TextFamily):
    """`cohere.command-text` and `cohere.command-light-text`."""

    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "max_tokens": ("max_tokens",),
        "temperature": ("temperature",),
        "top_p": ("p",),
        "top_k": ("k",),
        "stop": ("stop_sequences",),
        "n": ("num_generations",),
    }
    finishes: ClassVar[Mapping[str, FinishReason]] = FINISHES
    streams_by_field: ClassVar[bool] = True

    def read_answer(self, answer: JsonObject) -> list[Piece]:
        """Generations in a list."""
        found = enumerate(objects(answer.get("generations")))
        return [Piece(text_in(one, "text") or "", text_in(one, "finish_reason"), i) for i, one in found]

    def read_chunk(self, chunk: JsonObject) -> list[Piece]:
        """Text, or the end; `index` tells several generations apart."""
        finish = text_in(chunk, "finish_reason")
        if finish is None and chunk.get("is_finished") is True:
            finish = "COMPLETE"
        return [Piece(text_in(chunk, "text") or "", finish, count_in(chunk, "index") or 0)]

    def write_answer(self, piece: Piece, usage: Usage | None) -> JsonObject:  # noqa: ARG002  # it has no counts
        """A whole answer."""
        return {"id": "1", "generations": [{"id": "1", "text": piece.text, "finish_reason": piece.finish}], "prompt": ""}

    def write_chunk(self, piece: Piece) -> JsonObject:
        """One chunk."""
        if piece.finish is None:
            return {"is_finished": False, "text": piece.text}
        return {"finish_reason": piece.finish, "is_finished": True}
