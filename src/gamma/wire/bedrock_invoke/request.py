"""Requests of InvokeModel: the model's id decides the body (providers.md 7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gamma.errors import MissingField
from gamma.types.chat import ChatRequest, JsonObject
from gamma.wire.base import Target
from gamma.wire.bedrock_invoke.table import CHAT, COMPLETION, family_of_model
from gamma.wire.fields import Fields


def parse_request(body: Mapping[str, Any], *, model: str | None, stream: bool | None) -> ChatRequest:
    """A caller's request; the model and whether to stream come from the path.

    Raises:
        MissingField, InvalidType, InvalidRequest: naming the field in `param`.
    """
    fields = Fields(body)
    name = model or fields.opt_text("modelId")
    if not name:
        raise MissingField("the model must be named in the path", param="modelId")
    family = family_of_model(name)
    if family is CHAT and not fields.has("messages") and fields.has("prompt"):
        family = COMPLETION
    return family.parse_request(body, model=name, stream=bool(stream))


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send to `/model/{model}/invoke` or `/invoke-with-response-stream`.

    Raises:
        UnsupportedParameter, InvalidRequest: the family cannot express what was asked.
    """
    return family_of_model(target.model).render_request(request, target)
