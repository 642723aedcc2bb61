"""Documents ordered by relevance to a query, in one form for every provider."""

from __future__ import annotations

from msgspec import Struct

from gamma.types.chat import JsonObject
from gamma.types.usage import Usage


class RerankRequest(Struct, frozen=True, kw_only=True):
    """Documents to order. `top_n` None means all of them."""

    model: str
    query: str
    documents: tuple[str, ...]
    top_n: int | None = None
    return_documents: bool = False
    max_tokens_per_doc: int | None = None
    dialect: str = ""
    extra: JsonObject = {}


class Ranked(Struct, frozen=True, kw_only=True):
    """A document's place: `index` counts the request's documents from 0; a higher `score` is more relevant."""

    index: int
    score: float
    document: str | None = None


class RerankResponse(Struct, frozen=True, kw_only=True):
    """Documents, most relevant first. `search_units` is Cohere's billing unit, None elsewhere."""

    results: tuple[Ranked, ...]
    id: str = ""
    model: str = ""
    usage: Usage | None = None
    search_units: int | None = None
