"""Bedrock's error words, both ways (providers.md 7.2, 11)."""

from __future__ import annotations

import msgspec

from gamma.errors import CallerError, GammaError, ProviderError
from gamma.types.chat import JsonObject
from gamma.types.frame import Frame
from gamma.wire.provider_errors import parse_error

_STATUS = {
    "accessDeniedException": 403,
    "internalServerException": 500,
    "modelErrorException": 424,
    "modelNotReadyException": 429,
    "modelStreamErrorException": 424,
    "modelTimeoutException": 408,
    "resourceNotFoundException": 404,
    "serviceQuotaExceededException": 400,
    "serviceUnavailableException": 503,
    "throttlingException": 429,
    "validationException": 400,
}
_WORD = {
    401: "AccessDeniedException",
    402: "ServiceQuotaExceededException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    502: "ModelErrorException",
    503: "ServiceUnavailableException",
    504: "ModelTimeoutException",
}


def parse_exception(frame: Frame) -> GammaError:
    """What an exception message inside a stream means."""
    word = frame.event[:1].lower() + frame.event[1:]
    return parse_error(_STATUS.get(word, 500), {"x-amzn-errortype": word[:1].upper() + word[1:]}, frame.data)


def render_error(error: GammaError) -> JsonObject:
    """An error body; `__type` holds the word that belongs into the header `x-amzn-errortype`."""
    word = _WORD.get(error.status, "ValidationException" if error.status < 500 else "InternalServerException")
    return {"message": error.message, "__type": word}


def render_exception(error: GammaError) -> tuple[str, bytes]:
    """The exception type and body of an error inside a stream: one of the five that ConverseStream knows."""
    body: JsonObject = {"message": error.message}
    if error.status == 429:
        word = "throttlingException"
    elif error.status == 503:
        word = "serviceUnavailableException"
    elif isinstance(error, ProviderError):
        word = "modelStreamErrorException"
        body |= {"originalStatusCode": error.provider_status or error.status, "originalMessage": error.message}
    else:
        word = "validationException" if isinstance(error, CallerError) else "internalServerException"
    return word, msgspec.json.encode(body)
