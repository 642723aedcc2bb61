"""Replicate requests: a conversation becomes a system prompt and one prompt text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gamma.types.chat import ChatRequest, JsonObject, Message, Refusal, Text
from gamma.wire.base import Target
from gamma.wire.fields import Fields
from gamma.wire.support import fit

_NAMES = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
TAKES = frozenset({*_NAMES, "max_tokens", "stop"})
_SPEAKERS = {"user": "User", "assistant": "Assistant", "tool": "Tool"}


def parse_request(body: Mapping[str, Any], *, model: str | None, stream: bool | None) -> ChatRequest:
    """A caller's request (wire/base.py)."""
    fields = Fields(body)
    inputs = fields.object("input")
    system = inputs.opt_text("system_prompt")
    prompt = inputs.text("prompt")
    streamed = fields.opt_bool("stream")
    bounds = [inputs.opt_int(name, low=1) for name in ("max_tokens", "max_new_tokens", "max_completion_tokens")]
    sampling: dict[str, Any] = {
        "temperature": inputs.opt_number("temperature", low=0),
        "top_p": inputs.opt_number("top_p", low=0, high=1),
        "top_k": inputs.opt_int("top_k"),
        "min_p": inputs.opt_number("min_p", low=0, high=1),
        "seed": inputs.opt_int("seed"),
        "presence_penalty": inputs.opt_number("presence_penalty"),
        "frequency_penalty": inputs.opt_number("frequency_penalty"),
        "max_tokens": next((bound for bound in bounds if bound is not None), None),
        "stop": _stop(inputs),
    }
    rest = inputs.rest()
    head = (Message("system", (Text(system),)),) if system else ()
    return ChatRequest(
        model=model if model is not None else fields.text("version"),
        messages=(*head, Message("user", (Text(prompt),))),
        dialect="replicate",
        stream=stream if stream is not None else bool(streamed),
        include_usage=True,
        extra={**fields.rest(), **({"input": rest} if rest else {})},
        **sampling,
    )


def _stop(inputs: Fields) -> tuple[str, ...]:
    """Llama models take `stop_sequences` as one string with commas, others `stop` as a list."""
    text = inputs.raw("stop_sequences")
    if isinstance(text, str):
        return tuple(part for part in text.split(",") if part)
    return inputs.texts("stop_sequences") or inputs.texts("stop")


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send (wire/base.py)."""
    request = fit(request, TAKES, target, "replicate")
    system = "\n\n".join(_text(message) for message in request.messages if message.role in {"system", "developer"})
    inputs: JsonObject = {"prompt": transcript(request.messages)}
    if system:
        inputs["system_prompt"] = system
    inputs |= {out: value for name, out in _NAMES.items() if (value := getattr(request, name)) is not None}
    if request.max_tokens is not None:
        inputs[target.traits.token_field] = request.max_tokens
    if request.stop:
        inputs["stop_sequences"] = ",".join(request.stop)
    extra = dict(request.extra)
    inputs |= extra.pop("input", {})
    body: JsonObject = {"input": inputs}
    if request.stream:
        body["stream"] = True
    return body | extra


def transcript(messages: tuple[Message, ...]) -> str:
    """A conversation as one text: a lone question as it is, more turns each under its speaker's name."""
    turns = [message for message in messages if message.role in _SPEAKERS]
    if len(turns) == 1 and turns[0].role == "user":
        return _text(turns[0])
    lines = [f"{_SPEAKERS[message.role]}: {_text(message)}" for message in turns]
    if turns and turns[-1].role != "assistant":
        lines.append("Assistant:")
    return "\n\n".join(lines)


def _text(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if isinstance(part, Text | Refusal))
