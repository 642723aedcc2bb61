"""watsonx.ai chat requests: OpenAI's, with `model_id` and `tool_choice_option`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gamma.errors import MissingField
from gamma.types.chat import ChatRequest, JsonObject, Message, Text
from gamma.wire.base import Target
from gamma.wire.fields import Fields
from gamma.wire.openai_chat import OpenaiChat
from gamma.wire.support import fit

TAKES = frozenset(
    {
        "frequency_penalty", "image", "image_url", "logit_bias", "logprobs", "max_tokens", "n", "presence_penalty",
        "reasoning", "response_format", "seed", "stop", "temperature", "tool_choice", "tools", "top_logprobs", "top_p",
    }
)  # fmt: skip  # a set of words reads better in rows
_CHOICES = frozenset({"auto", "none", "required"})
_chat = OpenaiChat()


def parse_request(body: Mapping[str, Any], *, model: str | None, stream: bool | None) -> ChatRequest:
    """A caller's request (wire/base.py), of the chat API or of the older generation API."""
    named = model if model is not None else Fields(body).opt_text("model_id")
    if named is None:
        raise MissingField("`model_id` is required", param="model_id")
    if "input" in body and "messages" not in body:
        return _parse_generation(body, named, bool(stream))
    rest = {name: value for name, value in body.items() if name not in {"model_id", "tool_choice_option", "stream"}}
    option = Fields(body).one_of("tool_choice_option", tuple(sorted(_CHOICES)))
    if option is not None and rest.get("tool_choice") is None:
        rest["tool_choice"] = option
    request = _chat.parse_request(rest, model=named, stream=bool(stream))
    return msgspec.structs.replace(request, dialect="watsonx", include_usage=True)


def _parse_generation(body: Mapping[str, Any], model: str, stream: bool) -> ChatRequest:
    """`{input, parameters{max_new_tokens, ...}}` as a question of one turn (recorded)."""
    fields = Fields(body)
    fields.raw("model_id")
    parameters = Fields(fields.opt_object("parameters") or {}, "parameters")
    request = ChatRequest(
        model=model,
        messages=(Message("user", (Text(fields.text("input")),)),),
        dialect="watsonx",
        stream=stream,
        include_usage=True,
        max_tokens=parameters.opt_int("max_new_tokens", low=1),
        temperature=parameters.opt_number("temperature", low=0),
        top_p=parameters.opt_number("top_p", low=0, high=1),
        seed=parameters.opt_int("random_seed"),
        stop=parameters.texts("stop_sequences"),
    )
    return msgspec.structs.replace(request, extra=fields.rest())


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send (wire/base.py); streams differ in the path, not in the body."""
    own = fit(request, TAKES, target, "watsonx")
    body = _chat.render_request(msgspec.structs.replace(own, dialect="openai_chat", stream=False), target)
    body.pop("parallel_tool_calls", None)
    choice = body.get("tool_choice")
    if isinstance(choice, str) and choice in _CHOICES:
        del body["tool_choice"]
        body["tool_choice_option"] = choice
    del body["model"]
    return {"model_id": target.model} | body
