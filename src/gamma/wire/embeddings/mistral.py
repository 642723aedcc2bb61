"""Mistral's flavour of OpenAI's embeddings dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.types.embedding import EmbeddingRequest
from gamma.wire.embeddings.openai import Openai, without_type


class Mistral(Openai):
    """`POST /embeddings` with `output_dimension` and `output_dtype`."""

    name: ClassVar[str] = "mistral"
    batch_limit: ClassVar[int | None] = None  # bounded by tokens, not by texts
    dimension_field: ClassVar[str] = "output_dimension"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> EmbeddingRequest:
        """A caller's request; only vectors of floats can be answered."""
        return super().parse_request(without_type(body, "output_dtype"), model=model)
