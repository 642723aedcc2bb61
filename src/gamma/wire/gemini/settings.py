"""`generationConfig`, towards Google (providers.md 2.6 and 6)."""

from __future__ import annotations

from gamma.errors import InvalidRequest
from gamma.types.chat import ChatRequest, JsonObject, ResponseFormat
from gamma.wire.base import Target
from gamma.wire.gemini.thinking import render_thinking

_NAMES = (
    ("max_tokens", "maxOutputTokens"),
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("n", "candidateCount"),
    ("seed", "seed"),
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
    ("logprobs", "responseLogprobs"),
    ("top_logprobs", "logprobs"),
)
_MAX_STOPS = 5


def render_generation(request: ChatRequest, target: Target) -> JsonObject:
    """`generationConfig`; empty when the caller set nothing.

    Raises:
        InvalidRequest: more stop sequences than Google takes.
        UnsupportedParameter: thinking was asked of a model that does not think.
    """
    config: JsonObject = {theirs: value for ours, theirs in _NAMES if (value := getattr(request, ours)) is not None}
    if request.stop:
        if len(request.stop) > _MAX_STOPS and not target.drop_unsupported:
            raise InvalidRequest(f"{target.model} takes at most {_MAX_STOPS} stop sequences", param="stop")
        config["stopSequences"] = list(request.stop[:_MAX_STOPS])
    if request.modalities:
        config["responseModalities"] = [word.upper() for word in request.modalities]
    if request.reasoning is not None and (thinking := render_thinking(request.reasoning, target)):
        config["thinkingConfig"] = thinking
    if request.response_format is not None:
        config.update(_render_format(request.response_format))
    return config


def _render_format(wanted: ResponseFormat) -> JsonObject:
    if wanted.kind == "text":
        return {}
    config: JsonObject = {"responseMimeType": "application/json"}
    if wanted.kind == "json_schema" and wanted.schema is not None:
        config["responseJsonSchema"] = wanted.schema
    return config
