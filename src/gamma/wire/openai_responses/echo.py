"""The Response object around the output: what the official types require, echoed from the request where it was said."""

from __future__ import annotations

from typing import Any

from gamma.errors import GammaError
from gamma.types.chat import ChatRequest, FinishReason, JsonObject, Text
from gamma.types.usage import Usage
from gamma.wire.base import Style
from gamma.wire.openai_responses.names import NAME
from gamma.wire.openai_responses.request import SERVICE_TIERS, render_reasoning, render_text
from gamma.wire.openai_responses.tools import render_tool, render_tool_choice
from gamma.wire.openai_responses.usage import render_usage

_EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})
_SUMMARIES = frozenset({"auto", "concise", "detailed"})
_VERBOSITIES = frozenset({"low", "medium", "high"})


def response_id(provided: str, style: Style) -> str:
    """The answer's id: the provider's, else one made of the style's."""
    return provided or f"resp_{style.id}"


def render_frame(style: Style, *, answer_id: str, created: int, service_tier: str | None) -> JsonObject:
    """A Response in progress, with no output yet.

    Args:
        style: whose `request` is echoed.
        answer_id: from `response_id`.
        created: seconds since 1970; 0 takes the style's.
        service_tier: that the provider says it used.
    """
    request = style.request or ChatRequest(model=style.model, messages=(), dialect=NAME)
    extra = request.extra
    tier = service_tier or request.service_tier
    truncation = extra.get("truncation")
    return {
        "id": answer_id,
        "object": "response",
        "created_at": created or style.created,
        "status": "in_progress",
        "background": bool(extra.get("background")),
        "error": None,
        "incomplete_details": None,
        "instructions": _instructions(request),
        "max_output_tokens": request.max_tokens,
        "max_tool_calls": extra["max_tool_calls"] if isinstance(extra.get("max_tool_calls"), int) else None,
        "model": style.model,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": request.previous_response_id,
        "prompt_cache_key": request.prompt_cache_key,
        "reasoning": _reasoning(request),
        "safety_identifier": extra["safety_identifier"] if isinstance(extra.get("safety_identifier"), str) else None,
        "service_tier": tier if tier in SERVICE_TIERS else "default",
        "store": request.store is not False,
        "temperature": request.temperature,
        "text": _text(request),
        "tool_choice": _tool_choice(request),
        "tools": [render_tool(tool, own=True) for tool in request.tools if tool.kind != "hosted" or tool.dialect == NAME],
        "top_logprobs": request.top_logprobs or 0,
        "top_p": request.top_p,
        "truncation": truncation if truncation in ("auto", "disabled") else "disabled",
        "usage": None,
        "user": request.user,
        "metadata": {name: _word(value) for name, value in (request.metadata or {}).items()},
    }


def conclude(frame: JsonObject, output: list[JsonObject], finish: FinishReason, usage: Usage | None) -> JsonObject:
    """The Response when the answer has ended, well or cut short."""
    done = {**frame, "output": output, "usage": render_usage(usage), "status": status_of(finish)}
    if finish == "length":
        done["incomplete_details"] = {"reason": "max_output_tokens"}
    elif finish == "content_filter":
        done["incomplete_details"] = {"reason": "content_filter"}
    elif finish == "error":
        done["error"] = {"code": "server_error", "message": "The model ended its answer with an error."}
    return done


def status_of(finish: FinishReason) -> str:
    """The status of a Response that ended so."""
    if finish in ("length", "content_filter"):
        return "incomplete"
    return "failed" if finish == "error" else "completed"


def failure(error: GammaError) -> JsonObject:
    """The `error` of a failed Response; the official types know only the codes of this list."""
    code = "rate_limit_exceeded" if error.status == 429 else "invalid_prompt" if error.status == 400 else "server_error"
    return {"code": code, "message": error.message}


def _instructions(request: ChatRequest) -> str | None:
    first = request.messages[0] if request.messages else None
    if first is None or first.role != "system":
        return None
    return "\n\n".join(part.text for part in first.parts if isinstance(part, Text))


def _reasoning(request: ChatRequest) -> JsonObject:
    asked = render_reasoning(request)
    effort, summary = asked.get("effort"), asked.get("summary")
    return {"effort": effort if effort in _EFFORTS else None, "summary": summary if summary in _SUMMARIES else None}


def _text(request: ChatRequest) -> JsonObject:
    asked = render_text(request)
    verbosity = asked.get("verbosity")
    return {
        "format": asked.get("format", {"type": "text"}),
        "verbosity": verbosity if verbosity in _VERBOSITIES else "medium",
    }


def _tool_choice(request: ChatRequest) -> Any:
    if request.tool_choice is None:
        return request.extra.get("tool_choice", "auto")
    return render_tool_choice(request.tool_choice, request.tools)


def _word(value: object) -> str:
    return value if isinstance(value, str) else str(value)
