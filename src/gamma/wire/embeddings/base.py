"""What an embeddings dialect must be able to do. Pure, as every wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from gamma.types.chat import JsonObject
from gamma.types.embedding import EmbeddingRequest, EmbeddingResponse


class EmbeddingWire(Protocol):
    """One dialect, both sides of it."""

    path: ClassVar[str]
    """Path below a provider's base URL; `{model}` stands for the URL-quoted model."""
    batch_limit: ClassVar[int | None] = None
    """How many texts one call may carry, whatever the model; None: no bound is known."""

    def limit_for(self, model: str) -> int | None:  # noqa: ARG002  # dialects whose limit depends on the model override this
        """How many texts one call may carry for this model; the caller splits longer requests."""
        return self.batch_limit

    def path_for(self, model: str) -> str:  # noqa: ARG002  # as above
        """The path for this model, `{model}` still in it."""
        return self.path

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> EmbeddingRequest:
        """A caller's request.

        Args:
            body: the decoded JSON object.
            model: the name in the path, for dialects that carry it there; wins over the body.

        Raises:
            MissingField, InvalidType, InvalidRequest: naming the field in `param`.
        """
        ...

    def render_response(self, response: EmbeddingResponse, request: EmbeddingRequest) -> JsonObject:
        """An answer that the official SDK accepts, under the model's public name."""
        ...

    def render_request(self, request: EmbeddingRequest, model: str) -> JsonObject:
        """The body to send for the provider's `model`.

        Raises:
            UnsupportedParameter: the dialect cannot express a field that changes the answer.
        """
        ...

    def parse_response(self, body: bytes) -> EmbeddingResponse:
        """A provider's answer, read leniently.

        Raises:
            ProviderMalformed: it is not JSON or holds no vectors.
            ProviderError: it is an error in a 200's clothes.
        """
        ...
