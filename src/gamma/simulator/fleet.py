"""Every provider of the catalogue as one ASGI app: its paths, its dialects, its errors, its pace.

A provider is named by the first segment of the path (`/groq/openai/v1/chat/completions`) or by the header `x-simulate`.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from gamma import plugins
from gamma.errors import GammaError, InvalidRequest, UnknownPath
from gamma.providers.base import Kind, Provider
from gamma.simulator.endpoints import Simulated, answer_chat, answer_embeddings, answer_rerank
from gamma.simulator.faults import Faults
from gamma.simulator.scenario import Scenario
from gamma.simulator.writer import Writer

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
HEADER = b"x-simulate"
_MARKS = {"embeddings": "embed", "rerank": "rerank"}


class Place:
    """One path of one provider.

    Attributes:
        pattern: matches the path below the provider's name.
        kind: `chat`, `embeddings`, `rerank` or `models`.
        wire: the dialect or format.
        stream: whether the path itself asks for a stream; None when the body says.
        limits: style of the rate-limit headers sent there.
    """

    __slots__ = ("kind", "limits", "pattern", "stream", "wire")

    def __init__(self, template: str, kind: str, wire: str, stream: bool | None = None) -> None:
        path = re.sub(r"^(https?://[^/]*|\{origin\})", "", template).partition("?")[0]
        quoted = re.sub(r"\\\{(\w+)\\\}", _group, re.escape(path))
        self.pattern = re.compile(f"(?:/.*)?{quoted}$")
        self.kind = kind
        self.wire = wire
        self.stream = stream
        self.limits = "dates" if wire == "anthropic_messages" else "durations"

    def takes(self, model: str | None) -> bool:
        """Whether a model named in the path is one of this kind: one path of Bedrock serves all kinds."""
        return model is None or self.kind not in _MARKS or _MARKS[self.kind] in model


def _group(match: re.Match[str]) -> str:
    return r"(?P<model>.+?)" if match[1] == "model" else r"[^/]+"


class Fleet:
    """The ASGI app.

    Args:
        providers: who is simulated.
        scenario: how they behave.
    """

    def __init__(self, providers: Mapping[str, Provider], scenario: Scenario) -> None:
        self._scenario = scenario
        self._places = {name: _places(provider) for name, provider in providers.items()}
        self._counting = {name for name, provider in providers.items() if provider.traits.stream_usage == "given"}
        self._rng = random.Random(scenario.seed)  # noqa: S311  # a simulation must be repeatable
        self._faults: dict[str, Faults] = {}
        self._number = 0

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        wire = "openai_chat"
        try:
            provider, place, match = self._find(scope)
            wire = place.wire
            await self._answer(_Request(provider, place, match, body), receive, send)
        except GammaError as error:
            await _send_json(send, error.status, _error_body(error, wire), getattr(error, "headers", []))

    def _find(self, scope: Mapping[str, Any]) -> tuple[str, Place, re.Match[str]]:
        path = str(scope.get("raw_path", b"").decode("latin-1") or scope["path"]).partition("?")[0]
        named = dict(scope["headers"]).get(HEADER, b"").decode()
        provider = named or path.split("/", 2)[1]
        rest = path if named else path.removeprefix(f"/{provider}")
        for place in self._places.get(provider, ()):
            match = place.pattern.match(rest)
            if match is not None and place.takes(match.groupdict().get("model")):
                return provider, place, match
        raise UnknownPath(f"{provider!r} has nothing at {rest}" if provider in self._places else f"no provider {provider!r}")

    async def _answer(self, request: _Request, receive: Receive, send: Send) -> None:
        behaviour = self._scenario.behaviour(request.provider)
        faults = self._faults.setdefault(request.provider, Faults(behaviour, self._rng, request.place.limits))
        if request.place.kind == "models":
            await _send_json(send, 200, {"object": "list", "data": [{"id": "simulated", "object": "model", "created": 0}]})
            return
        headers = faults.admit()
        self._number += 1
        simulated = Simulated(
            behaviour=behaviour,
            faults=faults,
            writer=Writer(self._rng, behaviour.output_tokens),
            rng=self._rng,
            number=self._number,
            headers=headers,
        )
        value = _decode(request.body)
        model = unquote(found) if (found := request.match.groupdict().get("model")) else None
        if request.place.kind == "chat":
            wire = plugins.load("gamma.wire", request.place.wire)()
            chat = wire.parse_request(value, model=model, stream=request.place.stream)
            if request.provider in self._counting:
                chat = msgspec.structs.replace(chat, include_usage=True)  # it counts its streams' tokens unasked
            gone = asyncio.ensure_future(_until_gone(receive))
            try:
                await answer_chat(simulated, wire, chat, send, gone)
            finally:
                gone.cancel()
        elif request.place.kind == "embeddings":
            await answer_embeddings(simulated, request.place.wire, value, model, send)
        else:
            await answer_rerank(simulated, request.place.wire, value, model, send)


class _Request:
    """What was asked of whom."""

    __slots__ = ("body", "match", "place", "provider")

    def __init__(self, provider: str, place: Place, match: re.Match[str], body: bytes) -> None:
        self.provider = provider
        self.place = place
        self.match = match
        self.body = body


def _places(provider: Provider) -> list[Place]:
    """Where a provider is served: embeddings and rerank first, for clouds tell them from chat by the model's name alone."""
    found: list[Place] = []
    kinds: tuple[tuple[Kind, str | None], ...] = (("embeddings", provider.embeddings), ("rerank", provider.rerank))
    for kind, wire in kinds:
        if wire:
            paths = {provider.path(kind, wire, stream=False, model=model) for model in ("", "text-embedding")}
            found.extend(Place(path, kind, wire) for path in sorted(paths))
    for wire in provider.row.wires:
        whole = provider.path("chat", wire, stream=False)
        stream = provider.path("chat", wire, stream=True)
        if stream.partition("?")[0] == whole.partition("?")[0]:
            found.append(Place(whole, "chat", wire))
        else:
            found.append(Place(stream, "chat", wire, stream=True))
            found.append(Place(whole, "chat", wire, stream=False))
    found.append(Place("/models", "models", "openai_chat"))
    return found


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"the body is not JSON: {error}") from None


def _error_body(error: GammaError, wire: str) -> Any:
    try:
        return plugins.load("gamma.wire", wire)().render_error(error, "simulated")
    except (LookupError, AttributeError):
        return {"message": error.message}


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_json(send: Send, status: int, value: Any, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    head = [(b"content-type", b"application/json"), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": msgspec.json.encode(value)})
