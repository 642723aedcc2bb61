"""What a dialect must be able to do. Pure: bytes and values in, values and bytes out; no socket, no clock.

A dialect is a package `wire/<name>/` of three modules, `request`, `response` and `stream`, bound together by one class in
its `__init__` (`wire/openai_chat` -> `OpenaiChat`). It is *served* when callers speak it to Gamma, *called* when Gamma
speaks it to a provider. Every dialect does both, so that the simulator can play any provider and every translation can
be tested in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, ChatResponse, JsonObject
from gamma.types.frame import Frame, Framing
from gamma.types.usage import Usage
from gamma.wire.events import Event


class Traits(Struct, frozen=True, kw_only=True):
    """What a provider's row says about its flavour of a dialect; a wire reads the traits that concern it.

    Attributes:
        system_role: what a `developer` message becomes.
        token_field: the name that bounds the answer's length in OpenAI's chat dialect.
        flatten_text: content lists that hold only text become one string.
        json_schema: how structured output is asked for: by the dialect's schema field (`native`), by JSON mode with the
            schema in the system text (`json_object`), by the text alone (`prompt`), or by forcing one tool (`tool`).
        reasoning_field: the field that carries reasoning back to the model on assistant messages (`content`: as thinking
            chunks; `reasoning_details`: with signatures); None leaves it out.
        stream_usage: whether token counts of a stream must be asked for (`ask`) or come by themselves (`given`).
        tool_id_length: tool call ids must be exactly this many alphanumerics (Mistral: 9); None takes any.
        reasoning_excluded: output counts leave reasoning out and must be raised by it (xAI chat).
        reasoning_request: how thinking is asked for in OpenAI's chat dialect: `given` sends what such a caller wrote, else
            `reasoning_effort`; `reasoning_effort`, `reasoning` (OpenRouter's object), `thinking` (`{type}`) and
            `enable_thinking` send that form whatever the caller wrote.
        seed_field: the name of the seed in OpenAI's chat dialect (Mistral: `random_seed`).
        cache_control: content parts may carry Anthropic's `cache_control` in OpenAI's chat dialect.
        thinking: what Claude takes for thinking: a `budget`, or `adaptive` with an effort (the newest models).
        unsupported: canonical request fields and part kinds (`image`, `audio`, `file`, `image_url`) it cannot take; in
            OpenAI's chat dialect also `allowed_tools`, `tool_signature` and `cache_control`, which are then worked round.
    """

    system_role: str = "system"
    token_field: str = "max_tokens"  # noqa: S105  # tokens of text
    flatten_text: bool = False
    json_schema: str = "native"
    reasoning_field: str | None = None
    stream_usage: str = "ask"
    tool_id_length: int | None = None
    reasoning_excluded: bool = False
    reasoning_request: str = "given"
    seed_field: str = "seed"
    cache_control: bool = False
    thinking: str = "budget"
    unsupported: frozenset[str] = frozenset()


class Target(Struct, frozen=True, kw_only=True):
    """Whom a request is rendered for.

    Attributes:
        model: the provider's name of the model.
        drop_unsupported: leave out what the target cannot take instead of refusing.
        max_output_tokens: the model's own limit, for dialects that require one; None when unknown.
    """

    model: str
    traits: Traits = Traits()
    drop_unsupported: bool = False
    max_output_tokens: int | None = None


class Style(Struct, frozen=True, kw_only=True):
    """What a served answer needs to know of its request.

    Attributes:
        model: the public name to show.
        id: the answer's id where the provider gave none; dialects add their own prefix.
        created: seconds since 1970, used where the provider gave none.
        include_usage: the caller asked for token counts in the stream.
        request: the parsed request, for dialects that echo parts of it (responses).
        array: the caller reads streams as one JSON array (Gemini without `alt=sse`).
    """

    model: str
    id: str
    created: int
    include_usage: bool = True
    request: ChatRequest | None = None
    array: bool = False


class EventParser(Protocol):
    """Reads one stream of a provider; holds that stream's state."""

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Canonical events of one frame; unknown frames give none.

        Raises:
            ProviderMalformed: the frame is not of this dialect (broken JSON, wrong shapes).
        """

    def parse_end(self) -> Iterable[Event]:
        """Called once at end of input: what is still owed.

        A stream that ended before its answer did yields Failed(ProviderStreamCut); a whole one yields at most Finished.
        """


class EventRenderer(Protocol):
    """Writes one stream to a caller; holds that stream's state. All three return framed bytes, maybe empty."""

    def render_event(self, event: Event) -> bytes:
        """Bytes to send for one canonical event; Finished and usage may be held back until `render_end`."""

    def render_end(self) -> bytes:
        """What closes a whole answer, the dialect's terminator included."""

    def render_error(self, error: GammaError) -> bytes:
        """An explicit error event, without the terminator."""


class Served(Protocol):
    """The side that faces callers."""

    framing: ClassVar[Framing]
    """How its streams are framed: `sse`, `ndjson`, `eventstream` or `json_array`."""

    def parse_request(self, body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
        """A caller's request.

        Args:
            body: the decoded JSON object.
            model: the name in the path, for dialects that carry it there; wins over the body.
            stream: whether the path asks for a stream, likewise.

        Raises:
            MissingField, InvalidType, InvalidRequest: naming the field in `param`.
        """

    def render_response(self, response: ChatResponse, style: Style) -> JsonObject:
        """A whole answer that the strict types of the official SDK accept."""

    def event_renderer(self, style: Style) -> EventRenderer:
        """A writer for one stream."""

    def render_error(self, error: GammaError, request_id: str) -> JsonObject:
        """An error body; the HTTP status is `error.status`."""


class Called(Protocol):
    """The side that faces providers."""

    framing: ClassVar[Framing]
    path: ClassVar[str]
    """Path below a provider's base URL; `{model}` stands for the URL-quoted model."""
    stream_path: ClassVar[str]
    """The same for streams."""

    def render_request(self, request: ChatRequest, target: Target) -> JsonObject:
        """The body to send.

        Raises:
            UnsupportedParameter: the dialect or the target's traits cannot express a field that changes the answer.
        """

    def parse_response(self, body: bytes, traits: Traits) -> ChatResponse:
        """A provider's whole answer, read leniently.

        Raises:
            ProviderMalformed: it is not JSON or lacks what makes it an answer.
            ProviderError: it is an error in a 200's clothes.
        """

    def event_parser(self, traits: Traits) -> EventParser:
        """A reader for one stream."""

    def parse_usage(self, body: bytes, traits: Traits) -> Usage | None:
        """Only the token counts of a whole answer: the copy that is read when the bytes pass through.

        Raises:
            ProviderMalformed: as `parse_response`.
        """
