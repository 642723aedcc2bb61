"""Errors as Google writes them: `google.rpc.Status` with details."""

from __future__ import annotations

from gamma.errors import GammaError
from gamma.types.chat import JsonObject

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "FAILED_PRECONDITION",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    431: "INVALID_ARGUMENT",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_TYPE = "type.googleapis.com/google.rpc."


def render_error(error: GammaError, request_id: str) -> JsonObject:
    """An error body; `details[0].reason` is Gamma's own code.

    Args:
        error: what happened; its `status` is the HTTP status, and the `code` here.
        request_id: shown in the details; empty leaves it out.
    """
    default = "INVALID_ARGUMENT" if error.status < 500 else "INTERNAL"
    details: list[JsonObject] = [{"@type": f"{_TYPE}ErrorInfo", "reason": error.code, "domain": "gamma"}]
    if error.param is not None:
        violation = {"field": error.param, "description": error.message}
        details.append({"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]})
    if error.retry_after_s is not None:
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{max(error.retry_after_s, 0):g}s"})
    if request_id:
        details.append({"@type": f"{_TYPE}RequestInfo", "requestId": request_id})
    return {
        "error": {
            "code": error.status,
            "message": error.message,
            "status": _STATUSES.get(error.status, default),
            "details": details,
        }
    }
