"""A second reading of recorded answers, as plain as it can be and without a line of `gamma.wire`.

Whole bodies are walked as dicts; streams are cut at line ends (SSE, JSON lines) or by botocore (AWS event streams).
"""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.contract.meaning import Answer, Count, Said, arguments, joined
from tests.contract.oracle_openai import chat, chat_stream, completions, completions_stream, responses, responses_stream
from tests.contract.reading import Json, finish_of, n, payloads
from tests.contract.recordings import Sample


def read(sample: Sample) -> Answer:
    """What a sample says."""
    whole, streamed = READERS[sample.dialect]
    answer = streamed(sample) if sample.streamed else whole(sample, json.loads(sample.body))
    for said in answer.choices:
        if said.calls and said.finish == "stop":
            said.finish = "tool_calls"
    if answer.usage is not None:
        gave, wrote, cached, thought = answer.usage
        answer.usage = (gave, wrote, min(cached, gave), min(thought, wrote))
    return answer


# --- Anthropic messages --------------------------------------------------------------------------------------------------


def _messages(_: Sample, body: Json) -> Answer:
    said = Said(finish=finish_of(body.get("stop_reason")))
    for block in body["content"]:
        _block(said, block)
    return Answer(choices=[said], usage=_messages_usage(body.get("usage") or {}))


def _block(said: Said, block: Json) -> None:
    said.text += joined([block.get("text")])
    said.reasoning += joined([block.get("thinking")])
    if block["type"] == "tool_use":
        said.calls.append((block["name"], arguments(block["input"])))


def _messages_usage(usage: Json) -> Count:
    cached = n(usage.get("cache_read_input_tokens"))
    gave = n(usage.get("input_tokens")) + cached + n(usage.get("cache_creation_input_tokens"))
    thought = n((usage.get("output_tokens_details") or {}).get("thinking_tokens"))
    return (gave, n(usage.get("output_tokens")), cached, thought)


def _messages_stream(sample: Sample) -> Answer:
    blocks: dict[int, Json] = {}
    usage: Json = {}
    finish, failed = "stop", False
    for event in payloads(sample):
        match event.get("type"):
            case "message_start":
                usage = event["message"].get("usage") or {}
            case "content_block_start":
                blocks[event["index"]] = {**event["content_block"], "partial": ""}
            case "content_block_delta":
                block = blocks[event["index"]]
                for name, value in event["delta"].items():
                    key = {"partial_json": "partial"}.get(name, name)
                    if name in {"text", "thinking", "partial_json"}:
                        block[key] = (block.get(key) or "") + value
            case "message_delta":
                finish = finish_of(event["delta"].get("stop_reason"))
                usage = usage | {k: v for k, v in (event.get("usage") or {}).items() if v is not None}
            case "error":
                failed = True
    said = Said(finish=finish)
    for _, block in sorted(blocks.items()):
        _block(said, {**block, "input": block["partial"] or block.get("input")})
    return Answer(choices=[said], usage=_messages_usage(usage), failed=failed)


# --- Gemini --------------------------------------------------------------------------------------------------------------


def _gemini(_: Sample, body: Json) -> Answer:
    answer = Answer()
    _gemini_chunk(answer, body)
    return answer


def _gemini_stream(sample: Sample) -> Answer:
    answer = Answer()
    for chunk in payloads(sample):
        _gemini_chunk(answer, chunk)
    return answer


def _gemini_chunk(answer: Answer, body: Json) -> None:
    answer.failed = answer.failed or "error" in body
    if (body.get("promptFeedback") or {}).get("blockReason"):
        answer.choice(0).finish = "content_filter"
    for candidate in body.get("candidates") or []:
        said = answer.choice(candidate.get("index", 0))
        for part in (candidate.get("content") or {}).get("parts") or []:
            if part.get("thought"):
                said.reasoning += joined([part.get("text")])
            else:
                said.text += joined([part.get("text")])
            if "functionCall" in part:
                said.calls.append((part["functionCall"]["name"], arguments(part["functionCall"].get("args"))))
        if candidate.get("finishReason"):
            said.finish = finish_of(candidate["finishReason"])
    if usage := body.get("usageMetadata"):
        thought = n(usage.get("thoughtsTokenCount"))
        gave = n(usage.get("promptTokenCount")) + n(usage.get("toolUsePromptTokenCount"))
        wrote = n(usage.get("candidatesTokenCount")) + thought
        answer.usage = (gave, wrote, n(usage.get("cachedContentTokenCount")), thought)


