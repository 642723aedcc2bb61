"""A provider's stream, chunk by chunk (providers.md 2.1, 2.2, 3 and 10)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gamma.errors import ProviderMalformed, ProviderStreamCut
from gamma.types.chat import Media, Reasoning, Text
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.base import Traits
from gamma.wire.events import (
    CitationDelta,
    Ended,
    Event,
    Failed,
    Finished,
    MediaDelta,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from gamma.wire.openai_chat.messages import made_up_id
from gamma.wire.openai_chat.reasoning import google_signature, parse_detail
from gamma.wire.openai_chat.response import (
    arguments_text,
    envelope_usage,
    finish_of,
    parse_annotation,
    parse_failure,
    parse_image,
    parse_logprobs,
    parse_sound,
    parse_sources,
    parse_spoken,
)
from gamma.wire.openai_chat.shapes import Call, CallFunction, Chunk, ChunkChoice, Spoken, read
from gamma.wire.openai_chat.structured import ANSWER_TOOL
from gamma.wire.provider_errors import parse_error

_CHUNK = msgspec.json.Decoder(Chunk)


class _OpenCall:
    """A tool call whose arguments are arriving; `answer` marks the forced tool whose arguments are the text."""

    __slots__ = ("answer", "call_id", "index", "said")

    def __init__(self, index: int, call_id: str, *, answer: bool) -> None:
        self.index = index
        self.call_id = call_id
        self.answer = answer
        self.said = False


class _ChoiceState:
    """What is known of one choice so far."""

    __slots__ = ("calls", "finished", "keys", "signatures")

    def __init__(self) -> None:
        self.calls: list[_OpenCall] = []
        self.keys: dict[int, _OpenCall] = {}  # the provider's index -> its latest call
        self.signatures: dict[str, str] = {}  # call id -> Gemini signature that came before the call
        self.finished = False


class ChunkParser:
    """Reads one stream.

    Args:
        traits: the provider's flavour.
    """

    def __init__(self, traits: Traits) -> None:
        self._traits = traits
        self._id = ""
        self._started = False
        self._over = False
        self._choices: dict[int, _ChoiceState] = {}
        self._usage: Usage | None = None
        self._sources: Chunk | None = None

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Events of one frame; see `EventParser.parse_event`."""
        data = frame.data
        if self._over:
            return ()
        if data[:1] != b"{":
            return self._parse_other(data.strip(), frame)
        chunk = read(data, _CHUNK)
        if frame.event == "error" or chunk.is_error():
            return self._fail(data, chunk)
        choices = chunk.choices
        if not choices:
            return self._parse_bare(data, chunk)
        if self._started and len(choices) == 1 and chunk.usage is None:
            choice = choices[0]
            delta = choice.delta
            if (
                delta is not None
                and choice.finish_reason is None
                and choice.logprobs is None
                and type(delta.content) is str
                and chunk.citations is None
                and chunk.search_results is None
                and choice.error is None
                and delta.is_plain()
                and choice.index in self._choices
            ):
                return (TextDelta(delta.content, choice.index),) if delta.content else ()
        return self._parse_chunk(chunk, choices)

    def parse_end(self) -> Iterable[Event]:
        """What is owed at the end; see `EventParser.parse_end`."""
        if self._over:
            return ()
        self._over = True
        if self._choices and all(state.finished for state in self._choices.values()):
            return ()
        return (Failed(ProviderStreamCut("The provider's stream ended before its answer did.")),)

    def _parse_other(self, data: bytes, frame: Frame) -> Iterable[Event]:
        """A frame that is no JSON object: the terminator, or rubbish."""
        if data == b"[DONE]":
            return self._parse_done()
        if data[:1] == b"{":
            return self.parse_event(Frame(data, frame.event))
        if frame.event == "error":
            self._over = True
            return (Failed(parse_error(500, {}, data)),)
        if not data:
            return ()
        raise ProviderMalformed("The provider's stream holds an event that is no JSON object.")

    def _parse_done(self) -> Iterable[Event]:
        """The terminator. Without a finish reason before it (recorded: snowflake) the answer has ended all the same."""
        if not self._choices:
            return self.parse_end()
        events: list[Event] = []
        for index, state in self._choices.items():
            if not state.finished:
                self._finish(events, index, state, None)
        self._over = True
        events.append(Ended())
        return events

    def _fail(self, data: bytes, chunk: Chunk) -> Iterable[Event]:
        self._over = True
        return (Failed(parse_failure(data, chunk)),)

    def _parse_bare(self, data: bytes, chunk: Chunk) -> Iterable[Event]:
        """A chunk without choices: token counts, or azure's leading prompt filter results."""
        if chunk.choices is None and (chunk.message or chunk.detail):
            return self._fail(data, chunk)
        events: list[Event] = []
        self._take_usage(events, chunk)
        return events

    def _parse_chunk(self, chunk: Chunk, choices: list[ChunkChoice]) -> Iterable[Event]:
        events: list[Event] = []
        if not self._started:
            self._start(events, chunk)
        if chunk.search_results or chunk.citations:
            self._sources = chunk  # perplexity repeats them in each chunk: the last counts
        for place, choice in enumerate(choices):
            if choice.error:
                self._over = True
                return [*events, Failed(parse_error(500, {}, msgspec.json.encode({"error": choice.error})))]
            self._parse_choice(events, place if choice.index is None else choice.index, choice)
        self._take_usage(events, chunk)
        return events

    def _start(self, events: list[Event], chunk: Chunk) -> None:
        self._started = True
        self._id = chunk.id or ""
        events.append(
            Started(
                id=self._id,
                model=chunk.model or "",
                created=chunk.created or 0,
                service_tier=chunk.service_tier or None,
                system_fingerprint=chunk.system_fingerprint or None,
            )
        )

    def _take_usage(self, events: list[Event], chunk: Chunk) -> None:
        usage = envelope_usage(chunk, self._traits)
        if usage is not None and usage != self._usage:
            self._usage = usage
            events.append(UsageReported(usage))

    def _parse_choice(self, events: list[Event], index: int, choice: ChunkChoice) -> None:
        state = self._choices.get(index)
        if state is None:
            state = self._choices[index] = _ChoiceState()
        delta = choice.delta
        if delta is not None:
            logprobs = parse_logprobs(choice.logprobs)
            self._parse_thoughts(events, index, delta, state)
            for part in parse_spoken(delta.content):
                match part:
                    case Text(text):
                        events.append(TextDelta(text, index, logprobs=logprobs))
                        logprobs = ()
                    case Reasoning():
                        events.append(ReasoningDelta(part.text, index))
                    case Media():
                        events.append(MediaDelta(part, index))
                    case _:
                        pass  # parse_spoken gives no others
            if logprobs and not delta.refusal:  # of a token that made no visible text yet
                events.append(TextDelta("", index, logprobs=logprobs))
            self._parse_rest(events, index, delta)
        if choice.finish_reason and not state.finished:
            self._finish(events, index, state, choice.finish_reason)

    def _parse_thoughts(self, events: list[Event], index: int, delta: Spoken, state: _ChoiceState) -> None:
        text = delta.reasoning_content or delta.reasoning or ""
        for detail in delta.reasoning_details or ():
            part, block = parse_detail(detail), detail.get("index")
            if (
                part.encrypted
                and part.id
                and part.dialect == "gemini"
                and not any(c.call_id == part.id for c in state.calls)
            ):
                state.signatures[part.id] = part.encrypted
                continue
            said, text = part.text or text, ""
            if said or part.signature or part.encrypted:
                number = block if isinstance(block, int) else 0
                events.append(
                    ReasoningDelta(said, index, number, part.signature, part.encrypted, part.id, part.dialect, part.raw)
                )
        if text:
            events.append(ReasoningDelta(text, index))

    def _parse_rest(self, events: list[Event], index: int, delta: Spoken) -> None:
        """Everything of a delta but its thoughts and its content."""
        if delta.refusal:
            events.append(RefusalDelta(delta.refusal, index))
        sources = map(parse_annotation, delta.annotations or ())
        events.extend(CitationDelta(source, index) for source in sources if source is not None)
        images = map(parse_image, delta.images or ())
        events.extend(MediaDelta(image, index) for image in images if image is not None)
        if delta.audio and (sound := parse_sound(delta.audio)) is not None:
            events.append(MediaDelta(sound, index))
        signature = google_signature(delta.extra_content)
        for place, call in enumerate(delta.tool_calls or ()):
            self._parse_call(events, index, place, call, signature)
            signature = None
        if signature is not None:
            events.append(TextDelta("", index, signature=signature))
        if (function := delta.function_call) is not None and (function.name or function.arguments):
            self._parse_call(events, index, 0, Call(index=0, function=function), None)

    def _parse_call(self, events: list[Event], index: int, place: int, call: Call, signature: str | None) -> None:
        state = self._choices[index]
        custom = call.custom
        function = call.function or (CallFunction(custom.name, custom.input) if custom is not None else CallFunction())
        opened = self._open_call(state, place, call, function.name)
        if opened is None:
            if not function.name:
                return  # a fragment of nothing
            call_id = call.id or made_up_id(self._id, index, len(state.calls), function.name)
            answer = self._traits.json_schema == "tool" and function.name == ANSWER_TOOL
            opened = _OpenCall(sum(not c.answer for c in state.calls), call_id, answer=answer)
            state.calls.append(opened)
            state.keys[call.index if call.index is not None else place] = opened
            if not answer:
                signature = google_signature(call.extra_content) or signature or state.signatures.pop(call_id, None)
                kind = "function" if custom is None else "custom"
                events.append(ToolCallStarted(opened.index, call_id, function.name, index, signature, kind))
        text = arguments_text(function.arguments)
        if not text or (text == "null" and not opened.said):  # several vendors, for tools without arguments
            return
        opened.said = True
        events.append(TextDelta(text, index) if opened.answer else ToolCallDelta(opened.index, text, index))

    @staticmethod
    def _open_call(state: _ChoiceState, place: int, call: Call, name: str | None) -> _OpenCall | None:
        """The call that a fragment belongs to, None when it begins one.

        Recorded: no index on whole calls (mistral, old); the id repeated (cerebras) or `""` (alibaba) on later fragments.
        """
        if call.index is None:
            if call.id and name:
                return next((c for c in state.calls if c.call_id == call.id), None)
            return state.keys.get(place) if len(state.calls) <= 1 else state.calls[-1]
        opened = state.keys.get(call.index)
        another = opened is not None and call.id and name and call.id != opened.call_id
        return None if another else opened

    def _finish(self, events: list[Event], index: int, state: _ChoiceState, word: str | None) -> None:
        if index == 0 and self._sources is not None:
            found = parse_sources(self._sources.citations, self._sources.search_results)
            events.extend(CitationDelta(source) for source in found)
        events.extend(ReasoningDelta("", index, 0, None, data, key, "gemini") for key, data in state.signatures.items())
        calls = any(not call.answer for call in state.calls)
        finish = finish_of(word, calls=calls)
        if finish == "tool_calls" and not calls:
            finish = "stop"
        state.finished = True
        events.append(Finished(finish, index, word or None))
