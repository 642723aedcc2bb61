"""What a generateContent answer looks like on the wire, with every field optional: vendors leave out what is zero or empty.

One decode per event: fields that nobody reads (safety ratings, token details by modality other than audio) are skipped by
the decoder. Sources: providers.md 6; google-genai 3.4's own types; recorded: gemini, vertex.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from gamma.errors import ProviderMalformed
from gamma.types.chat import JsonObject


class PartialArg(Struct, frozen=True, rename="camel"):
    """A streamed piece of one argument; `json_path` such as `$.place.city` or `$.days[0]` says which (Vertex)."""

    json_path: str = "$"
    string_value: str | None = None
    number_value: float | None = None
    bool_value: bool | None = None


class FunctionCall(Struct, frozen=True, rename="camel"):
    """A call, whole, or in pieces when arguments are streamed (`partialArgs`, `willContinue`)."""

    name: str | None = None
    id: str | None = None
    args: Raw = Raw()  # empty when absent; msgspec takes no union with Raw
    partial_args: list[PartialArg] | None = None
    will_continue: bool | None = None


class Blob(Struct, frozen=True, rename="camel"):
    """Inline data, or a file by address."""

    mime_type: str | None = None
    data: str | None = None
    file_uri: str | None = None


class Part(Struct, frozen=True, rename="camel"):
    """One part of an answer. The last six are the provider's own tools at work, kept as they came."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None
    file_data: Blob | None = None
    executable_code: JsonObject | None = None
    code_execution_result: JsonObject | None = None
    function_response: JsonObject | None = None
    tool_call: JsonObject | None = None
    tool_response: JsonObject | None = None


class Content(Struct, frozen=True):
    """The parts of a candidate; both missing when the output was blocked."""

    parts: list[Part] | None = None


class ChosenToken(Struct, frozen=True, rename="camel"):
    """A token and its natural-log probability."""

    token: str | None = None
    log_probability: float | None = None


class TopTokens(Struct, frozen=True):
    """The likeliest tokens at one place."""

    candidates: list[ChosenToken] | None = None


class LogprobsResult(Struct, frozen=True, rename="camel"):
    """Probabilities of the chosen tokens and of their rivals, by place."""

    chosen_candidates: list[ChosenToken] | None = None
    top_candidates: list[TopTokens] | None = None


class CitationMetadata(Struct, frozen=True, rename="camel"):
    """Recited sources: AI Studio says `citationSources`, Vertex `citations`."""

    citations: list[JsonObject] | None = None
    citation_sources: list[JsonObject] | None = None


class Candidate(Struct, frozen=True, rename="camel"):
    """One of the answers; `index` is absent on Vertex when there is but one."""

    content: Content | None = None
    finish_reason: str | None = None
    index: int | None = None
    grounding_metadata: JsonObject | None = None
    url_context_metadata: JsonObject | None = None
    citation_metadata: CitationMetadata | None = None
    logprobs_result: LogprobsResult | None = None


class ModalityCount(Struct, frozen=True, rename="camel"):
    """Tokens of one modality."""

    modality: str | None = None
    token_count: int | None = None


class UsageMetadata(Struct, frozen=True, rename="camel"):
    """Token counts; a count of zero is left out (providers.md 2.4)."""

    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    total_token_count: int | None = None
    prompt_tokens_details: list[ModalityCount] | None = None
    candidates_tokens_details: list[ModalityCount] | None = None
    service_tier: str | None = None


class PromptFeedback(Struct, frozen=True, rename="camel"):
    """Why a prompt was refused."""

    block_reason: str | None = None
    block_reason_message: str | None = None


class Answer(Struct, frozen=True, rename="camel"):
    """A generateContent answer, or one event of a stream."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    response_id: str | None = None
    model_version: str | None = None
    create_time: str | None = None
    error: Any = None


class _UsageOnly(Struct, frozen=True, rename="camel"):
    usage_metadata: UsageMetadata | None = None
    error: Any = None
    candidates: Raw = Raw()
    prompt_feedback: Raw = Raw()


_ANSWER = msgspec.json.Decoder(Answer, strict=False)  # int64 travels as a string in protobuf's JSON
_ANSWERS = msgspec.json.Decoder(list[Answer], strict=False)
_USAGE_ONLY = msgspec.json.Decoder(_UsageOnly, strict=False)


def decode_answer(data: bytes) -> Answer:
    """One answer.

    Raises:
        ProviderMalformed: it is not JSON, or not of these shapes.
    """
    try:
        return _ANSWER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderMalformed(f"the provider sent something that is no generateContent answer: {error}") from error


def decode_answers(data: bytes) -> list[Answer]:
    """A list of answers: the body of a stream that was not asked for as SSE, an error's also.

    Raises:
        ProviderMalformed: as `decode_answer`.
    """
    try:
        return _ANSWERS.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderMalformed(f"the provider sent something that is no list of answers: {error}") from error


def decode_usage(data: bytes) -> _UsageOnly:
    """Only the token counts of an answer, and whether it is one.

    Raises:
        ProviderMalformed: as `decode_answer`.
    """
    try:
        return _USAGE_ONLY.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderMalformed(f"the provider sent something that is no generateContent answer: {error}") from error
