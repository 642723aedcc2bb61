"""How many tokens a conversation has: counted by the provider where it can, else estimated and said so."""

from __future__ import annotations

import importlib
from time import monotonic
from typing import Any

import msgspec

from gamma.dataplane.answers import answer_head, plain_head
from gamma.dataplane.body import Body
from gamma.dataplane.call import Call
from gamma.dataplane.parts import Parts
from gamma.errors import CallerError, GammaError, MissingField
from gamma.routing.balancers.base import Outcome
from gamma.routing.deployment import Deployment
from gamma.routing.router import Model
from gamma.types.chat import ChatRequest, Media, Reasoning, Text, ToolCall, ToolResult
from gamma.wire.provider_errors import parse_error

_CHARS_PER_TOKEN = 4  # English prose under byte-pair encodings; code and other scripts have fewer characters a token
_MEDIA_TOKENS = 1000  # an image of about a megapixel, after Anthropic's width x height / 750


class CountExchange:
    """A request to count, ready to be attempted on any deployment.

    Attributes:
        tokens: the provider's answer.
    """

    def __init__(self, call: Call, parts: Parts, request: ChatRequest) -> None:
        self.committed = False
        self.tokens = 0
        self._call = call
        self._parts = parts
        self._request = request

    async def attempt(self, model: Model, deployment: Deployment) -> Outcome:
        """Asks a deployment; see `routing.router.Exchange`."""
        call, provider = self._call, deployment.provider
        call.model, call.deployment = model, deployment
        wire = provider.wire_for(call.match.route.wire) if call.match else ""
        counter = _counter(wire)
        provider.path("count_tokens", wire, stream=False)
        call.attempts += 1
        body = msgspec.json.encode(provider.adjust_body(counter.render_count_request(self._request, deployment.target)))
        channel, message = await deployment.request("count_tokens", wire, stream=False, body=body)
        begun = monotonic()
        try:
            reply = await self._parts.pool.send(channel, message, deployment.config.timeouts)
        finally:
            call.upstream_s += monotonic() - begun
        if reply.status >= 300:
            raise parse_error(reply.status, reply.headers, reply.body)
        self.tokens = counter.parse_count_tokens(reply.body)
        return Outcome(ok=True, total_s=monotonic() - begun)


async def answer(parts: Parts, call: Call) -> None:
    """Answers with a count; `x-gamma-estimated: true` marks one that no provider made.

    Raises:
        GammaError: the request is at fault.
    """
    assert call.match is not None
    dialect = call.match.route.wire
    body = Body(call.request.body, "")
    name = call.match.model or body.shape.model
    if not name:
        raise MissingField("`model` is required", param="model")
    request = _counter(dialect).parse_count_request(body.value, model=call.match.model)
    call.model = parts.router.find(name)
    exchange = CountExchange(call, parts, request)
    estimated = b""
    try:
        await parts.router.send(call.model, exchange)
        tokens = exchange.tokens
    except GammaError as error:
        if isinstance(error, CallerError) and error.code not in ("caller_unsupported_parameter", "caller_invalid_request"):
            raise
        tokens, estimated = estimate(request), b"x-gamma-estimated: true\r\n"
    head = answer_head(call, monotonic()) if call.deployment is not None else plain_head(call)
    answer_body = msgspec.json.encode(_counter(dialect).render_count_tokens(tokens))
    call.request.connection.respond(200, head + estimated, answer_body)


def estimate(request: ChatRequest) -> int:
    """About how many tokens a request has: four characters each, a thousand an image."""
    characters = sum(len(tool.name) + len(tool.description or "") for tool in request.tools)
    characters += sum(len(msgspec.json.encode(tool.parameters)) for tool in request.tools if tool.parameters)
    media = 0
    for message in request.messages:
        characters += 8  # the turn's own marks
        for part in message.parts:
            match part:
                case Text() | Reasoning():
                    characters += len(part.text)
                case ToolCall():
                    characters += len(part.name) + len(part.arguments)
                case ToolResult():
                    characters += sum(len(p.text) for p in part.parts if isinstance(p, Text))
                case Media():
                    media += 1
                case _:
                    pass
    return -(-characters // _CHARS_PER_TOKEN) + media * _MEDIA_TOKENS


def _counter(wire: str) -> Any:
    """The module that speaks a dialect's way of counting.

    Raises:
        CallerError: the dialect has none; the count is then estimated.
    """
    try:
        return importlib.import_module(f"gamma.wire.{wire}.count_tokens")
    except ModuleNotFoundError:
        raise CallerError(f"{wire} cannot count tokens") from None
