"""The wrapping of InvokeModelWithResponseStream: event `chunk`, payload `{"bytes": base64(JSON)}` (providers.md 7.2)."""

from __future__ import annotations

import msgspec

from gamma.errors import GammaError, ProviderMalformed
from gamma.transport.eventstream import encode
from gamma.types.chat import JsonObject
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.bedrock_converse.errors import render_exception

METRICS = "amazon-bedrock-invocationMetrics"
"""The member that Bedrock adds to a stream's last chunk, whatever the family."""


class _Payload(msgspec.Struct):
    data: bytes = msgspec.field(name="bytes")  # msgspec reads base64 text into bytes


class _Metrics(msgspec.Struct):
    inputTokenCount: int | None = 0  # noqa: N815  # the wire's own spelling, as below
    outputTokenCount: int | None = 0  # noqa: N815
    cacheReadInputTokenCount: int | None = 0  # noqa: N815
    cacheWriteInputTokenCount: int | None = 0  # noqa: N815


class _Measured(msgspec.Struct):
    metrics: _Metrics | None = msgspec.field(default=None, name=METRICS)


_PAYLOAD = msgspec.json.Decoder(_Payload)
_MEASURED = msgspec.json.Decoder(_Measured)


def unpack_chunk(frame: Frame) -> Frame:
    """The frame with the family's own JSON in it.

    Raises:
        ProviderMalformed: it is not a chunk.
    """
    try:
        return Frame(_PAYLOAD.decode(frame.data).data)
    except ValueError:
        raise ProviderMalformed("the provider's stream holds a chunk that cannot be unpacked") from None


def pack_chunk(data: bytes) -> bytes:
    """One message of the event stream around a family's JSON."""
    return encode("chunk", msgspec.json.encode(_Payload(data)))


def pack_error(error: GammaError) -> bytes:
    """An exception message."""
    word, body = render_exception(error)
    return encode(word, body, "exception")


def read_metrics(data: bytes) -> Usage | None:
    """Bedrock's own counts in a chunk; None where it has none."""
    if METRICS.encode() not in data:
        return None
    try:
        found = _MEASURED.decode(data).metrics
    except ValueError:
        return None
    if found is None:
        return None
    read, written = found.cacheReadInputTokenCount or 0, found.cacheWriteInputTokenCount or 0
    return Usage(
        input_tokens=(found.inputTokenCount or 0) + read + written,
        output_tokens=found.outputTokenCount or 0,
        cache_read_tokens=read,
        cache_write_tokens=written,
    )


def metrics_of(usage: Usage) -> JsonObject:
    """The member for a last chunk."""
    return {
        "inputTokenCount": usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens,
        "outputTokenCount": usage.output_tokens,
        "cacheReadInputTokenCount": usage.cache_read_tokens,
        "cacheWriteInputTokenCount": usage.cache_write_tokens,
    }
