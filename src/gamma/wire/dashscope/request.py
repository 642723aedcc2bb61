"""DashScope requests: OpenAI's messages under `input`, OpenAI's options under `parameters`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gamma.errors import MissingField
from gamma.types.chat import ChatRequest, JsonObject
from gamma.wire.base import Target
from gamma.wire.fields import Fields
from gamma.wire.openai_chat import OpenaiChat
from gamma.wire.support import fit

TAKES = frozenset(
    {
        "logprobs", "max_tokens", "n", "parallel_tool_calls", "presence_penalty", "reasoning", "response_format", "seed",
        "stop", "temperature", "tool_choice", "tools", "top_k", "top_logprobs", "top_p",
    }
)  # fmt: skip  # a set of words reads better in rows
_OWN = ("result_format", "incremental_output")  # always set by us
_chat = OpenaiChat()


def parse_request(body: Mapping[str, Any], *, model: str | None, stream: bool | None) -> ChatRequest:
    """A caller's request (wire/base.py)."""
    fields = Fields(body)
    named = model if model is not None else fields.text("model")
    fields.raw("model")
    given = fields.object("input")
    parameters = dict(fields.opt_object("parameters") or {})
    for name in _OWN:
        parameters.pop(name, None)
    messages = given.opt_list("messages")
    if messages is None:
        prompt = given.opt_text("prompt")
        if prompt is None:
            raise MissingField("`input.messages` is required", param="input.messages")
        messages = [{"role": "user", "content": prompt}]
    request = _chat.parse_request({**parameters, "messages": messages}, model=named, stream=bool(stream))
    extra = request.extra | fields.rest()
    return msgspec.structs.replace(request, dialect="dashscope", include_usage=True, extra=extra)


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send (wire/base.py)."""
    own = fit(request, TAKES, target, "dashscope")
    traits = msgspec.structs.replace(
        target.traits, flatten_text=True, reasoning_request="enable_thinking", stream_usage="given"
    )
    flat = _chat.render_request(
        msgspec.structs.replace(own, dialect="openai_chat", stream=False),
        msgspec.structs.replace(target, traits=traits),
    )
    messages = flat.pop("messages")
    del flat["model"]
    parameters: JsonObject = {"result_format": "message"} | flat
    if request.stream:
        parameters["incremental_output"] = True
    return {"model": target.model, "input": {"messages": messages}, "parameters": parameters}
