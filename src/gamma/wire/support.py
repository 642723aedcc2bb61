"""What to do with a request field that the target's dialect cannot express."""

from __future__ import annotations

import msgspec

from gamma.errors import UnsupportedParameter
from gamma.types.chat import ChatRequest, Media, ReasoningOptions, ToolResult
from gamma.wire.base import Target

HINTS = frozenset(
    {"user", "metadata", "service_tier", "store", "prompt_cache_key", "verbosity", "prediction", "parallel_tool_calls"}
)
"""Fields that do not change what a correct answer is: left out silently where a dialect lacks them."""

EXTRA_HINTS = frozenset(
    {
        "generationConfig.mediaResolution", "toolConfig.functionCallingConfig.streamFunctionCallArguments",
        "anthropic_beta", "background", "betas", "cache_control", "cachedContent", "container", "context_management",
        "conversation",
        "enable_thinking", "function_call", "functions", "include", "include_obfuscation", "include_reasoning",
        "inference_geo", "keep_alive", "labels", "moderation", "prompt_cache_options", "prompt_cache_retention",
        "reasoning", "reasoning_effort", "reasoning_format", "safetySettings", "safety_identifier", "speed",
        "runtime_options", "stream_options", "text", "thinking", "thinking_budget", "truncation", "usage",
    }
)  # fmt: skip  # a set of words reads better in rows
"""Fields of one dialect that ask nothing of another's answer: left out silently across dialects."""

_OPTIONAL = tuple(
    name
    for name in ChatRequest.__struct_fields__
    if name not in {"model", "messages", "dialect", "stream", "include_usage", "extra"}
)
_DEFAULTS = dict(zip(reversed(ChatRequest.__struct_fields__), reversed(ChatRequest.__struct_defaults__), strict=False))


def is_set(request: ChatRequest, name: str) -> bool:
    """Whether the caller gave a value that asks for something: `n=1`, `logprobs=false` or a zero penalty ask for nothing."""
    value = getattr(request, name)
    if name == "n":
        return value is not None and value != 1
    if name in {"logprobs", "top_logprobs", "presence_penalty", "frequency_penalty", "min_p", "logit_bias"}:
        return bool(value)  # zero and empty are what every model does unasked
    if name == "modalities":
        return any(modality != "text" for modality in value)
    if name == "reasoning":  # `encrypted` alone asks how reasoning is returned, not for any
        asks = value is not None and msgspec.structs.replace(value, encrypted=False) != ReasoningOptions()
        return bool(asks and value.effort != "none" and value.budget_tokens != 0)
    if name == "response_format":
        return value is not None and value.kind != "text"
    return bool(value != _DEFAULTS[name])


def fit(request: ChatRequest, takes: frozenset[str], target: Target, dialect: str) -> ChatRequest:
    """The request without what the target cannot take.

    Args:
        request: as the caller sent it.
        takes: canonical field names that the dialect can express, and the part kinds `image`, `audio`, `file`, `video`
            and `image_url` (an image given by address).
        target: its traits narrow `takes` further.
        dialect: the dialect being rendered; a caller's unknown fields (`extra`) reach only their own dialect.

    Raises:
        UnsupportedParameter: a field that is no hint is set and may not be dropped.
    """
    able = takes - target.traits.unsupported
    changes: dict[str, object] = {}
    for name in _OPTIONAL:
        if name not in able and is_set(request, name):
            if name not in HINTS and not target.drop_unsupported:
                raise UnsupportedParameter(
                    f"{target.model} cannot take `{name}`; leave it out, or set drop_unsupported: true on the model",
                    param=name,
                )
            changes[name] = _DEFAULTS[name]
    if request.extra and request.dialect != dialect:
        changes["extra"] = {}
        if (odd := sorted(request.extra.keys() - EXTRA_HINTS)) and not target.drop_unsupported:
            raise UnsupportedParameter(
                f"{target.model} cannot take `{odd[0]}`; leave it out, or set drop_unsupported: true on the model",
                param=odd[0],
            )
    _check_parts(request, able, target)
    return msgspec.structs.replace(request, **changes) if changes else request


def _check_parts(request: ChatRequest, able: frozenset[str], target: Target) -> None:
    for i, message in enumerate(request.messages):
        inner = (p for result in message.parts if isinstance(result, ToolResult) for p in result.parts)
        for part in (*message.parts, *inner):
            if isinstance(part, Media):
                kind = "image_url" if part.kind == "image" and part.url else part.kind
                if kind not in able:
                    what = "an image by address (send its data instead)" if kind == "image_url" else f"{kind} input"
                    raise UnsupportedParameter(f"{target.model} cannot take {what}", param=f"messages[{i}].content")