# --- Bedrock -------------------------------------------------------------------------------------------------------------


def _converse(_: Sample, body: Json) -> Answer:
    said = Said(finish=finish_of(body.get("stopReason")))
    for block in body["output"]["message"]["content"]:
        _converse_block(said, block)
    return Answer(choices=[said], usage=_converse_usage(body.get("usage")))


def _converse_block(said: Said, block: Json) -> None:
    cited = (block.get("citationsContent") or {}).get("content") or []
    said.text += joined([block.get("text"), *(c.get("text") for c in cited)])
    thinking = block.get("reasoningContent") or {}
    said.reasoning += joined([(thinking.get("reasoningText") or thinking).get("text")])
    if "toolUse" in block:
        said.calls.append((block["toolUse"]["name"], arguments(block["toolUse"]["input"])))


def _converse_usage(usage: Json | None) -> Count | None:
    if not usage:
        return None
    cached, written = n(usage.get("cacheReadInputTokens")), n(usage.get("cacheWriteInputTokens"))
    return (n(usage.get("inputTokens")) + cached + written, n(usage.get("outputTokens")), cached, 0)


def _converse_stream(sample: Sample) -> Answer:
    answer = Answer()
    said = answer.choice(0)
    calls: dict[int, tuple[str, str]] = {}
    for event in payloads(sample):
        if any(name.endswith(("Exception", "exception")) for name in event):
            answer.failed = True
        if start := (event.get("contentBlockStart") or {}).get("start", {}).get("toolUse"):
            calls[event["contentBlockStart"]["contentBlockIndex"]] = (start["name"], "")
        if block := event.get("contentBlockDelta"):
            delta, index = block["delta"], block["contentBlockIndex"]
            if "toolUse" in delta:
                calls[index] = (calls[index][0], calls[index][1] + delta["toolUse"]["input"])
            else:
                _converse_block(said, delta)
        if stop := event.get("messageStop"):
            said.finish = finish_of(stop["stopReason"])
        answer.usage = _converse_usage((event.get("metadata") or {}).get("usage")) or answer.usage
    said.calls = [(name, arguments(text)) for _, (name, text) in sorted(calls.items())]
    return answer


# --- Bedrock invoke: one shape a model family ------------------------------------------------------------------------------


def _invoke(sample: Sample, body: Json) -> Answer:
    if "content" in body:
        return _messages(sample, body)
    if "output" in body:
        return _converse(sample, body)
    if "choices" in body:
        return chat(sample, body) if "message" in body["choices"][0] else completions(sample, body)
    answer = Answer()
    texts = body.get("generations") or body.get("results") or body.get("completions") or [body]
    for i, text in enumerate(texts):
        said = answer.choice(i)
        said.text = joined([text.get("text"), text.get("outputText"), text.get("generation"), text.get("completion")])
        said.text += joined([(text.get("data") or {}).get("text")])
        said.finish = _invoke_finish(text)
    if "results" in body:
        answer.usage = (n(body.get("inputTextTokenCount")), sum(n(t.get("tokenCount")) for t in texts), 0, 0)
    elif "prompt_token_count" in body:
        answer.usage = (n(body["prompt_token_count"]), n(body["generation_token_count"]), 0, 0)
    elif "completions" in body:
        answer.usage = (len(body["prompt"]["tokens"]), sum(len(t["data"]["tokens"]) for t in texts), 0, 0)
    return answer


