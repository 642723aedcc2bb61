"""A provider's error answer, in any of the shapes seen, to one of Gamma's errors (providers.md 11 and 12)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from gamma.errors import GammaError, ProviderContentFiltered, ProviderQuotaExceeded, ProviderRateLimited
from gamma.wire.error_tables import BASE_RESP, DECISIVE, TEXTS, VAGUE, Kind, kind_of_status
from gamma.wire.retry_hints import declared_wait, duration_s, retry_after, sentence_s

_MAX_MESSAGE_CHARS = 2000
_MAX_FOREIGN_CHARS = 300  # of a proxy's HTML or plain text
_MAX_SCAN_CHARS = 20_000
_TAG = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_SPACE = re.compile(r"\s+")
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:sk|xai|gsk|csk|pplx|nvapi)[-_][A-Za-z0-9_*\-]{6,}"  # openai, anthropic, openrouter, xai, groq, ...
    r"|(?:pa|pk|rk|key)-(?=[A-Za-z_*\-]*\d)[A-Za-z0-9_*\-]{6,}"  # voyage and others; words of these letters have no digit
    r"|(?:hf|r8|fw|jina)_[A-Za-z0-9_]{8,}|AIza[A-Za-z0-9_\-]{10,}|ya29\.[A-Za-z0-9_\-.]+"  # hf, replicate, google
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}|eyJ[A-Za-z0-9_\-]{10,}(?:\.[A-Za-z0-9_\-]+)*"  # aws, any JWT
    r"|(?=[A-Za-z0-9_]*[0-9])(?=[A-Za-z0-9_]*[A-Za-z])[A-Za-z0-9_]{28,}"  # any other long token
    r")"
)
_BEARER = re.compile(r"(?i)(bearer\s+)[A-Za-z0-9._~+/*=\-]{6,}")
_NAMED_KEY = re.compile(  # openai repeats whatever it was given
    r"(?i)(api[ _-]?key(?: provided)?:\s*)(?=\S*[-*\d])[^\s,;\"']*[^\s,;.\"']"
)
_REDACTED = "[redacted]"


class _Declared(Struct, kw_only=True):
    """What an error body says, whatever its shape."""

    message: str = ""
    codes: tuple[str, ...] = ()
    param: str | None = None
    status: int | None = None
    wait_s: float | None = None
    headers: Mapping[str, str] = {}
    moderated: bool = False


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> GammaError:
    """An error answer, or an error inside a stream, as one of Gamma's errors.

    Args:
        status: of the HTTP answer; 500 for an error inside a stream. A true status in the body wins over 2xx and 500.
        headers: of the answer, names in lower case.
        body: as it came; JSON of any shape, HTML or plain text.

    Returns:
        The error with the provider's own message (keys redacted), `provider_status`, `provider_code`, and, where it can be
        retried, `retry_after_s`.
    """
    value = _decode(body)
    if isinstance(value, dict) and (answered := parse_base_resp(value)) is not None:
        return answered
    declared = _read(value) if value is not None else _Declared(message=_foreign_text(body))
    if errortype := headers.get("x-amzn-errortype") or headers.get(":exception-type"):
        declared.codes = (errortype.split(":")[0].rsplit("#")[-1], *declared.codes)
    if declared.status is not None and (status < 300 or status == 500):
        status = declared.status
    kind = _kind(status, declared)
    return kind(
        redact(declared.message)[:_MAX_MESSAGE_CHARS] or f"The provider answered with status {status} and no message.",
        param=declared.param,
        retry_after_s=_wait_s(kind, {**declared.headers, **headers}, declared.wait_s),
        provider_status=status,
        provider_code=next(iter(declared.codes), str(status)),
    )


def parse_base_resp(obj: Mapping[str, Any]) -> GammaError | None:
    """The error in a body of HTTP 200 that carries `base_resp` (MiniMax), or None when it tells of success."""
    base = obj.get("base_resp")
    code = base.get("status_code") if isinstance(base, dict) else None
    if not isinstance(base, dict) or not isinstance(code, int) or code == 0:
        return None
    message = redact(_text(base.get("status_msg"))) or f"The provider answered with code {code} and no message."
    kind = BASE_RESP.get(code, kind_of_status(500))
    wait = sentence_s(message) if kind.retryable else None
    return kind(message, retry_after_s=wait, provider_status=200, provider_code=str(code))


def redact(message: str) -> str:
    """The message without anything that looks like a key: providers repeat the key they refuse."""
    message = _NAMED_KEY.sub(rf"\1{_REDACTED}", message)
    message = _BEARER.sub(rf"\1{_REDACTED}", message)
    return _KEY.sub(_REDACTED, message)


def _kind(status: int, declared: _Declared) -> Kind:
    codes = [code.lower() for code in declared.codes]
    if declared.moderated:
        return ProviderContentFiltered
    for code in codes:
        if code in DECISIVE:
            return DECISIVE[code]
    for kind, statuses, pattern in TEXTS:
        if status in statuses and pattern.search(declared.message):
            return kind
    if status < 300 or status in (400, 500):
        for code in codes:
            if code in VAGUE:
                return VAGUE[code]
    return kind_of_status(status)


def _wait_s(kind: Kind, headers: Mapping[str, str], hint_s: float | None) -> float | None:
    if kind is ProviderRateLimited:
        return retry_after(headers, hint_s)
    return declared_wait(headers, hint_s) if kind.retryable or kind is ProviderQuotaExceeded else None


def _decode(body: bytes) -> Any:
    """The JSON value, or None when the body is no JSON object (a list of one counts: gemini without `alt=sse`)."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = value[0]
    return value if isinstance(value, dict) else None


