"""A provider's stream of generateContent answers to canonical events; a whole answer is a stream of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from gamma.errors import GammaError, ProviderMalformed, ProviderStreamCut
from gamma.types.chat import Media, TokenLogprob
from gamma.types.frame import Frame
from gamma.wire.call_ids import call_id
from gamma.wire.events import (
    CitationDelta,
    Event,
    Failed,
    Finished,
    MediaDelta,
    OpaqueDelta,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from gamma.wire.gemini.arguments import StreamedArguments
from gamma.wire.gemini.counts import parse_usage
from gamma.wire.gemini.finishes import parse_finish
from gamma.wire.gemini.grounding import beside_text, parse_citations
from gamma.wire.gemini.media import media_kind
from gamma.wire.gemini.names import DIALECT
from gamma.wire.gemini.shapes import Answer, Candidate, FunctionCall, LogprobsResult, Part, decode_answer, decode_answers
from gamma.wire.gemini.signatures import parse_reasoning
from gamma.wire.moments import seconds_of
from gamma.wire.provider_errors import parse_error

_OPAQUE = (
    ("executable_code", "executableCode"),
    ("code_execution_result", "codeExecutionResult"),
    ("function_response", "functionResponse"),
    ("tool_call", "toolCall"),
    ("tool_response", "toolResponse"),
)


class _Choice:
    """Where one candidate stands."""

    __slots__ = ("block", "calls", "finished", "index", "kind", "streamed", "text")

    def __init__(self, index: int) -> None:
        self.index = index
        self.block = 0
        self.kind = ""  # of the part before: text, thought or anything else
        self.calls = 0
        self.streamed: StreamedArguments | None = None
        self.text: list[str] = []  # of the last text block; citations count from its start
        self.finished = False

    def enter(self, kind: str) -> int:
        """The block for a part of this kind; a part that follows one of another kind opens a new one."""
        if kind != self.kind:
            self.close()
            self.kind = kind
            self.text = []
        return self.block

    def close(self) -> None:
        """Ends the block, so that what follows is a part of its own."""
        if self.kind:
            self.block += 1
            self.kind = ""


class StreamParser:
    """Reads one stream, or with `whole` one answer whose parts stay apart."""

    def __init__(self, *, whole: bool = False) -> None:
        self._whole = whole
        self._id = ""
        self._started = False
        self._over = False  # an error came, or the prompt was refused: nothing is owed any more
        self._choices: dict[int, _Choice] = {}

    def parse_event(self, frame: Frame) -> Iterable[Event]:
        """Canonical events of one frame: an answer, an error, or a list of either.

        Raises:
            ProviderMalformed: the frame is neither.
        """
        if self._over or frame.data == b"[DONE]":  # never Google's, but compatible servers send it
            return ()
        if frame.data.lstrip()[:1] != b"[":
            return self.parse_answer(decode_answer(frame.data), frame.data)
        events: list[Event] = []
        for answer in decode_answers(frame.data):
            events.extend(self.parse_answer(answer, frame.data))
        return events

    def parse_answer(self, answer: Answer, data: bytes) -> list[Event]:
        """Canonical events of one decoded answer; `data` is what it was decoded from."""
        if answer.error is not None:
            self._over = True
            return [Failed(_error(answer.error, data))]
        events: list[Event] = []
        if not self._started:
            self._started = True
            self._id = answer.response_id or ""
            events.append(_started(answer))
        for candidate in answer.candidates or ():
            self._parse_candidate(candidate, events)
        feedback = answer.prompt_feedback
        if feedback is not None and feedback.block_reason is not None and not answer.candidates and not self._choices:
            self._over = True
            events.append(Finished("content_filter", 0, feedback.block_reason))
        if (usage := parse_usage(answer.usage_metadata)) is not None:
            events.append(UsageReported(usage))
        return events

    def parse_end(self) -> Iterable[Event]:
        """Nothing when every candidate has said why it ended, else that the stream was cut."""
        if self._over:
            return ()
        if self._choices and all(choice.finished for choice in self._choices.values()):
            return ()
        self._over = True
        return (Failed(ProviderStreamCut("the provider's stream ended before its answer did")),)

    def finish(self) -> Iterable[Event]:
        """Ends candidates of a whole answer that did not say why they ended.

        Raises:
            ProviderMalformed: there is no candidate, and the prompt was not refused.
        """
        if not self._choices and not self._over:
            raise ProviderMalformed("the provider answered without any candidate")
        return [
            Finished(parse_finish(None, called=choice.calls > 0), choice.index)
            for choice in self._choices.values()
            if not choice.finished
        ]

    def _parse_candidate(self, candidate: Candidate, events: list[Event]) -> None:
        index = candidate.index or 0
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _Choice(index)
        logprobs = _logprobs(candidate.logprobs_result) if candidate.logprobs_result is not None else ()
        content = candidate.content
        for part in (content.parts if content is not None else None) or ():
            if self._whole:
                choice.close()
            if part.text is None or part.function_call is not None:
                self._parse_other(part, choice, events)
            elif part.thought:
                self._parse_thought(part, choice, events)
            elif part.text or part.thought_signature or logprobs:
                block = choice.enter("text")
                choice.text.append(part.text)
                events.append(TextDelta(part.text, index, block, part.thought_signature, logprobs))
                logprobs = ()
                if part.thought_signature is not None:
                    choice.close()
        if candidate.grounding_metadata or candidate.citation_metadata or candidate.url_context_metadata:
            events.extend(CitationDelta(citation, index) for citation in parse_citations(candidate, "".join(choice.text)))
            if kept := beside_text(candidate):
                events.append(OpaqueDelta(DIALECT, kept, index))
        if candidate.finish_reason is not None and not choice.finished:
            choice.finished = True
            self._end_arguments(choice, events)
            reason = parse_finish(candidate.finish_reason, called=choice.calls > 0)
            events.append(Finished(reason, index, candidate.finish_reason))

    def _parse_thought(self, part: Part, choice: _Choice, events: list[Event]) -> None:
        block = choice.enter("thought")
        thought = parse_reasoning(part.text or "", part.thought_signature)
        events.append(
            ReasoningDelta(
                thought.text, choice.index, block, thought.signature, thought.encrypted, thought.id, thought.dialect
            )
        )
        if part.thought_signature is not None:
            choice.close()

    def _parse_other(self, part: Part, choice: _Choice, events: list[Event]) -> None:
        if part.function_call is not None:
            self._parse_call(part.function_call, part.thought_signature, choice, events)
            choice.close()
        elif (blob := part.inline_data or part.file_data) is not None:
            choice.close()
            kind = media_kind(blob.mime_type)
            data, url = (blob.data or "", None) if part.inline_data is not None else (None, blob.file_uri or "")
            events.append(MediaDelta(Media(kind=kind, mime_type=blob.mime_type, data=data, url=url), choice.index))
        elif value := {theirs: found for ours, theirs in _OPAQUE if (found := getattr(part, ours)) is not None}:
            choice.close()
            if part.thought_signature is not None:
                value["thoughtSignature"] = part.thought_signature
            events.append(OpaqueDelta(DIALECT, value, choice.index))
        elif part.thought_signature is not None:
            events.append(TextDelta("", choice.index, choice.enter("text"), part.thought_signature))

    def _parse_call(self, call: FunctionCall, signature: str | None, choice: _Choice, events: list[Event]) -> None:
        if call.name:
            self._end_arguments(choice, events)
            given = call.id or call_id(f"{self._id}/{choice.index}", choice.calls, call.name)
            events.append(ToolCallStarted(choice.calls, given, call.name, choice.index, signature))
            choice.calls += 1
            if not call.will_continue and not call.partial_args:
                arguments = msgspec.json.format(bytes(call.args), indent=-1).decode() if bytes(call.args) else "{}"
                events.append(ToolCallDelta(choice.calls - 1, "{}" if arguments == "null" else arguments, choice.index))
                return
            choice.streamed = StreamedArguments()
        if choice.streamed is not None:
            choice.streamed.add(call)
            if not call.will_continue:
                self._end_arguments(choice, events)

    def _end_arguments(self, choice: _Choice, events: list[Event]) -> None:
        if choice.streamed is not None:
            events.append(ToolCallDelta(choice.calls - 1, choice.streamed.text(), choice.index))
            choice.streamed = None


def _started(answer: Answer) -> Started:
    counts = answer.usage_metadata
    return Started(
        id=answer.response_id or "",
        model=answer.model_version or "",
        created=seconds_of(answer.create_time or ""),
        service_tier=counts.service_tier if counts is not None else None,
    )


def _error(error: Any, data: bytes) -> GammaError:
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    return parse_error(status, {}, data if data.lstrip()[:1] == b"{" else msgspec.json.encode({"error": error}))


def _logprobs(result: LogprobsResult) -> tuple[TokenLogprob, ...]:
    rivals = result.top_candidates or []
    return tuple(
        TokenLogprob(
            token=chosen.token or "",
            logprob=chosen.log_probability or 0.0,
            top=tuple(
                TokenLogprob(token=rival.token or "", logprob=rival.log_probability or 0.0)
                for rival in (rivals[i].candidates or () if i < len(rivals) else ())
            ),
        )
        for i, chosen in enumerate(result.chosen_candidates or ())
    )
