"""Token counts: input holds cache reads and writes, output holds reasoning (providers.md 2.4: no conversion needed)."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import ProviderMalformed
from gamma.types.chat import JsonObject
from gamma.types.usage import Usage

_Number = int | float | None
_DOLLARS_PER_TICK = 1e-10  # recorded: xai `cost_in_usd_ticks`


class _InputDetails(Struct):
    cached_tokens: _Number = None
    cache_write_tokens: _Number = None
    audio_tokens: _Number = None


class _OutputDetails(Struct):
    reasoning_tokens: _Number = None
    audio_tokens: _Number = None


class _Counts(Struct):
    input_tokens: _Number = None
    output_tokens: _Number = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None
    cost: Any = None
    cost_in_usd_ticks: _Number = None


class _Peek(Struct):
    usage: _Counts | None = None
    output: msgspec.Raw = msgspec.Raw()  # skipped, not decoded
    output_text: msgspec.Raw = msgspec.Raw()


_PEEK = msgspec.json.Decoder(_Peek)
_NO_INPUT_DETAILS, _NO_OUTPUT_DETAILS = _InputDetails(), _OutputDetails()


def peek_usage(body: bytes) -> Usage | None:
    """The token counts of a whole answer, its text left unread.

    Raises:
        ProviderMalformed: the body is not an answer in JSON, or its counts are no numbers.
    """
    try:
        peek = _PEEK.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ProviderMalformed(f"The provider's answer holds no readable token counts: {error}") from error
    if not peek.output and not peek.output_text:
        raise ProviderMalformed("The provider's answer has no `output`.")
    return _usage(peek.usage)


def parse_usage(value: object) -> Usage | None:
    """Token counts from a decoded `usage`; None when there are none."""
    if not isinstance(value, dict):
        return None
    try:
        return _usage(msgspec.convert(value, _Counts))
    except msgspec.ValidationError:
        return None


def _usage(counts: _Counts | None) -> Usage | None:
    if counts is None or (counts.input_tokens is None and counts.output_tokens is None):
        return None
    inputs = counts.input_tokens_details or _NO_INPUT_DETAILS
    outputs = counts.output_tokens_details or _NO_OUTPUT_DETAILS
    read, written = int(counts.input_tokens or 0), int(counts.output_tokens or 0)
    cached = min(int(inputs.cached_tokens or 0), read)
    cost = counts.cost_in_usd_ticks
    reported = counts.cost if isinstance(counts.cost, int | float) and not isinstance(counts.cost, bool) else None
    return Usage(
        input_tokens=read,
        output_tokens=written,
        cache_read_tokens=cached,
        cache_write_tokens=min(int(inputs.cache_write_tokens or 0), read - cached),
        reasoning_tokens=min(int(outputs.reasoning_tokens or 0), written),
        audio_input_tokens=min(int(inputs.audio_tokens or 0), read),
        audio_output_tokens=min(int(outputs.audio_tokens or 0), written),
        cost_usd=cost * _DOLLARS_PER_TICK if cost is not None else reported,
    )


def render_usage(usage: Usage | None) -> JsonObject | None:
    """The `usage` object, with every field that the official types require."""
    if usage is None:
        return None
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }
