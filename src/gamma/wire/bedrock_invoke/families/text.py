"""Families that take one prompt and write one text: what they share (providers.md 7.3)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from gamma.errors import ProviderMalformed
from gamma.types.chat import ChatRequest, ChatResponse, Choice, FinishReason, JsonObject, Message, Text
from gamma.types.usage import Usage
from gamma.wire.anthropic_messages.response import decode_object
from gamma.wire.base import EventParser, EventRenderer, Style, Target
from gamma.wire.bedrock_invoke.chunks import METRICS, metrics_of, read_metrics
from gamma.wire.bedrock_invoke.families.base import NAME
from gamma.wire.bedrock_invoke.families.piece import Piece
from gamma.wire.bedrock_invoke.families.text_stream import PieceParser, PieceRenderer
from gamma.wire.bedrock_invoke.families.transcript import Turn, turns_of
from gamma.wire.fields import Fields
from gamma.wire.provider_errors import parse_error
from gamma.wire.support import fit

_READ: dict[str, Callable[[Fields, str], Any]] = {
    "max_tokens": Fields.opt_int,
    "temperature": Fields.opt_number,
    "top_p": Fields.opt_number,
    "top_k": Fields.opt_int,
    "stop": lambda fields, name: fields.texts(name) or None,
    "seed": Fields.opt_int,
    "n": Fields.opt_int,
    "presence_penalty": Fields.opt_number,
    "frequency_penalty": Fields.opt_number,
}


class TextFamily(ABC):
    """A prompt and its numbers in, texts out. Subclasses say how they are called and where the texts stand.

    A caller's own prompt is one user message, and such a request is sent with the prompt as it came: templates are the
    caller's business then. Conversations of other dialects are written with the family's template.
    """

    prompt_field: ClassVar[str] = "prompt"
    fields: ClassVar[Mapping[str, tuple[str, ...]]]
    """Canonical field -> where it stands in the body."""
    finishes: ClassVar[Mapping[str, FinishReason]]
    """The family's words; the first of several with one meaning is the one that is written."""
    streams_by_field: ClassVar[bool] = False
    """The body, too, says `stream: true`."""

    @abstractmethod
    def read_answer(self, answer: JsonObject) -> list[Piece]:
        """The texts of a whole answer, each with the word for its end; empty when it holds none."""

    @abstractmethod
    def write_answer(self, piece: Piece, usage: Usage | None) -> JsonObject:
        """A whole answer."""

    def read_counts(self, answer: JsonObject) -> tuple[int | None, int | None]:  # noqa: ARG002  # most tell none
        """Input and output tokens of a whole answer or of a chunk, None where it does not tell."""
        return None, None

    def read_chunk(self, chunk: JsonObject) -> list[Piece]:
        """The texts of one chunk, which is a small whole answer in most families."""
        return self.read_answer(chunk)

    def write_chunk(self, piece: Piece) -> JsonObject:
        """One chunk."""
        return self.write_answer(piece, None)

    def parse_prompt(self, fields: Fields) -> tuple[Message, ...]:
        """The conversation of a caller's body."""
        return (Message("user", (Text(fields.text(self.prompt_field)),)),)

    def render_prompt(self, request: ChatRequest) -> JsonObject:
        """The members that hold the conversation."""
        turns = turns_of(request)
        if request.dialect == NAME and len(turns) == 1:
            return {self.prompt_field: turns[0][1]}
        return {self.prompt_field: self.template(turns)}

    def template(self, turns: list[Turn]) -> str:
        """A conversation as one text; a lone question stands for itself."""
        if len(turns) == 1 and turns[0][0] != "assistant":
            return turns[0][1]
        lines = [text if role == "system" else f"{role.capitalize()}: {text}" for role, text in turns]
        return "\n\n".join([*lines, "Assistant:"])

    def parse_request(self, body: Mapping[str, Any], *, model: str, stream: bool) -> ChatRequest:
        """A caller's request."""
        fields = Fields(body)
        messages = self.parse_prompt(fields)
        values, left = self._parse_fields(fields)
        if self.streams_by_field:
            fields.opt_bool("stream")
        extra = fields.rest() | left
        return ChatRequest(
            model=model, messages=messages, dialect=NAME, stream=stream, include_usage=True, extra=extra, **values
        )

    def _parse_fields(self, fields: Fields) -> tuple[dict[str, Any], JsonObject]:
        """Canonical values, and what is left of the objects that hold them."""
        values: dict[str, Any] = {}
        holders: dict[str, Fields] = {}
        for name, path in self.fields.items():
            holder = fields
            if len(path) > 1:
                holder = holders.get(path[0]) or Fields(fields.opt_object(path[0]) or {}, path[0])
                holders[path[0]] = holder
            value = _READ[name](holder, path[-1])
            if value is not None:
                values[name] = value
        return values, {name: rest for name, holder in holders.items() if (rest := holder.rest())}

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send."""
        request = fit(request, frozenset(self.fields), target, NAME)
        body = self.render_prompt(request)
        for name, path in self.fields.items():
            value = getattr(request, name)
            if value is None or value == ():
                continue
            holder = body if len(path) == 1 else body.setdefault(path[0], {})
            holder[path[-1]] = list(value) if isinstance(value, tuple) else value
        for name, value in request.extra.items():
            ours = body.get(name)
            body[name] = {**value, **ours} if isinstance(ours, dict) and isinstance(value, dict) else value
        if self.streams_by_field and request.stream:
            body["stream"] = True
        return body

    def parse_response(self, body: bytes) -> ChatResponse:
        """A whole answer."""
        answer = decode_object(body)
        pieces = self.read_answer(answer)
        if not pieces:
            if "message" in answer or "error" in answer:
                raise parse_error(500, {}, body)
            raise ProviderMalformed("the provider's answer holds no text")
        read, written = self.read_counts(answer)
        return ChatResponse(
            choices=tuple(
                Choice(parts=(Text(p.text),), finish=self.finish_of(p.finish), finish_raw=p.finish, index=p.index)
                for p in pieces
            ),
            id=answer["id"] if isinstance(answer.get("id"), str) else "",
            usage=read_metrics(body) if written is None else Usage(input_tokens=read or 0, output_tokens=written),
            dialect=NAME,
        )

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:  # noqa: ARG002  # no id, no model
        """A whole answer to a caller: the text of the first choice."""
        choice = response.choices[0] if response.choices else Choice()
        text = "".join(part.text for part in choice.parts if isinstance(part, Text))
        answer = self.write_answer(Piece(text, self.word_of(choice.finish, choice.finish_raw)), response.usage)
        if response.usage is not None and self.read_counts(answer)[1] is None:
            answer[METRICS] = metrics_of(response.usage)  # Bedrock tells these counts in headers; streams have this member
        return answer

    def event_parser(self) -> EventParser:
        """A reader of unpacked chunks."""
        return PieceParser(self)

    def event_renderer(self, style: Style) -> EventRenderer:  # noqa: ARG002  # as above
        """A writer of chunks."""
        return PieceRenderer(self)

    def finish_of(self, word: str | None) -> FinishReason:
        """The canonical word for the family's."""
        return self.finishes.get(word or "", "stop")

    def word_of(self, reason: FinishReason, raw: str | None) -> str:
        """The family's word for the canonical one."""
        if raw is not None and self.finishes.get(raw) == reason:
            return raw
        return next((word for word, found in self.finishes.items() if found == reason), next(iter(self.finishes)))
