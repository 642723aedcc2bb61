"""Between a stream and a whole answer: `Assembler` builds one from events, `replay` takes one apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from gamma.types.chat import (
    ChatResponse,
    Choice,
    Citation,
    FinishReason,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    TokenLogprob,
    ToolCall,
)
from gamma.types.usage import Usage
from gamma.wire.events import (
    CitationDelta,
    Ended,
    Event,
    Failed,
    Finished,
    MediaDelta,
    OpaqueDelta,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)


class _Choice:
    """One choice being built: parts in order, the open ones as mutable slots."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.parts: list[Part] = []
        self.open: tuple[str, int] | None = None  # kind and block of the last part
        self.calls: dict[int, int] = {}  # tool index -> position in parts
        self.arguments: dict[int, list[str]] = {}
        self.logprobs: list[TokenLogprob] = []
        self.finish: Finished | None = None

    def text(self, event: TextDelta) -> None:
        if self.open == ("text", event.block) and isinstance(last := self.parts[-1], Text):
            signature = event.signature or last.signature
            self.parts[-1] = msgspec.structs.replace(last, text=last.text + event.text, signature=signature)
        else:
            self.parts.append(Text(event.text, signature=event.signature, phase=event.phase))
            self.open = ("text", event.block)
        self.logprobs.extend(event.logprobs)

    def reasoning(self, event: ReasoningDelta) -> None:
        if self.open == ("reasoning", event.block) and isinstance(last := self.parts[-1], Reasoning):
            self.parts[-1] = Reasoning(
                text=last.text + event.text,
                signature=_join(last.signature, event.signature),
                encrypted=_join(last.encrypted, event.encrypted),
                id=last.id or event.id,
                dialect=last.dialect or event.dialect,
                raw=last.raw or event.raw,
            )
        else:
            self.parts.append(
                Reasoning(
                    text=event.text,
                    signature=event.signature,
                    encrypted=event.encrypted,
                    id=event.id,
                    dialect=event.dialect,
                    raw=event.raw,
                )
            )
            self.open = ("reasoning", event.block)

    def refusal(self, event: RefusalDelta) -> None:
        if self.open == ("refusal", 0) and isinstance(last := self.parts[-1], Refusal):
            self.parts[-1] = Refusal(last.text + event.text)
        else:
            self.parts.append(Refusal(event.text))
            self.open = ("refusal", 0)

    def media(self, event: MediaDelta) -> None:
        last = self.parts[-1] if self.parts else None
        if self.open == ("media", 0) and isinstance(last, Media) and event.media.kind == "audio" == last.kind:
            self.parts[-1] = msgspec.structs.replace(
                last, data=_join(last.data, event.media.data), text=_join(last.text, event.media.text)
            )
        else:
            self.parts.append(event.media)
            self.open = ("media", 0)

    def citation(self, citation: Citation) -> None:
        for i in range(len(self.parts) - 1, -1, -1):
            if isinstance(part := self.parts[i], Text):
                self.parts[i] = msgspec.structs.replace(part, citations=(*part.citations, citation))
                return
        self.parts.append(Text("", citations=(citation,)))
        self.open = ("text", 0)

    def call(self, event: ToolCallStarted) -> None:
        self.calls[event.index] = len(self.parts)
        self.arguments[event.index] = []
        kind = "custom" if event.kind == "custom" else "function"
        self.parts.append(ToolCall(id=event.id, name=event.name, signature=event.signature, kind=kind))  # type: ignore[arg-type]  # narrowed to the two literals above
        self.open = None

    def build(self) -> Choice:
        for index, position in self.calls.items():
            call = self.parts[position]
            assert isinstance(call, ToolCall)
            arguments = "".join(self.arguments[index])
            if call.kind == "function":
                arguments = arguments or "{}"
            self.parts[position] = msgspec.structs.replace(call, arguments=arguments)
        reason: FinishReason = self.finish.reason if self.finish else "tool_calls" if self.calls else "stop"
        return Choice(
            parts=tuple(self.parts),
            finish=reason,
            finish_raw=self.finish.raw if self.finish else None,
            stop_sequence=self.finish.stop_sequence if self.finish else None,
            index=self.index,
            logprobs=tuple(self.logprobs) or None,
        )


