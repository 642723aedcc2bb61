"""OpenAI's embeddings dialect, which most providers speak; its flavours differ in the names of some fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from gamma.errors import ProviderMalformed, UnsupportedParameter
from gamma.types.chat import JsonObject
from gamma.types.embedding import EmbeddingRequest, EmbeddingResponse, InputType
from gamma.types.usage import Usage
from gamma.wire.embeddings._reading import (
    Vector,
    carried_extra,
    decode,
    decode_vector,
    encode_vector,
    task,
    texts_of,
    token_inputs,
)
from gamma.wire.embeddings.base import EmbeddingWire
from gamma.wire.fields import Fields

_FAMILY = ("openai", "mistral", "voyage", "jina")  # they understand each other's fields, or refuse them by name


class _Item(Struct):
    embedding: Vector | str
    index: int | None = None


class _Cost(Struct):
    total_cost: float | None = None


class _Usage(Struct):
    prompt_tokens: int | None = None
    total_tokens: int | None = None  # voyage and jina may give nothing else
    cost: _Cost | float | None = None  # perplexity, openrouter


class _Answer(Struct):
    data: list[_Item]
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None


class Openai(EmbeddingWire):
    """`POST /embeddings`."""

    path: ClassVar[str] = "/embeddings"
    batch_limit: ClassVar[int | None] = 2048
    name: ClassVar[str] = "openai"
    dimension_field: ClassVar[str] = "dimensions"
    encoding_field: ClassVar[str] = "encoding_format"
    task_field: ClassVar[str | None] = None
    tasks: ClassVar[dict[InputType, str]] = {}
    only_total: ClassVar[bool] = False
    takes_tokens: ClassVar[bool] = True

    _decoder: ClassVar[msgspec.json.Decoder[_Answer]] = msgspec.json.Decoder(_Answer)

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> EmbeddingRequest:
        """A caller's request."""
        fields = Fields(body)
        inputs = token_inputs(fields, "input")
        encoding: Literal["float", "base64"] = "float"
        if fields.one_of(self.encoding_field, ("float", "base64")) == "base64":
            encoding = "base64"
        input_type = None
        if self.task_field is not None:
            word = fields.opt_text(self.task_field)
            input_type = task(word, self.tasks)
        named = model if model is not None else fields.text("model")
        fields.raw("model")
        request = EmbeddingRequest(
            model=named,
            inputs=inputs,
            dimensions=fields.opt_int(self.dimension_field, low=1),
            encoding=encoding,
            input_type=input_type,
            user=fields.opt_text("user"),
            dialect=self.name,
        )
        rest = fields.rest()
        if self.task_field is not None and input_type is None and fields.has(self.task_field):
            rest[self.task_field] = fields.raw(self.task_field)  # a word of the dialect's own
        return msgspec.structs.replace(request, extra=rest)

    def render_request(self, request: EmbeddingRequest, model: str) -> JsonObject:
        """The body to send; base64 is asked for only when the caller wants it, as some servers lack it."""
        inputs = [list(i) if isinstance(i, tuple) else i for i in request.inputs]
        body: JsonObject = {"model": model, "input": inputs if self.takes_tokens else texts_of(request, model)}
        if request.encoding == "base64":
            body[self.encoding_field] = "base64"
        if request.dimensions is not None:
            body[self.dimension_field] = request.dimensions
        if self.task_field is not None and request.input_type in self.tasks:
            body[self.task_field] = self.tasks[request.input_type]
        if request.user is not None and self.name == "openai":
            body["user"] = request.user
        return body | carried_extra(request, model, *_FAMILY)

    def parse_response(self, body: bytes) -> EmbeddingResponse:
        """A provider's answer: vectors as numbers or base64, in the order of their indexes."""
        answer = decode(body, self._decoder)
        items = answer.data
        if all(item.index is not None for item in items):
            items = sorted(items, key=lambda item: item.index or 0)
        vectors = tuple(decode_vector(v) if isinstance(v := item.embedding, str) else v for item in items)
        if not vectors:
            raise ProviderMalformed("The provider's answer holds no vectors.")
        return EmbeddingResponse(vectors=vectors, model=answer.model or "", id=answer.id or "", usage=_counted(answer.usage))

    def render_response(self, response: EmbeddingResponse, request: EmbeddingRequest) -> JsonObject:
        """The answer, its vectors in the encoding that the caller asked for."""
        as_text = request.encoding == "base64"
        tokens = response.usage.input_tokens if response.usage else 0
        usage = {"total_tokens": tokens} if self.only_total else {"prompt_tokens": tokens, "total_tokens": tokens}
        return {
            "object": "list",
            "data": [
                {"object": "embedding", "index": i, "embedding": encode_vector(v) if as_text else list(v)}
                for i, v in enumerate(response.vectors)
            ],
            "model": request.model,
            "usage": usage,
        }


def _counted(usage: _Usage | None) -> Usage | None:
    if usage is None or (usage.prompt_tokens is None and usage.total_tokens is None):
        return None
    cost = usage.cost.total_cost if isinstance(usage.cost, _Cost) else usage.cost
    return Usage(input_tokens=usage.prompt_tokens or usage.total_tokens or 0, cost_usd=cost)


def without_type(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The body without the field that names the vectors' numbers: the canonical answer carries floats.

    Raises:
        UnsupportedParameter: the caller asks for others.
    """
    word = Fields(body).opt_text(name)
    if word not in {None, "float"}:
        raise UnsupportedParameter(f"`{name}` must be float here, not {word}", param=name)
    return {field: value for field, value in body.items() if field != name}
