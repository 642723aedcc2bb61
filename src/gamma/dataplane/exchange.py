"""How one chat request is carried to a deployment and its answer back: bytes passed through, or translated."""

from __future__ import annotations

from time import monotonic
from typing import Any

import msgspec

from gamma.dataplane.answers import answer_head, stream_head
from gamma.dataplane.body import Body
from gamma.dataplane.call import Call
from gamma.dataplane.streams import PassingSink, StreamSink, TranslatingSink
from gamma.dataplane.wires import Wires
from gamma.errors import GammaError
from gamma.routing.balancers.base import Outcome
from gamma.routing.deployment import Deployment
from gamma.routing.router import Model
from gamma.transport.connection import Reply
from gamma.transport.pool import Pool
from gamma.types.chat import ChatRequest, ChatResponse
from gamma.wire.assemble import replay
from gamma.wire.base import Style
from gamma.wire.foreign import holds_foreign
from gamma.wire.provider_errors import parse_error

_FORWARDED = {
    "anthropic_messages": ((b"anthropic-beta", b""), (b"anthropic-version", b"2023-06-01")),
    "openai_chat": ((b"openai-beta", b""),),
    "openai_responses": ((b"openai-beta", b""),),
}
"""Headers of a dialect that reach a provider of the same dialect, unless they have the value that is sent anyway."""


