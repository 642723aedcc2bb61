"""Replicate's prediction objects."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import ProviderMalformed, ProviderServerError, ProviderTimeout
from gamma.types.chat import ChatResponse, Choice, JsonObject, Refusal, Text
from gamma.types.usage import Usage
from gamma.wire.base import Style
from gamma.wire.moments import rfc3339, seconds_of
from gamma.wire.provider_errors import parse_error, redact

_RUNNING = frozenset({"starting", "processing", "queued"})
_ABANDONED = frozenset({"canceled", "aborted"})


class Urls(Struct):
    """Where a prediction can be polled or read as a stream."""

    get: str | None = None
    stream: str | None = None


class Prediction(Struct):
    """A prediction's state; `output` of a language model is a list of strings, or one string."""

    id: str = ""
    model: str = ""
    status: str | None = None
    created_at: str | None = None
    output: Any = None
    error: Any = None
    urls: Urls | None = None
    metrics: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(Prediction)


def decode_prediction(body: bytes) -> Prediction:
    """One prediction object, typed.

    Raises:
        ProviderMalformed: it is not JSON, or no prediction.
        ProviderError: it is an error object (`{"title", "detail", "status": 422}`).
    """
    try:
        prediction = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _raise_error_object(body)
        raise ProviderMalformed(f"The provider's answer is not of the replicate dialect: {error}.") from error
    if prediction.status is None:
        raise ProviderMalformed("The provider's answer is no prediction: it has no status.")
    return prediction


def _raise_error_object(body: bytes) -> None:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if isinstance(value, dict) and "detail" in value:
        raise parse_error(200, {}, body)


def prediction_state(body: bytes) -> tuple[str, str | None, str | None]:
    """What to do next with a prediction.

    Args:
        body: a prediction object, as POST or GET returned it.

    Returns:
        Its status (`starting`, `processing`, `succeeded`, `failed` or `canceled`), the address to poll, and the address of
        its stream; None where there is none.

    Raises:
        ProviderMalformed: the body is no prediction.
    """
    prediction = decode_prediction(body)
    urls = prediction.urls or Urls()
    return prediction.status or "", urls.get, urls.stream


def parse_response(body: bytes) -> ChatResponse:
    """A prediction that has ended (wire/base.py).

    Raises:
        ProviderTimeout: it is still running; the provider class should have polled further.
        ProviderServerError: it failed or was canceled.
    """
    prediction = decode_prediction(body)
    if prediction.status in _RUNNING:
        raise ProviderTimeout("The prediction has not ended yet.", provider_status=200, provider_code=prediction.status)
    if prediction.status in _ABANDONED:
        raise ProviderServerError("The prediction was canceled.", provider_status=200, provider_code=prediction.status)
    if prediction.error is not None or prediction.status == "failed":
        raise failure(prediction.error)
    return ChatResponse(
        choices=(Choice(parts=(Text(text),) if (text := _text(prediction.output)) else (), finish_raw=prediction.status),),
        id=prediction.id,
        model=prediction.model,
        created=seconds_of(prediction.created_at or ""),
        usage=usage_of(prediction),
        dialect="replicate",
    )


def failure(reason: object) -> ProviderServerError:
    """What a failed prediction says, as an error."""
    text = redact(reason) if isinstance(reason, str) and reason else "The prediction failed."
    return ProviderServerError(text, provider_status=200, provider_code="failed")


def _text(output: Any) -> str:
    if isinstance(output, str):
        return output
    if isinstance(output, list):
        return "".join(item for item in output if isinstance(item, str))
    return "" if output is None else msgspec.json.encode(output).decode()


def usage_of(prediction: Prediction) -> Usage | None:
    """Token counts of the models that report them."""
    metrics = prediction.metrics or {}
    gave, wrote = metrics.get("input_token_count"), metrics.get("output_token_count")
    if not isinstance(gave, int) and not isinstance(wrote, int):
        return None
    return Usage(input_tokens=gave if isinstance(gave, int) else 0, output_tokens=wrote if isinstance(wrote, int) else 0)


def render_response(response: ChatResponse, style: Style) -> JsonObject:
    """A prediction that has succeeded (wire/base.py)."""
    parts = response.choices[0].parts if response.choices else ()
    created = rfc3339(response.created or style.created)
    body: JsonObject = {
        "id": response.id or style.id,
        "model": style.model,
        "version": "",
        "input": {},
        "logs": "",
        "error": None,
        "status": "succeeded",
        "output": [part.text for part in parts if isinstance(part, Text | Refusal)],
        "created_at": created,
        "started_at": created,
        "completed_at": created,
        "urls": {},
    }
    if response.usage is not None:
        body["metrics"] = {
            "input_token_count": response.usage.input_tokens,
            "output_token_count": response.usage.output_tokens,
        }
    return body
