"""What is served where."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from msgspec import Struct

from gamma.errors import KeyInQuery, UnknownPath, WrongMethod


class Route(Struct, frozen=True):
    """One served path.

    Attributes:
        operation: the gateway's method that answers.
        wire: the dialect that is spoken there; also that of its error bodies.
        method: the HTTP method.
        open: answered without a key.
    """

    operation: str
    wire: str = "openai_chat"
    method: bytes = b"POST"
    open: bool = False


class Match(Struct, frozen=True):
    """A route, and what the path says."""

    route: Route
    model: str | None = None
    stream: bool | None = None


_FIXED = {
    b"/v1/chat/completions": Route("chat", "openai_chat"),
    b"/v1/completions": Route("chat", "openai_completions"),
    b"/v1/responses": Route("chat", "openai_responses"),
    b"/v1/messages": Route("chat", "anthropic_messages"),
    b"/v1/messages/count_tokens": Route("count_tokens", "anthropic_messages"),
    b"/v1/embeddings": Route("embeddings"),
    b"/v1/rerank": Route("rerank"),
    b"/v2/rerank": Route("rerank"),
    b"/v1/models": Route("models", method=b"GET"),
    b"/v1beta/models": Route("models", "gemini", method=b"GET"),
    b"/openapi.json": Route("openapi", method=b"GET", open=True),
    b"/health/live": Route("live", method=b"GET", open=True),
    b"/health/ready": Route("ready", method=b"GET", open=True),
    b"/metrics": Route("metrics", method=b"GET", open=True),
    b"/": Route("welcome", method=b"GET", open=True),
}
SERVED = frozenset(route.wire for route in _FIXED.values()) | {"gemini"}
"""Dialects that callers speak."""

_MATCHES = {path: Match(route) for path, route in _FIXED.items()}
_MODEL = Route("model", method=b"GET")
_GEMINI_MODEL = Route("model", "gemini", method=b"GET")
_GEMINI_VERBS = {
    b"generateContent": (Route("chat", "gemini"), False),
    b"streamGenerateContent": (Route("chat", "gemini"), True),
    b"countTokens": (Route("count_tokens", "gemini"), None),
    b"embedContent": (Route("embeddings", "gemini"), None),
    b"batchEmbedContents": (Route("embeddings", "gemini"), None),
}
_PREFIXES = ((b"/v1beta/models/", _GEMINI_MODEL), (b"/v1beta1/models/", _GEMINI_MODEL), (b"/v1/models/", _MODEL))


def match(method: bytes, path: bytes) -> Match:
    """The route of a path.

    Raises:
        UnknownPath, WrongMethod: with what is served instead.
    """
    found = _MATCHES.get(path) or _with_model(path)
    if found is None:
        raise UnknownPath(f"nothing is served at {path.decode('latin-1')}; the paths are listed at /openapi.json")
    if method != found.route.method and not (method == b"HEAD" and found.route.method == b"GET"):
        raise WrongMethod(f"{path.decode('latin-1')} takes {found.route.method.decode()}, not {method.decode('latin-1')}")
    return found


def _with_model(path: bytes) -> Match | None:
    for prefix, plain in _PREFIXES:
        if path.startswith(prefix):
            rest = path[len(prefix) :]
            name, _, verb = rest.rpartition(b":")
            if name and verb in _GEMINI_VERBS:
                route, stream = _GEMINI_VERBS[verb]
                return Match(route, _unquote(name), stream)
            return Match(plain, _unquote(rest))
    return None


def dialect_of(path: bytes) -> str:
    """The dialect for errors at a path that has no route."""
    if path.startswith((b"/v1beta", b"/v1beta1")):
        return "gemini"
    return "anthropic_messages" if path.startswith(b"/v1/messages") else "openai_chat"


def refuse_key_in_query(query: bytes) -> None:
    """Refuses `?key=` and its like: a URL lands in logs, so such a key must be considered known.

    Raises:
        KeyInQuery: always when one is there, whether valid or not.
    """
    for pair in query.split(b"&"):
        if pair.partition(b"=")[0].lower() in (b"key", b"api_key", b"api-key", b"apikey", b"access_token"):
            raise KeyInQuery(
                "keys in the URL are refused because URLs are logged; send `Authorization: Bearer` and replace this key"
            )


def _unquote(name: bytes) -> str:
    return unquote_to_bytes(name).decode("utf-8", "replace")
