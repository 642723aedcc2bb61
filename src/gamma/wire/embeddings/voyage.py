"""Voyage's flavour of OpenAI's embeddings dialect: `input_type`, and usage that has only `total_tokens`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.types.embedding import EmbeddingRequest, InputType
from gamma.wire.embeddings.openai import Openai, without_type


class Voyage(Openai):
    """`POST /embeddings` with `output_dimension`, `output_dtype`, `input_type` and `truncation`."""

    name: ClassVar[str] = "voyage"
    batch_limit: ClassVar[int | None] = 1000
    dimension_field: ClassVar[str] = "output_dimension"
    task_field: ClassVar[str | None] = "input_type"
    tasks: ClassVar[dict[InputType, str]] = {"search_query": "query", "search_document": "document"}
    only_total: ClassVar[bool] = True
    takes_tokens: ClassVar[bool] = False

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> EmbeddingRequest:
        """A caller's request; only vectors of floats can be answered."""
        return super().parse_request(without_type(body, "output_dtype"), model=model)