def _foreign_text(body: bytes) -> str:
    """The first words of HTML or plain text, tags left out."""
    text = _TAG.sub(" ", body[:_MAX_SCAN_CHARS].decode("utf-8", "replace"))
    return _SPACE.sub(" ", text).strip()[:_MAX_FOREIGN_CHARS]


def _read(obj: dict[str, Any]) -> _Declared:
    error = obj.get("error")
    if error is None and isinstance(inner := obj.get("response"), dict):  # openai responses: response.failed
        error = inner.get("error")
    if error is None and isinstance(listed := obj.get("errors"), list) and listed:  # cloudflare, watsonx
        error = listed[0]
    outer = error if isinstance(error, dict) else obj
    message = _message(outer) or (error if isinstance(error, str) else "") or _message(obj)
    declared = _Declared(message=message, param=_param(outer))
    declared.status = _true_status(outer, obj)
    declared.codes = tuple(_codes(outer, obj))
    _read_details(declared, outer)
    _read_metadata(declared, outer)
    if declared.wait_s is None:
        declared.wait_s = sentence_s(declared.message) or _seconds(obj.get("estimated_time"))  # huggingface, cold model
    return declared


def _message(obj: dict[str, Any]) -> str:
    for name in ("message", "Message", "detail", "msg", "title"):
        if text := _text(obj.get(name)):
            return text
    return ""


def _text(value: object) -> str:
    """Text of a message, or of FastAPI's list of faults."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _message(value)
    if isinstance(value, list):
        return "; ".join(filter(None, (_fault(item) for item in value)))
    return ""


def _fault(item: object) -> str:
    if not isinstance(item, dict):
        return _text(item)
    where = _location(item)
    return f"{where}: {_message(item)}" if where else _message(item)


def _location(item: dict[str, Any]) -> str:
    where = item.get("loc")
    return ".".join(str(step) for step in where if step != "body") if isinstance(where, list) else ""


def _param(obj: dict[str, Any]) -> str | None:
    if isinstance(param := obj.get("param"), str) and param:
        return param
    detail = obj.get("detail")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        return _location(detail[0]) or None
    return None


def _codes(outer: dict[str, Any], obj: dict[str, Any]) -> Iterator[str]:
    """Everything that looks like a code, the most telling first."""
    inner = outer.get("innererror")
    found = (
        *_reasons(outer),
        outer.get("code"),
        obj.get("code"),
        obj.get("error_code"),  # databricks
        outer.get("status"),
        outer.get("type"),
        obj.get("error_type"),  # cohere, huggingface
        obj.get("__type"),
        obj.get("type"),
        inner.get("code") if isinstance(inner, dict) else None,  # azure
    )
    for code in found:
        text = str(code) if isinstance(code, int | str) and not isinstance(code, bool) else ""
        if text and text != "error" and _http_status(text) is None:
            yield text.rsplit("#")[-1]


def _reasons(outer: dict[str, Any]) -> Iterator[str]:
    for detail in _details(outer):
        if isinstance(reason := detail.get("reason"), str):
            yield reason


def _details(outer: dict[str, Any]) -> list[dict[str, Any]]:
    details = outer.get("details")
    return [d for d in details if isinstance(d, dict)] if isinstance(details, list) else []


def _true_status(outer: dict[str, Any], obj: dict[str, Any]) -> int | None:
    for value in (outer.get("code"), obj.get("code"), obj.get("raw_status_code"), obj.get("status_code"), obj.get("status")):
        status = _http_status(value)
        if status is not None:
            return status
    return None


def _http_status(value: object) -> int | None:
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit():
        value = int(value)
    return value if isinstance(value, int) and 400 <= value < 600 else None


def _read_details(declared: _Declared, outer: dict[str, Any]) -> None:
    """Google's RetryInfo: `retryDelay` is a duration such as `34.4s`."""
    for detail in _details(outer):
        if isinstance(delay := detail.get("retryDelay"), str):
            declared.wait_s = duration_s(delay)


def _read_metadata(declared: _Declared, outer: dict[str, Any]) -> None:
    """OpenRouter's `metadata`: the answer of the provider behind it, its rate-limit headers, or a moderation's reasons."""
    metadata = outer.get("metadata")
    if not isinstance(metadata, dict):
        return
    declared.moderated = isinstance(metadata.get("reasons"), list) and "flagged_input" in metadata
    if isinstance(headers := metadata.get("headers"), dict):
        declared.headers = {str(name).lower(): str(value) for name, value in headers.items()}
    raw = metadata.get("raw")
    if not isinstance(raw, str) or not raw:
        return
    behind = _decode(raw.encode())
    if behind is None:
        declared.message = f"{declared.message}: {raw}"
        return
    inner = _read(behind)
    declared.message = f"{declared.message}: {inner.message}" if inner.message else declared.message
    declared.codes = (*declared.codes, *inner.codes)
    declared.wait_s = inner.wait_s
    declared.param = declared.param or inner.param


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value >= 0 else None