def _invoke_finish(text: Json) -> str:
    reason = text.get("finishReason") or {}
    word = text.get("stop_reason") or text.get("finish_reason") or text.get("completionReason") or text.get("reason")
    return finish_of(word or (reason.get("reason") if isinstance(reason, dict) else reason))


def _invoke_stream(sample: Sample) -> Answer:
    events = list(payloads(sample))
    metrics = events[-1].get("amazon-bedrock-invocationMetrics") or {}
    if "type" in events[0]:
        return _messages_stream(sample)
    if "messageStart" in events[0]:
        return _converse_stream(sample)
    said = Said()
    for event in events:
        said.text += joined(event.get(name) for name in ("text", "outputText", "generation", "completion"))
        said.finish = _invoke_finish(event)
    return Answer(choices=[said], usage=(n(metrics.get("inputTokenCount")), n(metrics.get("outputTokenCount")), 0, 0))


# --- Cohere and Ollama ---------------------------------------------------------------------------------------------------


def _cohere(_: Sample, body: Json) -> Answer:
    message, said = body["message"], Said(finish=finish_of(body.get("finish_reason")))
    said.reasoning = joined(p.get("thinking") for p in message.get("content") or [])
    said.text = joined([message.get("tool_plan"), *(p.get("text") for p in message.get("content") or [])])
    said.calls = [(c["function"]["name"], arguments(c["function"]["arguments"])) for c in message.get("tool_calls") or []]
    return Answer(choices=[said], usage=_cohere_usage(body.get("usage")))


def _cohere_usage(usage: Json | None) -> Count | None:
    tokens = (usage or {}).get("tokens")
    if not tokens:
        return None
    thought = n(tokens.get("reasoning_tokens"))
    gave = n(tokens.get("input_tokens")) + n(tokens.get("image_tokens"))  # recorded: text and image are counted apart
    return (gave, n(tokens.get("output_tokens")), n((usage or {}).get("cached_tokens")), thought)


def _cohere_stream(sample: Sample) -> Answer:
    answer = Answer()
    said, texts = answer.choice(0), []
    for event in payloads(sample):
        delta = event.get("delta") or {}
        message = delta.get("message") or {}
        content, call = message.get("content") or {}, message.get("tool_calls") or {}
        said.text += joined([message.get("tool_plan"), content.get("text")])
        said.reasoning += joined([content.get("thinking")])
        if event.get("type") == "tool-call-start":
            texts.append([call["function"]["name"], call["function"].get("arguments") or ""])
        elif event.get("type") == "tool-call-delta":
            texts[-1][1] += call["function"]["arguments"]
        elif event.get("type") == "message-end":
            said.finish = finish_of(delta.get("finish_reason"))
            answer.usage = _cohere_usage(delta.get("usage"))
    said.calls = [(name, arguments(text)) for name, text in texts]
    return answer


def _cohere_v1(_: Sample, body: Json) -> Answer:
    said = Said(text=body.get("text") or "", finish=finish_of(body.get("finish_reason")))
    said.calls = [(c["name"], arguments(c["parameters"])) for c in body.get("tool_calls") or []]
    return Answer(choices=[said], usage=_cohere_usage(body.get("meta")))


def _cohere_v1_stream(sample: Sample) -> Answer:
    text = ""
    for event in payloads(sample):
        if event["event_type"] == "text-generation":
            text += event["text"]
        if event["event_type"] == "stream-end":
            answer = _cohere_v1(sample, event["response"])
            answer.choices[0].text = text
            answer.choices[0].finish = finish_of(event["finish_reason"])
    return answer


def _ollama(_: Sample, body: Json) -> Answer:
    answer = Answer()
    _ollama_line(answer, body)
    return answer


def _ollama_stream(sample: Sample) -> Answer:
    answer = Answer()
    for line in payloads(sample):
        _ollama_line(answer, line)
    return answer


