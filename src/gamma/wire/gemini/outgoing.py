"""The canonical request to a generateContent body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from gamma.errors import InvalidRequest
from gamma.types.chat import (
    ChatRequest,
    JsonObject,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from gamma.wire.base import Target
from gamma.wire.gemini.media import render_media
from gamma.wire.gemini.names import DIALECT, is_made
from gamma.wire.gemini.parts import is_blank, render_arguments, render_text, render_thought
from gamma.wire.gemini.settings import render_generation
from gamma.wire.gemini.signatures import render_signature
from gamma.wire.gemini.thinking import needs_signatures, takes_media_in_answers
from gamma.wire.gemini.tools import render_tool_config, render_tools
from gamma.wire.support import fit

TAKES = frozenset(
    {
        "tools", "tool_choice", "response_format", "reasoning", "max_tokens", "temperature", "top_p", "top_k", "n", "stop",
        "seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "modalities", "service_tier",
        "web_search", "image", "audio", "file", "video", "image_url",
    }
)  # fmt: skip  # a set of words reads better in rows

_NO_SIGNATURE = "skip_thought_signature_validator"
"""Google's own word for a call that another model made (its page on thought signatures); without it Gemini 3 answers 400."""

_TIERS = {"default": "standard", "standard": "standard", "flex": "flex", "priority": "priority"}


def render_request(request: ChatRequest, target: Target) -> JsonObject:
    """The body to send; model and stream travel in the path.

    Raises:
        UnsupportedParameter, InvalidRequest: the dialect cannot express what was asked.
    """
    store = request.store if request.dialect == DIALECT else None
    request = fit(request, TAKES, target, DIALECT)
    system, contents = render_messages(request.messages, target.model, blanks=request.dialect == DIALECT)
    body: JsonObject = {"contents": contents}
    if system:
        body["systemInstruction"] = {"parts": system}
    if tools := render_tools(request, target):
        body["tools"] = tools
        if config := render_tool_config(request):
            body["toolConfig"] = config
    if settings := render_generation(request, target):
        body["generationConfig"] = settings
    if request.service_tier in _TIERS:
        body["serviceTier"] = _TIERS[request.service_tier]
    if store is not None:
        body["store"] = store
    _merge(body, request.extra)
    return body


def render_messages(
    messages: Iterable[Message], model: str, *, blanks: bool = False
) -> tuple[list[JsonObject], list[JsonObject]]:
    """Parts of the system instruction, and contents with neighbours of a role merged; `blanks` keeps empty texts."""
    contents = _Contents(model, blanks=blanks)
    for message in messages:
        contents.add(message)
    return contents.finished()


