"""Whole answers and errors for callers, as the official SDK's strict types take them (providers.md 3 and 15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gamma.errors import GammaError
from gamma.types.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Citation,
    FinishReason,
    JsonObject,
    Media,
    Reasoning,
    Refusal,
    Text,
    TokenLogprob,
    ToolCall,
)
from gamma.wire.base import Style
from gamma.wire.openai_chat.content import data_url
from gamma.wire.openai_chat.reasoning import render_details, render_google_signature
from gamma.wire.openai_chat.shapes import NAME
from gamma.wire.openai_chat.usage import render_usage

SERVICE_TIERS = frozenset({"auto", "default", "flex", "scale", "priority"})
"""Values that the SDK's types allow; vendors' own (`on_demand`, `standard`) are left out (providers.md 17)."""

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


def render_response(response: ChatResponse, style: Style) -> JsonObject:
    """A whole answer; see `Served.render_response`."""
    legacy = wants_functions(style.request)
    body: JsonObject = {
        "id": response.id or f"chatcmpl-{style.id}",
        "object": "chat.completion",
        "created": response.created or style.created,
        "model": style.model,
        "choices": [_render_choice(choice, legacy=legacy) for choice in response.choices],
    }
    if response.usage is not None:
        body["usage"] = render_usage(response.usage)
    if response.service_tier in SERVICE_TIERS:
        body["service_tier"] = response.service_tier
    if response.system_fingerprint is not None:
        body["system_fingerprint"] = response.system_fingerprint
    return body


def wants_functions(request: ChatRequest | None) -> bool:
    """Whether the caller sent `functions`, and so expects `function_call` in place of `tool_calls`."""
    return request is not None and request.dialect == NAME and "functions" in request.extra


def finish_word(finish: FinishReason, *, legacy: bool = False) -> str:
    """The `finish_reason` to show. This dialect has no word for a failed answer; `length` says that it is not whole."""
    if finish == "error":
        return "length"
    return "function_call" if legacy and finish == "tool_calls" else finish


def _render_choice(choice: Choice, *, legacy: bool) -> JsonObject:
    return {
        "index": choice.index,
        "message": _render_message(choice, legacy=legacy),
        "logprobs": None if choice.logprobs is None else {"content": render_logprobs(choice.logprobs), "refusal": None},
        "finish_reason": finish_word(choice.finish, legacy=legacy),
    }


def _render_message(choice: Choice, *, legacy: bool) -> JsonObject:
    texts = [p for p in choice.parts if isinstance(p, Text)]
    refusal = "".join(p.text for p in choice.parts if isinstance(p, Refusal))
    calls = [p for p in choice.parts if isinstance(p, ToolCall)]
    text: str | None = "".join(p.text for p in texts)
    message: JsonObject = {
        "role": "assistant",
        "content": None if not text and (calls or refusal) else text,
        "refusal": refusal or None,
    }
    _add_reasoning(message, [p for p in choice.parts if isinstance(p, Reasoning)])
    _add_media(message, [p for p in choice.parts if isinstance(p, Media)])
    if annotations := _render_annotations(texts):
        message["annotations"] = annotations
    if calls and legacy:
        message["function_call"] = {"name": calls[0].name, "arguments": calls[0].arguments}
    elif calls:
        message["tool_calls"] = [_render_call(call) for call in calls]
    if signature := next((p.signature for p in texts if p.signature), None):
        message["extra_content"] = render_google_signature(signature)
    return message


def _add_reasoning(message: JsonObject, parts: Sequence[Reasoning]) -> None:
    if text := "".join(p.text for p in parts):
        message["reasoning_content"] = text
    if any(p.signature or p.encrypted for p in parts):
        message["reasoning_details"] = [d for i, p in enumerate(parts) for d in render_details(p, i)]


def _add_media(message: JsonObject, parts: Sequence[Media]) -> None:
    images = [render_image(p) for p in parts if p.kind == "image"]
    if images:
        message["images"] = images
    if sound := next((p for p in parts if p.kind == "audio"), None):
        message["audio"] = {
            "id": sound.file_id or "audio_0",
            "data": sound.data or "",
            "expires_at": (sound.options or {}).get("expires_at", 0),
            "transcript": sound.text or "",
        }


def render_image(image: Media) -> JsonObject:
    """A generated image, as OpenRouter shows them."""
    return {"type": "image_url", "image_url": {"url": image.url or data_url(image)}}


def _render_annotations(texts: Iterable[Text]) -> list[JsonObject]:
    """Sources, their offsets counted from the start of the whole content."""
    found, offset = [], 0
    for text in texts:
        found += [a for c in text.citations if (a := render_annotation(c, offset)) is not None]
        offset += len(text.text)
    return found


def render_annotation(citation: Citation, offset: int = 0) -> JsonObject | None:
    """A web source; None for sources without an address, which this dialect cannot show."""
    if citation.url is None:
        return None
    inner: JsonObject = {
        "url": citation.url,
        "title": citation.title or "",
        "start_index": offset + (citation.start or 0),
        "end_index": offset + (citation.end or 0),
    }
    return {"type": "url_citation", "url_citation": inner}


def _render_call(call: ToolCall) -> JsonObject:
    if call.kind == "custom":
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    function = {"name": call.name, "arguments": call.arguments}
    value: JsonObject = {"id": call.id, "type": "function", "function": function}
    if call.signature is not None:
        value["extra_content"] = render_google_signature(call.signature)
    return value


def render_logprobs(tokens: Iterable[TokenLogprob]) -> list[JsonObject]:
    """Log probabilities, one object a token."""
    return [_render_logprob(token) | {"top_logprobs": [_render_logprob(t) for t in token.top]} for token in tokens]


def _render_logprob(token: TokenLogprob) -> JsonObject:
    utf8 = None if token.utf8 is None else list(token.utf8)
    return {"token": token.token, "logprob": token.logprob, "bytes": utf8}


def render_error(error: GammaError) -> JsonObject:
    """An error body: OpenAI's four members."""
    kind = _ERROR_TYPES.get(error.status) or ("invalid_request_error" if error.status < 500 else "server_error")
    return {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}}