def _join(a: str | None, b: str | None) -> str | None:
    return a + b if a is not None and b is not None else a if b is None else b


class Assembler:
    """Builds a whole answer from events.

    Attributes:
        error: what a Failed event carried; None while all is well.
    """

    def __init__(self) -> None:
        self._started = Started()
        self._choices: dict[int, _Choice] = {}
        self._usage: Usage | None = None
        self.error: Exception | None = None

    @property
    def finished(self) -> bool:
        """Whether every choice seen so far has ended."""
        return bool(self._choices) and all(c.finish for c in self._choices.values())

    def add(self, event: Event) -> None:
        """Takes the next event."""
        match event:
            case Started():
                self._started = event
                self._usage = event.usage or self._usage
            case UsageReported():
                self._usage = event.usage
            case Failed():
                self.error = event.error
            case Ended():
                pass
            case _:
                self._add_to_choice(event)

    def _add_to_choice(self, event: Event) -> None:
        index = event.choice  # type: ignore[union-attr]  # every event left over belongs to a choice
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _Choice(index)
        match event:
            case TextDelta():
                choice.text(event)
            case ReasoningDelta():
                choice.reasoning(event)
            case ToolCallStarted():
                choice.call(event)
            case ToolCallDelta():
                choice.arguments.setdefault(event.index, []).append(event.arguments)
            case RefusalDelta():
                choice.refusal(event)
            case MediaDelta():
                choice.media(event)
            case CitationDelta():
                choice.citation(event.citation)
            case OpaqueDelta():
                choice.parts.append(Opaque(event.dialect, event.value))
                choice.open = None
            case Finished():
                choice.finish = event

    def response(self) -> ChatResponse:
        """The answer so far."""
        return ChatResponse(
            choices=tuple(c.build() for _, c in sorted(self._choices.items())),
            id=self._started.id,
            model=self._started.model,
            created=self._started.created,
            usage=self._usage,
            service_tier=self._started.service_tier,
            system_fingerprint=self._started.system_fingerprint,
        )


def collect(events: Iterable[Event]) -> ChatResponse:
    """The whole answer that a stream spells out.

    Raises:
        GammaError: the stream carried a Failed event.
    """
    assembler = Assembler()
    for event in events:
        assembler.add(event)
    if assembler.error is not None:
        raise assembler.error
    return assembler.response()


def replay(response: ChatResponse) -> Iterator[Event]:
    """A whole answer as the shortest stream that spells it out."""
    yield Started(
        id=response.id,
        model=response.model,
        created=response.created,
        service_tier=response.service_tier,
        system_fingerprint=response.system_fingerprint,
    )
    for choice in response.choices:
        yield from _replay_choice(choice)
    if response.usage is not None:
        yield UsageReported(response.usage)
    yield Ended()


def _replay_choice(choice: Choice) -> Iterator[Event]:
    calls, logprobs = 0, choice.logprobs or ()
    for block, part in enumerate(choice.parts):
        match part:
            case Text():
                yield TextDelta(part.text, choice.index, block, part.signature, logprobs, part.phase)
                logprobs = ()
                for citation in part.citations:
                    yield CitationDelta(citation, choice.index)
            case Reasoning():
                yield ReasoningDelta(
                    part.text, choice.index, block, part.signature, part.encrypted, part.id, part.dialect, part.raw
                )
            case Refusal():
                yield RefusalDelta(part.text, choice.index)
            case ToolCall():
                yield ToolCallStarted(calls, part.id, part.name, choice.index, part.signature, part.kind)
                yield ToolCallDelta(calls, part.arguments, choice.index)
                calls += 1
            case Media():
                yield MediaDelta(part, choice.index)
            case Opaque():
                yield OpaqueDelta(part.dialect, part.value, choice.index)
            case _:
                pass  # tool results are never part of an answer
    yield Finished(choice.finish, choice.index, choice.finish_raw, choice.stop_sequence)
