"""Jina's flavour of OpenAI's embeddings dialect: `task`, `embedding_type`, and inputs that may be objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import UnsupportedParameter
from gamma.types.embedding import EmbeddingRequest, InputType
from gamma.wire.embeddings.openai import Openai


class Jina(Openai):
    """`POST /embeddings` with `dimensions`, `task`, `embedding_type`, `normalized` and `late_chunking`."""

    name: ClassVar[str] = "jina"
    encoding_field: ClassVar[str] = "embedding_type"
    task_field: ClassVar[str | None] = "task"
    tasks: ClassVar[dict[InputType, str]] = {
        "search_query": "retrieval.query",
        "search_document": "retrieval.passage",
        "classification": "classification",
        "clustering": "separation",
        "similarity": "text-matching",
    }
    takes_tokens: ClassVar[bool] = False

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> EmbeddingRequest:
        """A caller's request; `{"text": ...}` counts as the text."""
        value = body.get("input")
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            body = {**body, "input": [_text(item, i) for i, item in enumerate(value)]}
        return super().parse_request(body, model=model)


def _text(item: object, index: int) -> object:
    if not isinstance(item, dict):
        return item
    if not isinstance(item.get("text"), str):
        raise UnsupportedParameter("only texts can be embedded here", param=f"input[{index}]")
    return item["text"]
