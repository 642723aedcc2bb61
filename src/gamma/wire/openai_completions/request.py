"""Legacy completion requests: a prompt instead of messages (providers.md 1; OpenAI's published API)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gamma.errors import InvalidRequest, InvalidType, MissingField, UnsupportedParameter
from gamma.types.chat import ChatRequest, JsonObject, Message, Part, Reasoning, Refusal, Text
from gamma.wire.base import Target
from gamma.wire.fields import Fields
from gamma.wire.support import fit

NAME = "openai_completions"
"""This dialect's name."""

TAKES = frozenset(
    {
        "frequency_penalty", "logit_bias", "logprobs", "max_tokens", "min_p", "n", "presence_penalty", "seed", "stop",
        "suffix", "temperature", "top_k", "top_logprobs", "top_p", "user",
    }
)  # fmt: skip  # a set of words reads better in rows
"""Canonical fields that this dialect can express."""

_AS_NAMED = (
    "suffix", "max_tokens", "temperature", "top_p", "top_k", "min_p", "n", "presence_penalty", "frequency_penalty",
    "logit_bias", "user",
)  # fmt: skip  # as above
_SPEAKERS = {"system": "System", "developer": "System", "user": "User", "assistant": "Assistant"}


def parse_request(body: Mapping[str, Any], *, model: str | None = None, stream: bool | None = None) -> ChatRequest:
    """A caller's request as one user message; see `Served.parse_request`."""
    fields = Fields(body)
    name = fields.opt_text("model")
    options = Fields(fields.opt_object("stream_options") or {}, "stream_options")
    message, tokens = _parse_prompt(fields)
    logprobs = _parse_logprobs(fields)
    streamed = fields.opt_bool("stream")
    return ChatRequest(
        model=model or name or fields.text("model"),
        messages=(message,),
        dialect=NAME,
        stream=bool(streamed) if stream is None else stream,
        include_usage=bool(options.opt_bool("include_usage")),
        max_tokens=fields.opt_int("max_tokens", low=0),
        temperature=fields.opt_number("temperature", low=0),
        top_p=fields.opt_number("top_p", low=0, high=1),
        top_k=fields.opt_int("top_k"),
        min_p=fields.opt_number("min_p", low=0, high=1),
        n=fields.opt_int("n", low=1),
        stop=fields.texts("stop"),
        seed=fields.opt_int("seed"),
        presence_penalty=fields.opt_number("presence_penalty"),
        frequency_penalty=fields.opt_number("frequency_penalty"),
        logit_bias=fields.opt_object("logit_bias") or None,
        logprobs=None if logprobs is None else True,
        top_logprobs=logprobs,
        user=fields.opt_text("user"),
        suffix=fields.opt_text("suffix") or None,
        extra=_parse_extra(fields, options, tokens),
    )


def _parse_prompt(fields: Fields) -> tuple[Message, list[Any] | None]:
    """The prompt as a message, or its token ids."""
    prompt = fields.raw("prompt")
    if prompt is None:
        raise MissingField("`prompt` is required", param="prompt")
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str):
        prompt = prompt[0]
    if isinstance(prompt, str):
        return Message("user", (Text(prompt),)), None
    if not isinstance(prompt, list) or not prompt:
        raise InvalidType("`prompt` must be a string, a list of one string, or token ids", param="prompt")
    if all(isinstance(p, str) for p in prompt) or (len(prompt) > 1 and all(isinstance(p, list) for p in prompt)):
        raise InvalidRequest("`prompt` must hold one prompt; send several as several requests", param="prompt")
    tokens = prompt[0] if isinstance(prompt[0], list) else prompt
    if not all(isinstance(t, int) and not isinstance(t, bool) for t in tokens):
        raise InvalidType("`prompt` must be a string, a list of one string, or token ids", param="prompt")
    return Message("user", ()), prompt


def _parse_logprobs(fields: Fields) -> int | None:
    """`logprobs` counts the alternatives; some clients send the chat dialect's boolean."""
    if isinstance(value := fields.raw("logprobs"), bool):
        return 0 if value else None
    return fields.opt_int("logprobs", low=0)


def _parse_extra(fields: Fields, options: Fields, tokens: list[Any] | None) -> JsonObject:
    echo, best_of = fields.opt_bool("echo"), fields.opt_int("best_of", low=1)
    extra = fields.rest()
    if echo:
        extra["echo"] = True
    if best_of is not None and best_of > 1:
        extra["best_of"] = best_of
    if tokens is not None:
        extra["prompt"] = tokens
    if rest := options.rest():
        extra["stream_options"] = rest
    return extra


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body for a provider; see `Called.render_request`."""
    request = fit(request, TAKES, target, NAME)
    body: JsonObject = {"model": target.model, "prompt": render_prompt(request.messages)}
    body |= {name: value for name in _AS_NAMED if (value := getattr(request, name)) is not None}
    if request.seed is not None:
        body[target.traits.seed_field] = request.seed
    if request.stop:
        body["stop"] = list(request.stop)
    if request.logprobs:
        body["logprobs"] = request.top_logprobs or 0
    options = request.extra.get("stream_options") or {}
    body |= {name: value for name, value in request.extra.items() if name != "stream_options"}
    if request.stream:
        body["stream"] = True
        if target.traits.stream_usage == "ask":
            options = options | {"include_usage": True}
        if options:
            body["stream_options"] = options
    return body


def render_prompt(messages: tuple[Message, ...]) -> str:
    """One user's text as it is; a conversation as a transcript that ends where the assistant speaks.

    Raises:
        UnsupportedParameter: tool calls or results, which a prompt cannot hold.
    """
    if len(messages) == 1 and messages[0].role == "user":
        return _text(messages[0].parts, 0)
    lines = []
    for i, message in enumerate(messages):
        text = _text(message.parts, i)
        lines.append(f"{_SPEAKERS.get(message.role, 'User')}: {text}")
    if messages[-1].role != "assistant":
        lines.append("Assistant:")
    return "\n\n".join(lines)


def _text(parts: tuple[Part, ...], place: int) -> str:
    texts = []
    for part in parts:
        if isinstance(part, Text | Refusal):
            texts.append(part.text)
        elif not isinstance(part, Reasoning) and type(part).__name__ != "Opaque":
            raise UnsupportedParameter("A completion prompt holds text only", param=f"messages[{place}].content")
    return "\n".join(texts)
