"""Vertex AI's embeddings dialects: `:predict` of the older models, `:embedContent` of the newer ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from gamma.errors import InvalidRequest, UnsupportedParameter
from gamma.types.chat import JsonObject
from gamma.types.embedding import EmbeddingRequest, EmbeddingResponse
from gamma.types.usage import Usage
from gamma.wire.embeddings._reading import Vector, carried_extra, decode, task, texts_of
from gamma.wire.embeddings.base import EmbeddingWire
from gamma.wire.embeddings.gemini import TASKS, Gemini, read_answer, render_item
from gamma.wire.fields import Fields


class _Statistics(Struct):
    token_count: float | None = None


class _Values(Struct):
    values: Vector
    statistics: _Statistics | None = None


class _Prediction(Struct):
    embeddings: _Values


class _Answer(Struct):
    predictions: list[_Prediction]


_decoder = msgspec.json.Decoder(_Answer)
_gemini = Gemini()
_BY_CONTENT = ("gemini-embedding-2",)  # models that know only `:embedContent` (recorded)
_ONE_BY_ONE = ("gemini-embedding",)  # models that take one text a call


class Vertex(EmbeddingWire):
    """`POST .../publishers/google/models/{model}:predict`; the provider class puts project and place in front."""

    path: ClassVar[str] = "/publishers/google/models/{model}:predict"
    batch_limit: ClassVar[int | None] = 250

    def limit_for(self, model: str) -> int | None:
        """How many texts one call may carry: Gemini models take one."""
        return 1 if model.startswith(_ONE_BY_ONE) else self.batch_limit

    def path_for(self, model: str) -> str:
        """The newest models are asked at `:embedContent`."""
        return self.path.replace(":predict", ":embedContent") if model.startswith(_BY_CONTENT) else self.path

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> EmbeddingRequest:
        """A caller's request to `:predict` or `:embedContent`."""
        if "content" in body and "instances" not in body:
            return msgspec.structs.replace(_gemini.parse_request(body, model=model), dialect="vertex")
        fields = Fields(body)
        items = fields.objects("instances", required=True)
        if not items or model is None:
            name = "model" if items else "instances"
            raise InvalidRequest(f"`{name}` is required", param=name)
        parameters = Fields(fields.opt_object("parameters") or {}, "parameters")
        texts = tuple(item.text("content") for item in items)
        tasks = {item.opt_text("task_type") for item in items}
        if len(tasks) > 1:
            raise InvalidRequest("all instances must have the same task_type", param="instances")
        word = tasks.pop()
        input_type = task(word, TASKS)
        dimensions = parameters.opt_int("outputDimensionality", low=1)
        extra = {**fields.rest(), **parameters.rest()}
        if word is not None and input_type is None:
            extra["taskType"] = word
        return EmbeddingRequest(
            model=model, inputs=texts, dimensions=dimensions, input_type=input_type, dialect="vertex", extra=extra
        )

    def render_request(self, request: EmbeddingRequest, model: str) -> JsonObject:
        """The body to send, in the form that `path_for` names."""
        texts = texts_of(request, model)
        if model.startswith(_BY_CONTENT):
            if len(texts) != 1:
                raise UnsupportedParameter(f"{model} takes one text a call", param="input")
            return render_item(texts[0], request, model)
        extra = dict(carried_extra(request, model, "vertex", "gemini"))
        extra.pop("single", None)
        word = extra.pop("taskType", None) or (TASKS[request.input_type] if request.input_type else None)
        asked = {"task_type": word} if word else {}
        if request.dimensions is not None:
            extra["outputDimensionality"] = request.dimensions
        body: JsonObject = {"instances": [{"content": text, **asked} for text in texts]}
        return body | ({"parameters": extra} if extra else {})

    def parse_response(self, body: bytes) -> EmbeddingResponse:
        """A provider's answer in either form."""
        if b'"predictions"' not in body:
            return read_answer(body)
        found = [prediction.embeddings for prediction in decode(body, _decoder).predictions]
        counts = [
            item.statistics.token_count for item in found if item.statistics and item.statistics.token_count is not None
        ]
        usage = Usage(input_tokens=int(sum(counts))) if counts else None
        return EmbeddingResponse(vectors=tuple(item.values for item in found), usage=usage)

    def render_response(self, response: EmbeddingResponse, request: EmbeddingRequest) -> JsonObject:
        """The answer in the form of the request; `:predict` counts tokens a text, of which only the sum is known."""
        if request.extra.get("single"):
            return _gemini.render_response(response, request)
        tokens = response.usage.input_tokens if response.usage else 0
        return {
            "predictions": [
                {
                    "embeddings": {
                        "values": list(vector),
                        "statistics": {"truncated": False, "token_count": tokens if i == 0 else 0},
                    }
                }
                for i, vector in enumerate(response.vectors)
            ]
        }
