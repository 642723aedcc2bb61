"""What a simulated provider answers: whole, or streamed at a model's pace."""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from gamma import plugins
from gamma.errors import InvalidRequest
from gamma.simulator.faults import Faults
from gamma.simulator.scenario import Behaviour
from gamma.simulator.writer import Writer, pieces
from gamma.types.chat import ChatRequest, ChatResponse
from gamma.types.embedding import EmbeddingResponse
from gamma.types.rerank import Ranked, RerankResponse
from gamma.types.usage import Usage
from gamma.wire.assemble import replay
from gamma.wire.base import Style
from gamma.wire.events import Event, ReasoningDelta, TextDelta, ToolCallDelta

Send = Callable[[dict[str, Any]], Awaitable[None]]
_TYPES = {
    "sse": b"text/event-stream",
    "ndjson": b"application/x-ndjson",
    "eventstream": b"application/vnd.amazon.eventstream",
    "json_array": b"application/json",
}
_DIMENSIONS = 64
_MAX_DIMENSIONS = 4096
_MAX_CHOICES = 128  # as OpenAI
_PIECE_CHARS = 12  # arguments of tool calls stream in pieces of about three tokens


class Simulated(Struct, frozen=True, kw_only=True):
    """What answering one request needs.

    Attributes:
        number: counts requests; makes ids.
        headers: to send with the answer.
    """

    behaviour: Behaviour
    faults: Faults
    writer: Writer
    rng: random.Random
    number: int
    headers: list[tuple[bytes, bytes]]


async def answer_chat(simulated: Simulated, wire: Any, request: ChatRequest, send: Send, gone: asyncio.Future[None]) -> None:
    """Answers a conversation; stops when the caller has gone."""
    if (request.n or 1) > _MAX_CHOICES:
        raise InvalidRequest(f"n may be {_MAX_CHOICES} at most", param="n")
    response = simulated.writer.answer(request, simulated.number)
    style = Style(
        model=request.model, id=response.id, created=response.created, include_usage=request.include_usage, request=request
    )
    behaviour, rng = simulated.behaviour, simulated.rng
    await asyncio.sleep(behaviour.first_token.draw_s(rng))
    if not request.stream:
        tokens = response.usage.output_tokens if response.usage else 0
        await asyncio.sleep(sum(behaviour.per_token.draw_s(rng) for _ in range(tokens)))
        await _send(send, simulated, b"application/json", msgspec.json.encode(wire.render_response(response, style)))
        return
    headers = [(b"content-type", _TYPES[wire.framing]), *simulated.headers]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    renderer = wire.event_renderer(style)
    events = list(_paced(response))
    middle = len(events) // 2
    cuts, stalls = simulated.faults.cuts(), simulated.faults.stalls()
    for place, event in enumerate(events):
        if gone.done():
            return
        if place == middle and stalls:
            await gone
            return
        if place == middle and cuts:
            raise ConnectionResetError("simulated cut")
        data = renderer.render_event(event)
        if data:
            await send({"type": "http.response.body", "body": data, "more_body": True})
        if isinstance(event, TextDelta | ReasoningDelta | ToolCallDelta):
            await asyncio.sleep(behaviour.per_token.draw_s(rng))
    await send({"type": "http.response.body", "body": renderer.render_end()})


async def answer_embeddings(
    simulated: Simulated, format_: str, value: Mapping[str, Any], model: str | None, send: Send
) -> None:
    """Answers with unit vectors that depend on the text alone."""
    wire = plugins.load("gamma.wire.embeddings", format_)()
    request = wire.parse_request(value, model=model)
    size = request.dimensions or _DIMENSIONS
    if size > _MAX_DIMENSIONS:
        raise InvalidRequest(f"dimensions may be {_MAX_DIMENSIONS} at most", param="dimensions")
    usage = Usage(input_tokens=sum(-(-len(text) // 4) for text in request.inputs))
    response = EmbeddingResponse(
        vectors=tuple(_vector(text, size) for text in request.inputs), model=request.model, usage=usage
    )
    await asyncio.sleep(simulated.behaviour.first_token.draw_s(simulated.rng))
    await _send(send, simulated, b"application/json", msgspec.json.encode(wire.render_response(response, request)))


async def answer_rerank(simulated: Simulated, format_: str, value: Mapping[str, Any], model: str | None, send: Send) -> None:
    """Answers with documents ordered by the share of the query's words that they hold."""
    wire = plugins.load("gamma.wire.rerank", format_)()
    request = wire.parse_request(value, model=model)
    words = set(request.query.lower().split())
    scores = [len(words & set(text.lower().split())) / max(1, len(words)) for text in request.documents]
    order = sorted(range(len(scores)), key=lambda i: -scores[i])[: request.top_n or len(scores)]
    results = tuple(
        Ranked(index=i, score=scores[i], document=request.documents[i] if request.return_documents else None) for i in order
    )
    characters = len(request.query) + sum(map(len, request.documents))
    response = RerankResponse(
        results=results, model=request.model, usage=Usage(input_tokens=characters // 4), search_units=1
    )
    await asyncio.sleep(simulated.behaviour.first_token.draw_s(simulated.rng))
    await _send(send, simulated, b"application/json", msgspec.json.encode(wire.render_response(response, request)))


def _paced(response: ChatResponse) -> Iterator[Event]:
    """The events of an answer, cut as a model would stream them."""
    for event in replay(response):
        if isinstance(event, TextDelta) and event.text:
            first, *rest = pieces(event.text)
            yield TextDelta(first, event.choice, event.block, event.signature, event.logprobs)
            for piece in rest:
                yield TextDelta(piece, event.choice, event.block)
        elif isinstance(event, ReasoningDelta) and event.text:
            for piece in pieces(event.text):
                yield ReasoningDelta(piece, event.choice, event.block, dialect=event.dialect)
            yield ReasoningDelta("", event.choice, event.block, event.signature, event.encrypted, event.id, event.dialect)
        elif isinstance(event, ToolCallDelta):
            for start in range(0, len(event.arguments), _PIECE_CHARS):
                yield ToolCallDelta(event.index, event.arguments[start : start + _PIECE_CHARS], event.choice)
        else:
            yield event


def _vector(text: str | tuple[int, ...], size: int) -> tuple[float, ...]:
    seed = hashlib.sha256(repr(text).encode()).digest()
    rng = random.Random(seed)  # noqa: S311  # the same text always has the same vector
    raw = [rng.gauss(0, 1) for _ in range(size)]
    length = math.sqrt(sum(x * x for x in raw))
    return tuple(x / length for x in raw)


async def _send(send: Send, simulated: Simulated, kind: bytes, body: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *simulated.headers]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
