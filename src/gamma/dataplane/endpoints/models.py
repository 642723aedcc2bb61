"""What can be asked for: in OpenAI's, Anthropic's and Google's shapes, with context window and price."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from gamma.dataplane.answers import plain_head
from gamma.dataplane.call import Call
from gamma.dataplane.parts import Parts
from gamma.routing.router import Model

_EPOCH = "1970-01-01T00:00:00Z"  # the catalogue does not know when a model appeared
_PER_MTOK = 1_000_000


async def answer_list(parts: Parts, call: Call) -> None:
    """Every model that is on: public names first, then `provider/model` of the catalogue."""
    models = await asyncio.to_thread(parts.listing)  # the first time it compiles some thousand prices
    shape = _shape(call)
    if shape == "anthropic_messages":
        data = [_anthropic(m) for m in models]
        ends = {"first_id": models[0].name, "last_id": models[-1].name} if models else {"first_id": None, "last_id": None}
        _respond(call, {"data": data, "has_more": False, **ends})
    elif shape == "gemini":
        _respond(call, {"models": [_gemini(m) for m in models]})
    else:
        _respond(call, {"object": "list", "data": [_openai(m) for m in models]})


async def answer_one(parts: Parts, call: Call) -> None:
    """One model.

    Raises:
        UnknownModel: it is not on.
    """
    assert call.match is not None
    model = parts.router.find(call.match.model or "")
    shape = _shape(call)
    _respond(call, _SHAPES[shape](model))


def _shape(call: Call) -> str:
    headers = call.request.headers
    google = b"x-goog-api-key" in headers or b"x-goog-api-client" in headers  # its client asks at /v1 as well as /v1beta
    if google or (call.match is not None and call.match.route.wire == "gemini"):
        return "gemini"
    return "anthropic_messages" if b"anthropic-version" in headers else "openai_chat"


def _openai(model: Model) -> dict[str, Any]:
    first = model.deployments[0]
    price = first.price
    return {
        "id": model.name,
        "object": "model",
        "created": 0,
        "owned_by": first.provider.name,
        "context_window": first.context_window,
        "pricing": None
        if price is None
        else {
            "input_usd_per_mtok": _round(price.base.input * _PER_MTOK),
            "output_usd_per_mtok": _round(price.base.output * _PER_MTOK),
        },
        "deployments": [d.name for d in model.deployments],
    }


def _anthropic(model: Model) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model.name,
        "display_name": model.name,
        "created_at": _EPOCH,
        "lifecycle": "active",
        "max_input_tokens": model.deployments[0].context_window,
    }


def _gemini(model: Model) -> dict[str, Any]:
    first = model.deployments[0]
    return {
        "name": f"models/{model.name}",
        "displayName": model.name,
        **({"inputTokenLimit": first.context_window} if first.context_window else {}),
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


_SHAPES = {"anthropic_messages": _anthropic, "gemini": _gemini, "openai_chat": _openai}


def _round(value: float) -> float:
    return round(value, 6)


def _respond(call: Call, value: object) -> None:
    body = msgspec.json.encode(value) if call.request.method != b"HEAD" else b""
    call.request.connection.respond(200, plain_head(call), body)
