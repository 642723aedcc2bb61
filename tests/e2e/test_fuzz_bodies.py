"""Rich requests with a few things wrong in them, in every dialect, to every kind of provider: answered or refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.e2e.samples import CITY, PIXEL_B64, PIXEL_URL
from tests.integration.gateways import ADMIN_KEY, Running

TARGETS = (
    "openai/gpt-4o-mini",
    "anthropic/claude-sonnet-4-5",
    "gemini/gemini-2.5-flash",
    "bedrock/anthropic.claude-sonnet-4-5",
    "mistral/mistral-small-latest",
    "cohere/command-a-03-2025",
    "ollama/llama3.2",
    "watsonx/ibm/granite-3-8b-instruct",
    "alibaba/qwen-plus",
    "replicate/meta/llama-3-70b",
    "ai21/jamba-large",
)
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Porto","days":2}'}}
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": ["string", "null"]}, "b": {"$ref": "#/$defs/B"}},
    "$defs": {"B": {}},
}

OPENAI_CHAT = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {
            "role": "user",
            "name": "ada",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": PIXEL_URL, "detail": "low"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [CALL],
            "reasoning_content": "Hm.",
            "reasoning_details": [
                {"type": "reasoning.text", "text": "Hm.", "signature": "c2ln", "format": "anthropic", "index": 0}
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "12 degrees"},
        {"role": "user", "content": "And then?"},
    ],
    "tools": [{"type": "function", "function": {**CITY, "strict": True}}],
    "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}},
    "stop": ["END"],
    "max_completion_tokens": 50,
    "temperature": 0.5,
    "top_p": 0.9,
    "n": 1,
    "seed": 3,
    "logit_bias": {"5": 1},
    "parallel_tool_calls": True,
    "reasoning_effort": "low",
    "metadata": {"a": "b"},
    "user": "ada",
    "stream_options": {"include_usage": True},
}
OPENAI_COMPLETIONS = {
    "prompt": ["Rivers"],
    "max_tokens": 20,
    "stop": "END",
    "suffix": "x",
    "echo": False,
    "logprobs": 1,
    "best_of": 1,
}
OPENAI_RESPONSES = {
    "instructions": "Be brief.",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Hi"}, {"type": "input_image", "image_url": PIXEL_URL}]},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "ZQ==",
        },
        {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city":"Porto","days":2}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "12 degrees"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "So.", "annotations": []}]},
        {"role": "user", "content": "And then?"},
    ],
    "tools": [{"type": "function", **CITY, "strict": False}],
    "tool_choice": "auto",
    "text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}, "verbosity": "low"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "max_output_tokens": 50,
    "temperature": 0.5,
    "store": False,
    "include": ["reasoning.encrypted_content"],
}
ANTHROPIC_MESSAGES = {
    "max_tokens": 2000,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL_B64}},
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "A page."},
                    "title": "T",
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "ZQ=="},
                {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Porto", "days": 2}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "mild", "is_error": False}],
        },
    ],
    "tools": [{"name": CITY["name"], "description": "x", "input_schema": CITY["parameters"]}],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "stop_sequences": ["END"],
    "top_k": 3,
    "metadata": {"user_id": "ada"},
    "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
}
GEMINI = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "Hi"}, {"inlineData": {"mimeType": "image/png", "data": PIXEL_B64}}]},
        {
            "role": "model",
            "parts": [
                {"text": "Hm.", "thought": True, "thoughtSignature": "c2ln"},
                {"functionCall": {"id": "1", "name": "get_weather", "args": {"city": "Porto", "days": 2}}},
            ],
        },
        {
            "role": "user",
            "parts": [{"functionResponse": {"id": "1", "name": "get_weather", "response": {"output": "mild"}}}],
        },
    ],
    "tools": [{"functionDeclarations": [{"name": CITY["name"], "parameters": {"type": "OBJECT", "properties": {}}}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}},
    "generationConfig": {
        "maxOutputTokens": 50,
        "temperature": 0.5,
        "topK": 3,
        "stopSequences": ["END"],
        "responseMimeType": "application/json",
        "responseSchema": {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True}}},
        "thinkingConfig": {"thinkingBudget": 100, "includeThoughts": True},
    },
    "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
}
DIALECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "openai_chat": ("/v1/chat/completions", OPENAI_CHAT),
    "openai_completions": ("/v1/completions", OPENAI_COMPLETIONS),
    "openai_responses": ("/v1/responses", OPENAI_RESPONSES),
    "anthropic_messages": ("/v1/messages", ANTHROPIC_MESSAGES),
    "gemini": ("/v1beta/models/{model}:", GEMINI),
}
_SCALARS = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        1,
        1.5,
        2**53,
        2**70,
        -(2**63) - 1,
        1e308,
        "",
        "x",
        "auto",
        "{}",
        "\x00",
        "\ud7ff\U0001f600",
        "data:,x",
    ]
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "role", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of everything in a JSON value."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


@st.composite
def spoiled(draw: st.DrawFn, dialect: str) -> dict[str, Any]:
    """A request with fields missing, doubled or replaced."""
    body = copy.deepcopy(DIALECTS[dialect][1])
    for name in draw(st.sets(st.sampled_from(sorted(body)), max_size=len(body) - 1)):
        if name not in ("messages", "contents", "prompt", "input", "max_tokens"):
            del body[name]  # fewer fields that a target might refuse leave more that it must read
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(list(places(body))))
        owner: Any = body
        for key in path[:-1]:
            owner = owner[key]
        match draw(st.sampled_from(("drop", "replace", "double"))):
            case "drop":
                del owner[path[-1]]
            case "double" if isinstance(owner, list):
                owner.append(copy.deepcopy(owner[path[-1]]))
            case _:
                owner[path[-1]] = draw(_VALUES)
        if not body:
            break
    return body


def check(answer: httpx.Response) -> None:
    """An answer, or a refusal that says what is wrong; a stream may end in an error event, but not of ours."""
    assert "gamma_internal" not in answer.text, answer.text
    assert answer.status_code < 500, f"{answer.status_code}: {answer.text}"
    if answer.status_code >= 400:
        assert answer.json()["error"]["message"]
    elif answer.headers["content-type"].startswith("application/json"):
        answer.json()
    else:
        assert "provider_" not in answer.text, answer.text[-2000:]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_request_is_answered_or_refused(dialect: str, running: Running) -> None:
    @settings(
        max_examples=150,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(body=spoiled(dialect), model=st.sampled_from(TARGETS), stream=st.booleans())
    def ask(body: dict[str, Any], model: str, stream: bool) -> None:
        path = DIALECTS[dialect][0]
        if dialect == "gemini":
            url = path.format(model=model) + ("streamGenerateContent?alt=sse" if stream else "generateContent")
        else:
            url = path
            body = {"model": model, "stream": stream, **body}
        data = json.dumps(body).encode()
        check(client.post(url, content=data, headers={"content-type": "application/json"}))

    headers = {"authorization": f"Bearer {ADMIN_KEY}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=10) as client:
        ask()