class _Contents:
    """Contents being written. Answers wait until their turn is complete, so that they can follow the order of the calls."""

    def __init__(self, model: str, *, blanks: bool) -> None:
        self._strict = needs_signatures(model)
        self._media_inside = takes_media_in_answers(model)
        self._blanks = blanks
        self._system: list[JsonObject] = []
        self._contents: list[JsonObject] = []
        self._calls: dict[str, tuple[int, str]] = {}  # call id -> place and name
        self._answers: list[ToolResult] = []

    def add(self, message: Message) -> None:
        match message.role:
            case "system" | "developer":
                self._system.extend(part for item in message.parts if (part := _plain(item)) and not is_blank(item))
            case "tool":
                self._answers.extend(part for part in message.parts if isinstance(part, ToolResult))
            case "user":
                self._answers.extend(part for part in message.parts if isinstance(part, ToolResult))
                self._flush()
                self._extend("user", self._said(message.parts, [_plain(part) for part in message.parts]))
            case "assistant":
                self._flush()
                self._extend("model", self._model_parts(message))

    def finished(self) -> tuple[list[JsonObject], list[JsonObject]]:
        self._flush()
        return self._system, self._contents or [{"role": "user", "parts": [{"text": ""}]}]

    def _extend(self, role: str, parts: list[JsonObject]) -> None:
        if not parts:
            return
        if self._contents and self._contents[-1]["role"] == role:
            self._contents[-1]["parts"].extend(parts)
        else:
            self._contents.append({"role": role, "parts": parts})

    def _model_parts(self, message: Message) -> list[JsonObject]:
        parts, signature = _own_signature(message.parts)
        signed = any(isinstance(part, ToolCall) and part.signature for part in parts)
        if signature is None and self._strict:
            signature = _NO_SIGNATURE
        rendered: list[JsonObject | None] = []
        for part in parts:
            if isinstance(part, ToolCall):
                rendered.append(self._call(part, None if signed else signature))
                signed = True  # of calls made side by side, only the first is signed
            else:
                rendered.append(_plain(part))
        return self._said(parts, rendered)

    def _said(self, parts: tuple[Part, ...], rendered: list[JsonObject | None]) -> list[JsonObject]:
        """What was rendered, less empty texts; one stays where nothing else would (Vertex refuses both)."""
        there = [(part, body) for part, body in zip(parts, rendered, strict=True) if body is not None]
        return [body for part, body in there if self._blanks or not is_blank(part)] or [body for _, body in there][:1]

    def _call(self, call: ToolCall, substitute: str | None) -> JsonObject:
        self._calls[call.id] = (len(self._calls), call.name)
        arguments = {"input": call.arguments} if call.kind == "custom" else render_arguments(call.arguments)
        if arguments is None:
            message = f"the arguments of the call {call.id} to {call.name} are no JSON object"
            raise InvalidRequest(message, param="messages")
        body: JsonObject = {"name": call.name, "args": arguments}
        if call.id and not is_made(call.id):
            body["id"] = call.id
        signature = call.signature or substitute
        return {"functionCall": body, "thoughtSignature": signature} if signature else {"functionCall": body}

    def _flush(self) -> None:
        last = (len(self._calls), "")
        for answer in sorted(self._answers, key=lambda a: self._calls.get(a.call_id, last)[0]):
            self._extend("user", self._answer(answer))
        self._answers = []

    def _answer(self, answer: ToolResult) -> list[JsonObject]:
        name = self._calls[answer.call_id][1] if answer.call_id in self._calls else answer.name or answer.call_id
        body: JsonObject = {"name": name, "response": _answer_object(answer)}
        if answer.call_id and not is_made(answer.call_id):
            body["id"] = answer.call_id
        media = [render_media(part) for part in answer.parts if isinstance(part, Media)]
        if media and self._media_inside:
            body["parts"] = media
            media = []
        return [{"functionResponse": body}, *media]


def _own_signature(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], str | None]:
    """The parts, and a signature that stood before an unsigned call without text of its own (resellers part the two)."""
    for i, part in enumerate(parts[:-1]):
        following = parts[i + 1]
        if isinstance(part, Reasoning) and part.dialect == DIALECT and not part.text and isinstance(following, ToolCall):
            proof = render_signature(part)
            return ((*parts[:i], *parts[i + 1 :]), proof) if following.signature is None else (parts, None)
    return parts, None


def _plain(part: Part) -> JsonObject | None:
    match part:
        case Text():
            return render_text(part.text, part.signature)
        case Refusal():
            return {"text": part.text}
        case Media():
            return render_media(part)
        case Reasoning() if part.dialect == DIALECT:
            return render_thought(part.text, render_signature(part))
        case Opaque() if part.dialect == DIALECT and "groundingMetadata" not in part.value:
            return part.value
        case _:
            return None


def _answer_object(answer: ToolResult) -> JsonObject:
    texts = [part.text for part in answer.parts if isinstance(part, Text)]
    text = "\n".join(texts)
    if answer.is_error:
        return {"error": text}
    if text.startswith("{"):
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return {"result": text}
        return value if isinstance(value, dict) else {"result": text}
    return {"result": text} if texts else {}


def _merge(body: JsonObject, extra: JsonObject) -> None:
    """Fields that only this dialect knows; a dotted name leads into an object, and what is there already stays."""
    for path, value in extra.items():
        *parents, name = path.split(".")
        place: Any = body
        for parent in parents:
            place = place.setdefault(parent, {})
        place.setdefault(name, value)
