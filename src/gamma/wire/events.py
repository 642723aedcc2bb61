"""The canonical stream: what every dialect's events are parsed into and rendered from.

Order within one choice: Started, then deltas, then Finished; UsageReported may come anywhere, its last value counts.
A tool call is ToolCallStarted followed by zero or more ToolCallDelta of the same `index`; indexes count the tool calls
of one choice from 0. A reasoning delta whose `block` differs from the one before starts a new reasoning part.
"""

from __future__ import annotations

from msgspec import Struct

from gamma.errors import GammaError
from gamma.types.chat import Citation, FinishReason, JsonObject, Media, TokenLogprob
from gamma.types.usage import Usage


class Started(Struct, frozen=True, kw_only=True, gc=False):
    """The answer has begun. `usage` holds what is already known of the input."""

    id: str = ""
    model: str = ""
    created: int = 0
    usage: Usage | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None


class TextDelta(Struct, frozen=True, gc=False):
    """More text. `block` tells text parts of one choice apart (a new number starts a new part)."""

    text: str
    choice: int = 0
    block: int = 0
    signature: str | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    phase: str | None = None


class ReasoningDelta(Struct, frozen=True, gc=False):
    """More reasoning; `signature` and `encrypted` are whole or fragments to be appended."""

    text: str = ""
    choice: int = 0
    block: int = 0
    signature: str | None = None
    encrypted: str | None = None
    id: str | None = None
    dialect: str = ""
    raw: bool = False


class RefusalDelta(Struct, frozen=True, gc=False):
    """More of a stated refusal."""

    text: str
    choice: int = 0


class CitationDelta(Struct, frozen=True):
    """A source for the text so far."""

    citation: Citation
    choice: int = 0


class MediaDelta(Struct, frozen=True):
    """A whole generated image or sound, or a fragment of sound to be appended."""

    media: Media
    choice: int = 0


class ToolCallStarted(Struct, frozen=True, gc=False):
    """A tool call has begun; its arguments follow."""

    index: int
    id: str
    name: str
    choice: int = 0
    signature: str | None = None
    kind: str = "function"


class ToolCallDelta(Struct, frozen=True, gc=False):
    """A fragment of a tool call's arguments, as JSON text."""

    index: int
    arguments: str
    choice: int = 0


class OpaqueDelta(Struct, frozen=True):
    """A block that only its own dialect understands, whole; others leave it out."""

    dialect: str
    value: JsonObject
    choice: int = 0


class Finished(Struct, frozen=True, gc=False):
    """A choice has ended, and why."""

    reason: FinishReason
    choice: int = 0
    raw: str | None = None
    stop_sequence: str | None = None


class UsageReported(Struct, frozen=True, gc=False):
    """Token counts so far; each report replaces the one before."""

    usage: Usage


class Failed(Struct, frozen=True):
    """The provider reported an error inside the stream. Nothing follows."""

    error: GammaError


class Ended(Struct, frozen=True):
    """The dialect's own terminator was seen."""


Event = (
    Started
    | TextDelta
    | ReasoningDelta
    | RefusalDelta
    | CitationDelta
    | MediaDelta
    | ToolCallStarted
    | ToolCallDelta
    | OpaqueDelta
    | Finished
    | UsageReported
    | Failed
    | Ended
)
