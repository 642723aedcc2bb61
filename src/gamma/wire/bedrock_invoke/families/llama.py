"""Meta's Llama: the prompt holds the chat template (providers.md 7.3; recorded: bedrock-invoke)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from gamma.types.chat import FinishReason, JsonObject
from gamma.types.usage import Usage
from gamma.wire.bedrock_invoke.families.piece import Piece, count_in, text_in
from gamma.wire.bedrock_invoke.families.text import TextFamily
from gamma.wire.bedrock_invoke.families.transcript import Turn, split_system


class Llama(TextFamily):
    """Llama 3 and later, by its header tokens."""

    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "max_tokens": ("max_gen_len",),
        "temperature": ("temperature",),
        "top_p": ("top_p",),
    }
    finishes: ClassVar[Mapping[str, FinishReason]] = {"stop": "stop", "length": "length"}

    def template(self, turns: list[Turn]) -> str:
        """Header tokens around every turn, and the head of the answer."""
        told = "".join(f"{_head(role)}{text.strip()}<|eot_id|>" for role, text in turns)
        return f"<|begin_of_text|>{told}{_head('assistant')}"

    def read_answer(self, answer: JsonObject) -> list[Piece]:
        """One text."""
        text = text_in(answer, "generation")
        return [] if text is None else [Piece(text, text_in(answer, "stop_reason"))]

    def read_counts(self, answer: JsonObject) -> tuple[int | None, int | None]:
        """Named apart; in a stream the first chunk tells the prompt's and every chunk the answer's so far."""
        return count_in(answer, "prompt_token_count"), count_in(answer, "generation_token_count")

    def write_answer(self, piece: Piece, usage: Usage | None) -> JsonObject:
        """A whole answer."""
        return {
            "generation": piece.text,
            "prompt_token_count": usage.input_tokens if usage else None,
            "generation_token_count": usage.output_tokens if usage else None,
            "stop_reason": piece.finish,
        }


class Llama2(Llama):
    """Llama 2, by its instruction marks."""

    def template(self, turns: list[Turn]) -> str:
        """`[INST]` around every question, the instructions inside the first."""
        system, rest = split_system(turns)
        told, question = "", f"<<SYS>>\n{system}\n<</SYS>>\n\n" if system else ""
        for role, text in rest:
            if role == "assistant":
                told += f"<s>[INST] {question.strip()} [/INST] {text.strip()} </s>"
                question = ""
            else:
                question += text
        return f"{told}<s>[INST] {question.strip()} [/INST]" if question else told.removesuffix(" </s>")


def _head(role: str) -> str:
    return f"<|start_header_id|>{role}<|end_header_id|>\n\n"
