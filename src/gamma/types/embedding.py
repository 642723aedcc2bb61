"""Texts to vectors, in one form for every provider."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from gamma.types.chat import JsonObject
from gamma.types.usage import Usage

InputType = Literal["search_document", "search_query", "classification", "clustering", "similarity"]


class EmbeddingRequest(Struct, frozen=True, kw_only=True):
    """Texts to embed.

    Attributes:
        inputs: texts, or lists of token ids.
        encoding: how the caller wants each vector: a list of floats, or base64 of little-endian float32.
        input_type: what the vectors are for; None when the caller did not say.
        extra: top-level fields that the canonical form does not know, as they came.
    """

    model: str
    inputs: tuple[str | tuple[int, ...], ...]
    dimensions: int | None = None
    encoding: Literal["float", "base64"] = "float"
    input_type: InputType | None = None
    user: str | None = None
    dialect: str = ""
    extra: JsonObject = {}


class EmbeddingResponse(Struct, frozen=True, kw_only=True):
    """One vector per input, in the order of the inputs; shape (inputs, dimensions)."""

    vectors: tuple[tuple[float, ...], ...]
    model: str = ""
    id: str = ""
    usage: Usage | None = None
