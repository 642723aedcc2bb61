"""The oracle's reading of OpenAI's three dialects."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.meaning import Answer, Count, Said, arguments, joined
from tests.contract.reading import Json, finish_of, n, payloads
from tests.contract.recordings import Sample

# --- OpenAI chat and completions -----------------------------------------------------------------------------------------


def chat(sample: Sample, body: Json) -> Answer:
    """A whole chat completion."""
    answer = Answer(usage=_chat_usage(sample, body.get("usage")), failed=not body.get("choices"))
    for i, choice in enumerate(body.get("choices") or []):
        said = answer.choice(choice.get("index", i))
        _chat_message(said, choice.get("message") or choice.get("delta") or {})
        said.calls = [(name, arguments(text)) for name, text in said.calls]
        said.finish = finish_of(choice.get("finish_reason"))
    return answer


def chat_stream(sample: Sample, chunks: list[Json] | None = None) -> Answer:
    """Chat completion chunks: the sample's, or others of the same shape."""
    answer = Answer()
    fragments: dict[tuple[int, int], tuple[str, str]] = {}
    for chunk in chunks or payloads(sample):
        if chunk.get("error"):
            answer.failed = True
        usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage")
        answer.usage = _chat_usage(sample, usage) or answer.usage
        for choice in chunk.get("choices") or []:
            index = choice.get("index", 0)
            said, delta = answer.choice(index), choice.get("delta") or {}
            _chat_message(said, {**delta, "tool_calls": None, "function_call": None})
            for place, call in enumerate(delta.get("tool_calls") or []):
                whole = call.get("id") and call.get("index") is None  # old Mistral sends whole calls without an index
                key = (index, len(fragments) if whole else call.get("index") or place)
                function = call.get("function") or {}
                name, text = fragments.get(key, ("", ""))
                fragments[key] = (name or function.get("name") or "", text + joined([_json_text(function.get("arguments"))]))
            if choice.get("finish_reason"):
                said.finish = finish_of(choice["finish_reason"])
    for (index, _), (name, text) in sorted(fragments.items()):
        answer.choice(index).calls.append((name, arguments(text)))
    return answer


def _json_text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def _chat_message(said: Said, message: Json) -> None:
    content = message.get("content")
    if isinstance(content, dict):
        content = json.dumps(content)
    if isinstance(content, list):
        for part in content:
            if part.get("type") == "thinking":
                said.reasoning += joined(t.get("text") for t in part["thinking"])
        content = joined(p.get("text") for p in content if p.get("type") == "text")
    said.text += content or ""
    said.refusal += message.get("refusal") or ""
    details = joined(d.get("text") or d.get("summary") for d in message.get("reasoning_details") or [])
    said.reasoning += message.get("reasoning_content") or message.get("reasoning") or details
    for call in message.get("tool_calls") or []:
        custom = call.get("custom")
        said.calls.append((custom["name"], custom["input"]) if custom else tuple(_call(call["function"])))
    if (message.get("function_call") or {}).get("name"):
        said.calls.append(_call(message["function_call"]))


def _call(function: Json) -> tuple[str, Any]:
    return (function.get("name") or "", function.get("arguments"))


def _chat_usage(sample: Sample, usage: Json | None) -> Count | None:
    if not usage or usage.get("prompt_tokens") is None:
        return None
    prompt, wrote = n(usage["prompt_tokens"]), n(usage.get("completion_tokens"))
    thought = n((usage.get("completion_tokens_details") or {}).get("reasoning_tokens")) or n(usage.get("reasoning_tokens"))
    cached = (
        n((usage.get("prompt_tokens_details") or {}).get("cached_tokens"))
        or n(usage.get("cached_tokens"))
        or n(usage.get("num_cached_tokens"))
        or n(usage.get("prompt_cache_hit_tokens"))
        or n(usage.get("cache_read_input_tokens"))
    )
    if sample.provider in {"gemini", "xai"}:  # their totals hold reasoning that their completion counts lack
        thought = thought or max(0, n(usage["total_tokens"]) - prompt - wrote)
        wrote = n(usage["total_tokens"]) - prompt
    return (prompt, wrote, cached, thought)


def completions(sample: Sample, body: Json) -> Answer:
    """A whole legacy completion."""
    answer = Answer(usage=_chat_usage(sample, body.get("usage")))
    for i, choice in enumerate(body["choices"]):
        said = answer.choice(choice.get("index", i))
        said.text, said.finish = choice.get("text") or "", finish_of(choice.get("finish_reason"))
    return answer


def completions_stream(sample: Sample) -> Answer:
    """Legacy completion chunks."""
    answer = Answer()
    for chunk in payloads(sample):
        answer.usage = _chat_usage(sample, chunk.get("usage")) or answer.usage
        for choice in chunk.get("choices") or []:
            said = answer.choice(choice.get("index", 0))
            said.text += choice.get("text") or ""
            if choice.get("finish_reason"):
                said.finish = finish_of(choice["finish_reason"])
    return answer


# --- OpenAI responses ----------------------------------------------------------------------------------------------------


def responses(_: Sample, body: Json) -> Answer:
    """A whole response."""
    said = Said()
    for item in body.get("output") or []:
        _responses_item(said, item)
    if isinstance(body.get("reasoning"), str):  # mistral.rs
        said.reasoning = said.reasoning or body["reasoning"]
    return _responses_end(said, body)


def _responses_item(said: Said, item: Json) -> None:
    match item["type"]:
        case "message":
            said.text += joined(p.get("text") for p in item["content"] if p["type"] == "output_text")
            said.refusal += joined(p.get("refusal") for p in item["content"])
        case "function_call":
            said.calls.append((item["name"], arguments(item["arguments"])))
        case "custom_tool_call":
            said.calls.append((item["name"], item["input"]))
        case "reasoning":
            summary = joined(p.get("text") for p in item.get("summary") or [])
            said.reasoning += summary or joined(p.get("text") for p in item.get("content") or [])


def _responses_end(said: Said, body: Json) -> Answer:
    if body.get("status") == "incomplete":
        said.finish = finish_of((body.get("incomplete_details") or {}).get("reason"))
    usage, count = body.get("usage"), None
    if usage:
        cached = n((usage.get("input_tokens_details") or {}).get("cached_tokens"))
        thought = n((usage.get("output_tokens_details") or {}).get("reasoning_tokens"))
        count = (n(usage.get("input_tokens")), n(usage.get("output_tokens")), cached, thought)
    return Answer(choices=[said], usage=count, failed=body.get("status") == "failed")


def responses_stream(sample: Sample) -> Answer:
    """The events of a response: deltas, not the closing copy."""
    said, answer, failed = Said(), Answer(), False
    thinking: dict[str, str] = {"summary": "", "text": ""}
    for event in payloads(sample):
        match event.get("type"):
            case "response.output_text.delta":
                said.text += event["delta"]
            case "response.refusal.delta":
                said.refusal += event["delta"]
            case "response.reasoning_summary_text.delta":
                thinking["summary"] += event["delta"]
            case "response.reasoning_text.delta":
                thinking["text"] += event["delta"]
            case "response.output_item.done" if "call" in event["item"]["type"]:
                _responses_item(said, event["item"])
            case "response.completed" | "response.incomplete" | "response.failed":
                answer = _responses_end(said, event["response"])
            case "error":
                failed = True
    said.reasoning = thinking["summary"] or thinking["text"]
    answer.choices = [said]
    answer.failed = answer.failed or failed
    return answer