class ChatExchange:
    """A caller's chat request, ready to be attempted on any deployment.

    Args:
        call: the request.
        wires: dialects by name.
        pool: outward connections.
        body: the request's body.

    Attributes:
        committed: whether any byte of an answer has reached the caller.
    """

    def __init__(self, call: Call, wires: Wires, pool: Pool, body: Body) -> None:
        assert call.match is not None
        self.call = call
        self.committed = False
        self._wires = wires
        self._pool = pool
        self._body = body
        self._dialect = call.match.route.wire
        self._served = wires.get(self._dialect)
        self._request: ChatRequest | None = None
        self._sink: StreamSink | None = None
        self._array = call.match.stream is True and b"alt=sse" not in call.request.query
        self._forwardable = not self._array and not (body.shape.continued and holds_foreign(self._dialect, body.data))

    @property
    def request(self) -> ChatRequest:
        """The request in canonical form; read in full on first use.

        Raises:
            CallerError: it breaks its dialect's rules.
        """
        if self._request is None:
            match = self.call.match
            assert match is not None
            self._request = self._served.parse_request(self._body.value, model=match.model, stream=match.stream)
        return self._request

    async def attempt(self, model: Model, deployment: Deployment) -> Outcome:
        """Tries to answer by a deployment; see `routing.router.Exchange`."""
        call, provider = self.call, deployment.provider
        call.attempts += 1
        call.model, call.deployment = model, deployment
        wire = provider.wire_for(self._dialect)
        passing = self._forwardable and wire == self._dialect and provider.exact(wire) and not deployment.config.params
        begun = monotonic()
        if call.stream:
            await self._stream(deployment, wire, passing=passing)
        else:
            await self._whole(deployment, wire, passing=passing)
        usage = call.usage
        return Outcome(
            ok=True,
            first_token_s=call.first_byte - begun if call.first_byte else None,
            total_s=monotonic() - begun,
            input_tokens=usage.input_tokens if usage else 0,
            output_tokens=usage.output_tokens if usage else 0,
            cost_usd=call.cost_usd,
        )

    def fail(self, error: GammaError) -> None:
        """Ends a stream that has begun with an explicit error event, and without the dialect's closing event."""
        connection = self.call.request.connection
        if self._sink is None or not self._sink.told:
            renderer = self._served.event_renderer(self._style(self._request))
            connection.write_chunk(renderer.render_error(error))
        connection.end_stream()

    async def _whole(self, deployment: Deployment, wire: str, *, passing: bool) -> None:
        call, called = self.call, self._wires.get(wire)
        body = self._rendered(deployment, wire, passing=passing)
        headers = self._headers() if passing else ()
        channel, request = (None if headers else deployment.ready("chat", wire, stream=call.stream, body=body)) or (
            await deployment.request("chat", wire, stream=call.stream, body=body, headers=headers)
        )
        begun = monotonic()
        try:
            reply = await self._pool.send(channel, request, deployment.config.timeouts)
            if deployment.provider.settles:
                reply = await deployment.provider.settle(reply, deployment.config.timeouts)
        finally:
            call.upstream_s += monotonic() - begun
        _refuse_errors(reply)
        traits = deployment.target.traits
        if passing:
            call.spend(called.parse_usage(reply.body, traits))
            body = reply.body
        else:
            response = called.parse_response(reply.body, traits)
            call.spend(response.usage)
            body = msgspec.json.encode(self._served.render_response(response, self._style(self.request)))
        self.committed = True
        now = call.first_byte = monotonic()
        call.request.connection.respond(200, answer_head(call, now), body)

    async def _stream(self, deployment: Deployment, wire: str, *, passing: bool) -> None:
        call, called = self.call, self._wires.get(wire)
        body = self._rendered(deployment, wire, passing=passing)
        headers = self._headers() if passing else ()
        channel, request = (None if headers else deployment.ready("chat", wire, stream=call.stream, body=body)) or (
            await deployment.request("chat", wire, stream=call.stream, body=body, headers=headers)
        )
        parser = called.event_parser(deployment.target.traits)
        sink: StreamSink
        if passing:
            sink = PassingSink(self._commit, called.framing, parser, hide_usage=self._asks_usage(deployment))
        else:
            renderer = self._served.event_renderer(self._style(self.request))
            sink = TranslatingSink(self._commit, called.framing, parser, renderer)
        sink.connect(call.request.connection)
        self._sink = sink
        begun = monotonic()
        try:
            reply = await self._pool.send(channel, request, deployment.config.timeouts, sink)
            if deployment.provider.settles:
                reply = await deployment.provider.settle(reply, deployment.config.timeouts)
        finally:
            call.upstream_s += (call.first_byte or monotonic()) - begun
            call.spend(sink.usage)
        _refuse_errors(reply)
        if sink.streaming:
            sink.finish()
            call.spend(sink.usage)
        else:
            response = called.parse_response(reply.body, deployment.target.traits)
            self._replay(response)
            call.spend(response.usage)
        call.request.connection.end_stream()

    def _replay(self, response: ChatResponse) -> None:
        """A provider that does not stream this model answered whole: the caller gets its stream all the same."""
        renderer = self._served.event_renderer(self._style(self.request))
        self._commit()
        connection = self.call.request.connection
        connection.write_chunk(b"".join(renderer.render_event(event) for event in replay(response)))
        connection.write_chunk(renderer.render_end())

    def _rendered(self, deployment: Deployment, wire: str, *, passing: bool) -> bytes:
        """The body to send: the caller's own, or its translation."""
        config, provider = deployment.config, deployment.provider
        if passing:
            in_path = self.call.match is not None and self.call.match.model is not None
            return self._body.forward(
                provider,
                "" if in_path else config.model,
                drop=config.drop_unsupported,
                ask_usage=self.call.stream and self._asks_usage(deployment),
            )
        request = with_defaults(self.request, config.params)
        return msgspec.json.encode(provider.adjust_body(self._wires.get(wire).render_request(request, deployment.target)))

    def _asks_usage(self, deployment: Deployment) -> bool:
        """Whether this stream's token counts have to be asked for on behalf of a caller who did not."""
        return (
            self._dialect in ("openai_chat", "openai_completions")
            and deployment.target.traits.stream_usage == "ask"
            and bytes(self._body.shape.stream_options) in (b"", b"null")
        )

    def _headers(self) -> tuple[tuple[str, str], ...]:
        """The caller's headers that belong to the dialect and say something unusual."""
        sent = self.call.request.headers
        found: tuple[tuple[str, str], ...] = ()
        for name, usual in _FORWARDED.get(self._dialect, ()):
            value = sent.get(name)
            if value and value != usual:
                found = (*found, (name.decode(), value.decode("latin-1")))
        return found

    def _style(self, request: ChatRequest | None) -> Style:
        call = self.call
        assert call.model is not None
        return Style(
            model=call.model.name,
            id=call.id,
            created=int(call.at),
            include_usage=request.include_usage if request is not None else False,
            request=request,
            array=self._array,
        )

    def _commit(self) -> None:
        """The answer begins: from here on nothing can be taken back."""
        self.committed = True
        now = self.call.first_byte = monotonic()
        framing = "json_array" if self._array else self._served.framing
        self.call.request.connection.start_stream(200, stream_head(self.call, now, framing))


def with_defaults(request: ChatRequest, params: dict[str, Any]) -> ChatRequest:
    """The request with a deployment's `params` where the caller said nothing."""
    missing = {name: value for name, value in params.items() if getattr(request, name, None) in (None, ())}
    return msgspec.structs.replace(request, **missing) if missing else request


def _refuse_errors(reply: Reply) -> None:
    if reply.status >= 300:
        raise parse_error(reply.status, reply.headers, reply.body)
