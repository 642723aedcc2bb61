"""Replicate's predictions, as far as they answer in text (providers.md 9).

A prediction is asynchronous: the provider answers 201 with a state, and the provider class polls `urls.get` or opens
`urls.stream`. This wire reads what those return; `prediction_state` tells the class where to look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Framing
from gamma.types.usage import Usage
from gamma.wire.base import Style, Target, Traits
from gamma.wire.replicate import request as requests
from gamma.wire.replicate import response as responses
from gamma.wire.replicate.response import prediction_state
from gamma.wire.replicate.stream import Parser, Renderer

__all__ = ["Replicate", "prediction_state"]


class Replicate:
    """`POST /v1/models/{owner}/{name}/predictions`, served and called."""

    framing: ClassVar[Framing] = "sse"
    path: ClassVar[str] = "/v1/models/{model}/predictions"
    stream_path: ClassVar[str] = "/v1/models/{model}/predictions"

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
        """A caller's request; `/v1/predictions` names its model by `version`."""
        return requests.parse_request(body, model=model, stream=stream)

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A prediction that has succeeded."""
        return responses.render_response(response, style)

    def event_renderer(self, style: Style) -> Renderer:
        """A writer of the events that `urls.stream` sends."""
        return Renderer(style)

    def render_error(self, error: GammaError, request_id: str) -> JsonObject:  # noqa: ARG002  # the dialect has no place for an id
        """`{"title", "detail", "status"}`."""
        return {"title": error.code, "detail": error.message, "status": error.status}

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send."""
        return requests.render_request(request, target)

    def parse_response(self, body: bytes, traits: Traits) -> ChatResponse:  # noqa: ARG002  # no flavours are known
        """A prediction that has ended."""
        return responses.parse_response(body)

    def event_parser(self, traits: Traits) -> Parser:  # noqa: ARG002  # as above
        """A reader of the events that `urls.stream` sends."""
        return Parser()

    def parse_usage(self, body: bytes, traits: Traits) -> Usage | None:  # noqa: ARG002  # as above
        """Only the token counts, which some models report under `metrics`."""
        return responses.usage_of(responses.decode_prediction(body))
