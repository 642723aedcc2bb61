"""Output items to parts and back; the writers are shared by whole answers and streams."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from gamma.types.chat import Citation, JsonObject, Media, Opaque, Part, Reasoning, Refusal, Text, TokenLogprob, ToolCall
from gamma.wire.openai_responses.annotations import parse_annotations, render_annotation
from gamma.wire.openai_responses.logprobs import parse_logprobs, render_logprobs
from gamma.wire.openai_responses.names import NAME, OWN_REASONING_ID
from gamma.wire.openai_responses.seal import seal


def parse_item(item: object, place: str) -> list[Part]:
    """The parts of one output item, read leniently.

    Args:
        item: as the provider sent it.
        place: the answer's id and the item's position, from which a missing call id is made.
    """
    if not isinstance(item, dict):
        return []
    kind = item.get("type")
    if kind == "message" or (kind is None and "content" in item):
        return [part for value in content_of(item) if (part := parse_part(value, item)) is not None]
    if kind == "reasoning":
        return [parse_reasoning(item)]
    if kind in ("function_call", "custom_tool_call"):
        return [parse_call(item, place)]
    if kind == "image_generation_call" and isinstance(item.get("result"), str):
        return [parse_image(item)]
    return [Opaque(NAME, item)] if isinstance(kind, str) else []


def content_of(item: JsonObject) -> list[Any]:
    """The content parts of a message; a string counts as one."""
    content = item.get("content")
    if isinstance(content, str):
        return [{"type": "output_text", "text": content}]
    return content if isinstance(content, list) else []


def parse_part(value: object, item: JsonObject) -> Text | Refusal | None:
    """One content part of a message, None for what is neither text nor refusal."""
    if not isinstance(value, dict):
        return None
    if isinstance(refusal := value.get("refusal"), str):
        return Refusal(refusal)
    if not isinstance(text := value.get("text"), str):
        return None
    signature = value.get("thought_signature")
    return Text(
        text,
        citations=parse_annotations(value.get("annotations")),
        signature=signature if isinstance(signature, str) else None,
        phase=phase_of(item),
    )


def phase_of(item: JsonObject) -> str | None:
    """The phase of a message."""
    phase = item.get("phase")
    return phase if isinstance(phase, str) else None


def logprobs_of(item: object) -> tuple[TokenLogprob, ...]:
    """The log probabilities of a message's texts."""
    if not isinstance(item, dict) or item.get("type") != "message":
        return ()
    parts = (part for part in content_of(item) if isinstance(part, dict))
    return tuple(token for part in parts for token in parse_logprobs(part.get("logprobs")))


def parse_reasoning(item: JsonObject) -> Reasoning:
    """A reasoning item: its summary, or its content where there is no summary (recorded: deepseek, lmstudio)."""
    summary, content = _texts(item.get("summary")), _texts(item.get("content"))
    item_id, encrypted = item.get("id"), item.get("encrypted_content")
    return Reasoning(
        text="\n\n".join(summary or content),
        encrypted=encrypted if isinstance(encrypted, str) and encrypted else None,
        id=item_id if isinstance(item_id, str) and item_id else None,
        dialect=NAME,
        raw=not summary and bool(content),
    )


def _texts(values: object) -> list[str]:
    if isinstance(values, str):
        return [values] if values else []
    parts = values if isinstance(values, list) else []
    return [p["text"] for p in parts if isinstance(p, dict) and isinstance(p.get("text"), str) and p["text"]]


def parse_call(item: JsonObject, place: str) -> ToolCall:
    """A call of a function or of a custom tool."""
    custom = item.get("type") == "custom_tool_call"
    name, arguments = item.get("name"), item.get("input" if custom else "arguments")
    signature = item.get("thought_signature")
    call_id = item.get("call_id") or item.get("id")
    if not isinstance(call_id, str):
        call_id = f"call_{hashlib.sha256(f'{place}:{name}'.encode()).hexdigest()[:24]}"
    text = arguments if isinstance(arguments, str) else ""
    return ToolCall(
        id=call_id,
        name=name if isinstance(name, str) else "",
        arguments=text if custom else empty_to_object(text),
        kind="custom" if custom else "function",
        signature=signature if isinstance(signature, str) else None,
    )


def empty_to_object(arguments: str) -> str:
    """Arguments of a tool that takes none: several servers write nothing or null (providers.md 17)."""
    return "{}" if arguments.strip() in ("", "null") else arguments


def parse_image(item: JsonObject) -> Media:
    """A generated image; the rest of its item travels in `options`."""
    form = item.get("output_format")
    options = {name: value for name, value in item.items() if name != "result"}
    mime = f"image/{form}" if isinstance(form, str) else "image/png"
    return Media(kind="image", mime_type=mime, data=item["result"], options=options)


def text_part(
    text: str, citations: Sequence[Citation], logprobs: Sequence[TokenLogprob], signature: str | None
) -> JsonObject:
    """An `output_text` part."""
    part: JsonObject = {
        "type": "output_text",
        "text": text,
        "annotations": [render_annotation(citation, text) for citation in citations],
        "logprobs": render_logprobs(logprobs),
    }
    if signature is not None:
        part["thought_signature"] = signature
    return part


