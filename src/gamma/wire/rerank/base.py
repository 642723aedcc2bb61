"""What a rerank dialect must be able to do. Pure, as every wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from gamma.types.chat import JsonObject
from gamma.types.rerank import RerankRequest, RerankResponse


class RerankWire(Protocol):
    """One dialect, both sides of it."""

    path: ClassVar[str]
    """Path below a provider's base URL; `{model}` stands for the URL-quoted model."""

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None) -> RerankRequest:
        """A caller's request.

        Args:
            body: the decoded JSON object.
            model: the name in the path, for dialects that carry it there; wins over the body.

        Raises:
            MissingField, InvalidType, InvalidRequest: naming the field in `param`.
        """
        ...

    def render_response(self, response: RerankResponse, request: RerankRequest) -> JsonObject:
        """An answer that the official SDK accepts, under the model's public name."""
        ...

    def render_request(self, request: RerankRequest, model: str) -> JsonObject:
        """The body to send for the provider's `model`.

        Raises:
            UnsupportedParameter: the dialect cannot express a field that changes the answer.
        """
        ...

    def parse_response(self, body: bytes) -> RerankResponse:
        """A provider's answer, read leniently; the most relevant document first.

        Raises:
            ProviderMalformed: it is not JSON or holds no results.
            ProviderError: it is an error in a 200's clothes.
        """
        ...
