"""Amazon's Titan text models (providers.md 7.3; recorded: bedrock-invoke)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from gamma.types.chat import FinishReason, JsonObject
from gamma.types.usage import Usage
from gamma.wire.bedrock_invoke.families.piece import Piece, count_in, objects, text_in
from gamma.wire.bedrock_invoke.families.text import TextFamily
from gamma.wire.bedrock_invoke.families.transcript import Turn

_CONFIG = "textGenerationConfig"


class Titan(TextFamily):
    """`amazon.titan-text-*`."""

    prompt_field = "inputText"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "max_tokens": (_CONFIG, "maxTokenCount"),
        "temperature": (_CONFIG, "temperature"),
        "top_p": (_CONFIG, "topP"),
        "stop": (_CONFIG, "stopSequences"),
    }
    finishes: ClassVar[Mapping[str, FinishReason]] = {
        "FINISH": "stop",
        "STOP_CRITERIA_MET": "stop",
        "LENGTH": "length",
        "CONTENT_FILTERED": "content_filter",
    }

    def template(self, turns: list[Turn]) -> str:
        """`User:` and `Bot:`, as its vendor writes conversations."""
        if len(turns) == 1 and turns[0][0] != "assistant":
            return turns[0][1]
        names = {"system": "", "user": "User: ", "assistant": "Bot: "}
        return "\n".join([*(names[role] + text for role, text in turns), "Bot:"])

    def read_answer(self, answer: JsonObject) -> list[Piece]:
        """Results in a list."""
        found = enumerate(objects(answer.get("results")))
        return [Piece(text_in(one, "outputText") or "", text_in(one, "completionReason"), i) for i, one in found]

    def read_chunk(self, chunk: JsonObject) -> list[Piece]:
        """A chunk is one result."""
        text, reason = text_in(chunk, "outputText"), text_in(chunk, "completionReason")
        return [] if text is None and reason is None else [Piece(text or "", reason)]

    def read_counts(self, answer: JsonObject) -> tuple[int | None, int | None]:
        """The prompt's beside the results, the answer's inside them, or in total on a stream's last chunk."""
        counts = [count_in(one, "tokenCount") for one in objects(answer.get("results"))]
        known = [count for count in counts if count is not None]
        written = sum(known) if known else count_in(answer, "totalOutputTextTokenCount")
        return count_in(answer, "inputTextTokenCount"), written

    def write_answer(self, piece: Piece, usage: Usage | None) -> JsonObject:
        """A whole answer."""
        result: JsonObject = {"outputText": piece.text, "completionReason": piece.finish}
        if usage is None:
            return {"results": [result]}
        return {"inputTextTokenCount": usage.input_tokens, "results": [{"tokenCount": usage.output_tokens, **result}]}

    def write_chunk(self, piece: Piece) -> JsonObject:
        """One chunk."""
        return {"outputText": piece.text, "index": 0, "completionReason": piece.finish}