def message_item(item_id: str, content: list[JsonObject], status: str, phase: str | None) -> JsonObject:
    """An assistant's `message` item."""
    item: JsonObject = {"type": "message", "id": item_id, "status": status, "role": "assistant", "content": content}
    if phase in ("commentary", "final_answer"):
        item["phase"] = phase
    return item


def reasoning_item(item_id: str, reasoning: Reasoning, status: str) -> JsonObject:
    """A `reasoning` item; proofs of other dialects are sealed into `encrypted_content`."""
    item: JsonObject = {"type": "reasoning", "id": item_id, "summary": [], "status": status}
    if reasoning.text and reasoning.raw:
        item["content"] = [{"type": "reasoning_text", "text": reasoning.text}]
    elif reasoning.text:
        item["summary"] = [{"type": "summary_text", "text": reasoning.text}]
    if (encrypted := seal(reasoning)) is not None:
        item["encrypted_content"] = encrypted
    return item


def call_item(item_id: str, call: ToolCall, status: str) -> JsonObject:
    """A `function_call` or `custom_tool_call` item."""
    if call.kind == "custom":
        kind = {"type": "custom_tool_call", "id": item_id, "status": status}
        return {**kind, "call_id": call.id, "name": call.name, "input": call.arguments}
    item: JsonObject = {
        "type": "function_call",
        "id": item_id,
        "status": status,
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }
    if call.signature is not None:
        item["thought_signature"] = call.signature
    return item


def image_item(item_id: str, media: Media) -> JsonObject:
    """An `image_generation_call` item."""
    options = media.options or {}
    if options.get("type") == "image_generation_call":
        return {"id": item_id, "status": "completed", **options, "result": media.data}
    return {"type": "image_generation_call", "id": item_id, "status": "completed", "result": media.data}


def item_id(prefix: str, response_id: str, index: int) -> str:
    """The id of an output item that brought none: such as `msg_<response>_0`."""
    token = response_id.removeprefix("resp_")
    return f"{OWN_REASONING_ID if prefix == 'rs' else prefix + '_'}{token}_{index}"


def render_output(
    parts: Sequence[Part], response_id: str, logprobs: Sequence[TokenLogprob], status: str
) -> list[JsonObject]:
    """The `output` of a whole answer.

    Args:
        parts: what the model said, in order.
        response_id: from which ids of items are made.
        logprobs: of the first text.
        status: of the last item; those before it are complete.
    """
    items: list[JsonObject] = []
    ids: set[str] = set()
    for run in _runs(parts):
        if isinstance(run, list):
            items.append(_render_message(run, item_id("msg", response_id, len(items)), logprobs))
            logprobs = ()
        elif (item := _render_item(run, response_id, len(items), ids)) is not None:
            items.append(item)
    if items and status != "completed" and items[-1]["type"] in _INTERRUPTIBLE:
        items[-1]["status"] = status
    return items


_INTERRUPTIBLE = frozenset({"message", "reasoning", "function_call"})


def _runs(parts: Sequence[Part]) -> list[list[Text | Refusal] | Part]:
    """The parts, neighbouring texts of one phase gathered into lists."""
    runs: list[list[Text | Refusal] | Part] = []
    for part in map(_spoken, parts):
        if not isinstance(part, Text | Refusal):
            runs.append(part)
        elif runs and isinstance(last := runs[-1], list) and _same_phase(last[-1], part):
            last.append(part)
        else:
            runs.append([part])
    return runs


def _same_phase(last: Text | Refusal, part: Text | Refusal) -> bool:
    return not (isinstance(last, Text) and isinstance(part, Text)) or last.phase == part.phase


def _render_message(texts: list[Text | Refusal], name: str, logprobs: Sequence[TokenLogprob]) -> JsonObject:
    content: list[JsonObject] = []
    for part in texts:
        if isinstance(part, Refusal):
            content.append({"type": "refusal", "refusal": part.text})
        else:
            content.append(text_part(part.text, part.citations, logprobs, part.signature))
            logprobs = ()
    phase = next((part.phase for part in texts if isinstance(part, Text) and part.phase), None)
    return message_item(name, content, "completed", phase)


def _spoken(part: Part) -> Part:
    """Generated sound as its transcript: the dialect has no sound."""
    return Text(part.text) if isinstance(part, Media) and part.kind == "audio" and part.text else part


def _render_item(part: Part, response_id: str, index: int, ids: set[str]) -> JsonObject | None:
    if isinstance(part, Reasoning):
        own = part.id is not None and part.dialect == NAME and part.id not in ids
        name = part.id if own and part.id is not None else item_id("rs", response_id, index)
        ids.add(name)
        return reasoning_item(name, part, "completed")
    if isinstance(part, ToolCall):
        return call_item(item_id("ctc" if part.kind == "custom" else "fc", response_id, index), part, "completed")
    if isinstance(part, Media) and part.kind == "image" and part.data is not None:
        return image_item(item_id("ig", response_id, index), part)
    if isinstance(part, Opaque) and part.dialect == NAME:
        return {"id": item_id("item", response_id, index), **part.value}
    return None
