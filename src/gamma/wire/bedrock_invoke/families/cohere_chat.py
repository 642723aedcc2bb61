"""Cohere's Command R: chat of the first API, text alone (providers.md 7.3 and 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from gamma.types.chat import ChatRequest, FinishReason, JsonObject, Message, Role, Text
from gamma.types.usage import Usage
from gamma.wire.bedrock_invoke.families.cohere_command import FINISHES
from gamma.wire.bedrock_invoke.families.piece import Piece, text_in
from gamma.wire.bedrock_invoke.families.text import TextFamily
from gamma.wire.bedrock_invoke.families.transcript import split_system, turns_of
from gamma.wire.fields import Fields

_ROLES: Mapping[str, Role] = {"USER": "user", "CHATBOT": "assistant", "SYSTEM": "system"}


class CohereChat(TextFamily):
    """`cohere.command-r` and `cohere.command-r-plus`."""

    prompt_field = "message"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "max_tokens": ("max_tokens",),
        "temperature": ("temperature",),
        "top_p": ("p",),
        "top_k": ("k",),
        "stop": ("stop_sequences",),
        "seed": ("seed",),
        "presence_penalty": ("presence_penalty",),
        "frequency_penalty": ("frequency_penalty",),
    }
    finishes: ClassVar[Mapping[str, FinishReason]] = FINISHES

    def parse_prompt(self, fields: Fields) -> tuple[Message, ...]:
        """Preamble, history and the last message."""
        preamble = fields.opt_text("preamble")
        messages = [Message("system", (Text(preamble),))] if preamble else []
        for turn in fields.objects("chat_history"):
            role = turn.one_of("role", tuple(_ROLES)) or "USER"
            messages.append(Message(_ROLES[role], (Text(turn.text("message")),)))
        messages.append(Message("user", (Text(fields.text("message")),)))
        return tuple(messages)

    def render_prompt(self, request: ChatRequest) -> JsonObject:
        """The last message apart from what came before it."""
        system, rest = split_system(turns_of(request))
        asked = rest.pop()[1] if rest[-1][0] == "user" else ""
        body: JsonObject = {"message": asked}
        if rest:
            names = {"user": "USER", "assistant": "CHATBOT"}
            body["chat_history"] = [{"role": names[role], "message": text} for role, text in rest]
        if system:
            body["preamble"] = system
        return body

    def read_answer(self, answer: JsonObject) -> list[Piece]:
        """One text."""
        text = text_in(answer, "text")
        return [] if text is None else [Piece(text, text_in(answer, "finish_reason"))]

    def read_chunk(self, chunk: JsonObject) -> list[Piece]:
        """Text, or the end, which repeats the whole text inside `response`."""
        if chunk.get("event_type") == "stream-end" or chunk.get("is_finished") is True:
            return [Piece("", text_in(chunk, "finish_reason") or "COMPLETE")]
        return [Piece(text_in(chunk, "text") or "")]

    def write_answer(self, piece: Piece, usage: Usage | None) -> JsonObject:  # noqa: ARG002  # it has no counts
        """A whole answer."""
        return {"text": piece.text, "generation_id": "1", "response_id": "1", "finish_reason": piece.finish}

    def write_chunk(self, piece: Piece) -> JsonObject:
        """One chunk."""
        if piece.finish is None:
            return {"event_type": "text-generation", "is_finished": False, "text": piece.text}
        return {"event_type": "stream-end", "is_finished": True, "finish_reason": piece.finish}
