"""Every provider of the catalogue answers through the gateway, whole and streamed, in every served dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from gamma.providers.catalog import Catalog
from tests.integration.gateways import ADMIN_KEY, Running, gateway

CATALOG = Catalog.builtin()
CHAT = [name for name in CATALOG.names() if CATALOG.row(name).wires]
EMBEDDINGS = [name for name in CATALOG.names() if CATALOG.row(name).embeddings]
RERANK = [name for name in CATALOG.names() if CATALOG.row(name).rerank]
MODELS = {"bedrock": "anthropic.claude-sonnet-4-5", "replicate": "meta/llama-3-70b"}
EMBEDDING_MODELS = {
    "bedrock": "amazon.titan-embed-text-v2:0",
    "vertex": "text-embedding-005",
    "gemini": "gemini-embedding-001",
}
RERANK_MODELS = {"bedrock": "cohere.rerank-v3-5:0"}
HEADERS = {"authorization": f"Bearer {ADMIN_KEY}"}
ASK = {"messages": [{"role": "user", "content": "Say something about rivers."}], "max_tokens": 40}
SURFACES = ["openai_chat", "openai_responses", "anthropic_messages", "gemini", "openai_completions"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with gateway(tmp_path_factory.mktemp("data")) as found:
        yield found


def request(surface: str, model: str, *, stream: bool) -> tuple[str, dict[str, object]]:
    """Path and body of a plain question in a dialect."""
    text = "Say something about rivers."
    match surface:
        case "openai_chat":
            return "/v1/chat/completions", {"model": model, "stream": stream, **ASK}
        case "openai_completions":
            return "/v1/completions", {"model": model, "stream": stream, "prompt": text, "max_tokens": 40}
        case "openai_responses":
            return "/v1/responses", {"model": model, "stream": stream, "input": text, "max_output_tokens": 40}
        case "anthropic_messages":
            return "/v1/messages", {"model": model, "stream": stream, **ASK}
        case _:
            verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
            return f"/v1beta/models/{model}:{verb}", {"contents": [{"role": "user", "parts": [{"text": text}]}]}


def text_of(surface: str, body: dict[str, object]) -> str:
    """The text of a whole answer."""
    read = {
        "openai_chat": lambda b: b["choices"][0]["message"]["content"],
        "openai_completions": lambda b: b["choices"][0]["text"],
        "openai_responses": lambda b: b["output"][-1]["content"][0]["text"],
        "anthropic_messages": lambda b: b["content"][-1]["text"],
        "gemini": lambda b: "".join(p.get("text", "") for p in b["candidates"][0]["content"]["parts"]),
    }
    return str(read[surface](body))


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("provider", CHAT)
def test_answers_whole(running: Running, provider: str, surface: str) -> None:
    path, body = request(surface, f"{provider}/{MODELS.get(provider, 'some-model')}", stream=False)
    answer = httpx.post(running.url + path, json=body, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    assert text_of(surface, answer.json())
    assert answer.headers["x-gamma-deployment"].startswith(f"{provider}/")
    assert answer.headers["x-gamma-attempts"] == "1"


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("provider", CHAT)
def test_answers_streamed(running: Running, provider: str, surface: str) -> None:
    path, body = request(surface, f"{provider}/{MODELS.get(provider, 'some-model')}", stream=True)
    answer = httpx.post(running.url + path, json=body, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert events
    assert not any("error" in event and event["error"] for event in events), answer.text
    ends = {
        "openai_chat": "data: [DONE]",
        "openai_completions": "data: [DONE]",
        "openai_responses": "response.",
        "anthropic_messages": "message_stop",
        "gemini": "finishReason",
    }
    assert ends[surface] in answer.text[-4000:]


@pytest.mark.parametrize("provider", EMBEDDINGS)
def test_answers_embeddings(running: Running, provider: str) -> None:
    model = f"{provider}/{EMBEDDING_MODELS.get(provider, 'some-embed')}"
    body = {"model": model, "input": ["one", "two"]}
    answer = httpx.post(f"{running.url}/v1/embeddings", json=body, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    assert [len(item["embedding"]) > 0 for item in answer.json()["data"]] == [True, True]


@pytest.mark.parametrize("provider", RERANK)
def test_answers_rerank(running: Running, provider: str) -> None:
    body = {
        "model": f"{provider}/{RERANK_MODELS.get(provider, 'some-model')}",
        "query": "old river",
        "documents": ["a new road", "the old river"],
    }
    answer = httpx.post(f"{running.url}/v1/rerank", json=body, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"][0]["index"] == 1