def _ollama_line(answer: Answer, line: Json) -> None:
    answer.failed = answer.failed or "error" in line
    said, message = answer.choice(0), line.get("message") or {}
    said.text += message.get("content") or ""
    said.reasoning += message.get("thinking") or ""
    for call in message.get("tool_calls") or []:
        said.calls.append((call["function"]["name"], arguments(call["function"].get("arguments"))))
    if line.get("done"):
        said.finish = finish_of(line.get("done_reason"))
        answer.usage = (n(line.get("prompt_eval_count")), n(line.get("eval_count")), 0, 0)


# --- Replicate ----------------------------------------------------------------------------------------------------------


def _replicate(_: Sample, body: Json) -> Answer:
    output, metrics = body.get("output"), body.get("metrics") or {}
    text = joined(output) if isinstance(output, list) else output or ""
    usage = (
        (n(metrics["input_token_count"]), n(metrics.get("output_token_count")), 0, 0)
        if "input_token_count" in metrics
        else None
    )
    return Answer(choices=[Said(text=text)], usage=usage, failed=body.get("status") != "succeeded")


def _replicate_stream(sample: Sample) -> Answer:
    answer = Answer()
    said = answer.choice(0)
    for block in sample.body.decode().replace("\r\n", "\n").split("\n\n"):
        lines = block.split("\n")
        if "event: output" in lines:
            said.text += "\n".join(
                line.removeprefix("data:").removeprefix(" ") for line in lines if line.startswith("data:")
            )
        answer.failed = answer.failed or "event: error" in lines
    return answer


# --- watsonx and DashScope ------------------------------------------------------------------------------------------------


def _watsonx(sample: Sample, body: Json) -> Answer:
    if "results" not in body:
        return chat(sample, body)
    results = body["results"]
    counts = (
        sum(n(r.get("input_token_count")) for r in results),
        sum(n(r.get("generated_token_count")) for r in results),
        0,
        0,
    )
    said = [Said(text=r["generated_text"], finish=finish_of(r.get("stop_reason"))) for r in results]
    return Answer(choices=said, usage=counts)


def _dashscope(sample: Sample, body: Json) -> Answer:
    output = body["output"]
    choices = output.get("choices") or [
        {"message": {"content": output.get("text")}, "finish_reason": output.get("finish_reason")}
    ]
    answer = chat(sample, {"choices": choices})
    answer.usage = _dashscope_usage(body.get("usage"))
    return answer


def _dashscope_usage(usage: Json | None) -> Count | None:
    if not usage:
        return None
    cached = n((usage.get("prompt_tokens_details") or {}).get("cached_tokens"))
    thought = n((usage.get("output_tokens_details") or {}).get("reasoning_tokens"))
    return (n(usage.get("input_tokens")), n(usage.get("output_tokens")), cached, thought)


def _dashscope_stream(sample: Sample) -> Answer:
    events = list(payloads(sample))
    chunks = []
    for event in events:
        for choice in event.get("output", {}).get("choices") or []:
            finish = choice.get("finish_reason")
            chunks.append({"choices": [{"delta": choice["message"], "finish_reason": None if finish == "null" else finish}]})
    answer = chat_stream(sample, chunks)
    answer.failed = any("code" in event for event in events)
    answer.usage = _dashscope_usage(events[-1].get("usage"))
    return answer


Readers = tuple[Callable[[Sample, Json], Answer], Callable[[Sample], Answer]]
READERS: dict[str, Readers] = {
    "anthropic_messages": (_messages, _messages_stream),
    "bedrock_converse": (_converse, _converse_stream),
    "bedrock_invoke": (_invoke, _invoke_stream),
    "cohere_v2": (_cohere, _cohere_stream),
    "cohere_v1": (_cohere_v1, _cohere_v1_stream),
    "dashscope": (_dashscope, _dashscope_stream),
    "watsonx": (_watsonx, chat_stream),
    "gemini": (_gemini, _gemini_stream),
    "ollama": (_ollama, _ollama_stream),
    "openai_chat": (chat, chat_stream),
    "openai_completions": (completions, completions_stream),
    "openai_responses": (responses, responses_stream),
    "replicate": (_replicate, _replicate_stream),
}
