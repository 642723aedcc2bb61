"""Servers that the catalogue does not know: what speaking a dialect alone implies."""

from __future__ import annotations

from typing import Any

from gamma.providers.row import Row

_OPENAI: dict[str, Any] = {"embeddings": "openai", "rerank": "jina"}
_COHERE: dict[str, Any] = {"embeddings": "cohere", "rerank": "cohere"}
_BEDROCK: dict[str, Any] = {"embeddings": "bedrock", "rerank": "bedrock_invoke"}
_IMPLIED: dict[str, dict[str, Any]] = {
    "openai_chat": _OPENAI,
    "openai_responses": _OPENAI,
    "openai_completions": _OPENAI,
    "anthropic_messages": {
        "auth": "x-api-key",
        "headers": {"anthropic-version": "2023-06-01"},
        "paths": {"count_tokens": "/v1/messages/count_tokens"},
    },
    "gemini": {
        "auth": "x-goog-api-key",
        "embeddings": "gemini",
        "paths": {"count_tokens": "/v1beta/models/{model}:countTokens"},
    },
    "bedrock_converse": _BEDROCK,
    "bedrock_invoke": _BEDROCK,
    "cohere_v2": _COHERE,
    "cohere_v1": _COHERE,
    "ollama": {"embeddings": "ollama"},
}
"""How a dialect's own vendor takes the key, and which embeddings and rerank formats go with the dialect."""


def standard_row(name: str, wire: str, base_url: str) -> Row:
    """The row of a server of which only the dialect is known.

    Its answers pass through untouched, for nothing is known to deviate; what its models cost is unknown.
    """
    implied = _IMPLIED.get(wire, {})
    return Row(title=name, base_url=base_url, docs=base_url, wires=(wire,), exact=frozenset({wire}), **implied)
