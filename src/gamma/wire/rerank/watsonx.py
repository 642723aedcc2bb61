"""watsonx.ai's rerank dialect; the provider class adds `project_id` or `space_id`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from gamma.errors import UnsupportedParameter
from gamma.types.chat import JsonObject
from gamma.types.rerank import Ranked, RerankRequest, RerankResponse
from gamma.types.usage import Usage
from gamma.wire.fields import Fields
from gamma.wire.rerank._reading import carried_extra, decode, document_of, documents, ordered, text_of
from gamma.wire.rerank.base import RerankWire


class _Result(Struct):
    index: int
    score: float
    input: Any = None


class _Answer(Struct):
    results: list[_Result]
    model_id: str | None = None
    input_token_count: int | None = None


_decoder = msgspec.json.Decoder(_Answer)


class Watsonx(RerankWire):
    """`POST /ml/v1/text/rerank`."""

    path: ClassVar[str] = "/ml/v1/text/rerank?version=2024-10-08"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> RerankRequest:
        """A caller's request; the project is kept for the same dialect."""
        fields = Fields(body)
        named = model if model is not None else fields.text("model_id")
        fields.raw("model_id")
        parameters = Fields(fields.opt_object("parameters") or {}, "parameters")
        options = Fields(parameters.opt_object("return_options") or {}, "parameters.return_options")
        request = RerankRequest(
            model=named,
            query=fields.text("query"),
            documents=documents(fields, "inputs"),
            top_n=options.opt_int("top_n", low=1),
            return_documents=bool(options.opt_bool("inputs")),
            dialect="watsonx",
        )
        rest = parameters.rest()
        return msgspec.structs.replace(request, extra={**fields.rest(), **({"parameters": rest} if rest else {})})

    def render_request(self, request: RerankRequest, model: str) -> JsonObject:
        """The body to send."""
        if request.max_tokens_per_doc is not None:
            raise UnsupportedParameter(f"{model} cannot take `max_tokens_per_doc`; leave it out", param="max_tokens_per_doc")
        extra = dict(carried_extra(request, model, "watsonx"))
        parameters = dict(extra.pop("parameters", {}))
        if request.top_n is not None:
            parameters["return_options"] = {"top_n": request.top_n}
        body: JsonObject = {
            "model_id": model,
            "query": request.query,
            "inputs": [{"text": text} for text in request.documents],
        }
        return body | ({"parameters": parameters} if parameters else {}) | extra

    def parse_response(self, body: bytes) -> RerankResponse:
        """A provider's answer."""
        answer = decode(body, _decoder)
        count = answer.input_token_count
        return RerankResponse(
            results=ordered(Ranked(index=r.index, score=r.score, document=text_of(r.input)) for r in answer.results),
            model=answer.model_id or "",
            usage=None if count is None else Usage(input_tokens=count),
        )

    def render_response(self, response: RerankResponse, request: RerankRequest) -> JsonObject:
        """The answer."""
        results = []
        for result in response.results:
            text = document_of(result, request)
            shown = {} if text is None else {"input": {"text": text}}
            results.append({"index": result.index, "score": result.score, **shown})
        tokens = response.usage.input_tokens if response.usage else 0
        return {"model_id": request.model, "results": results, "input_token_count": tokens}
