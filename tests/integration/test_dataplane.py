"""The data plane as callers meet it: what it refuses, how streams end, who pays for slow readers."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from gamma.dataplane.config import ServerConfig
from gamma.providers.config import ProviderConfig
from gamma.routing.config import DeploymentConfig, ModelConfig
from gamma.types.secret import Secret
from gamma.types.timeouts import Timeouts
from tests.integration.gateways import ADMIN_KEY, Running, gateway
from tests.integration.upstream import Exchange, Script, Upstream, upstream

HEADERS = {"authorization": f"Bearer {ADMIN_KEY}"}
CHAT = "/v1/chat/completions"
ASK: dict[str, Any] = {"model": "up/m", "messages": [{"role": "user", "content": "hi"}]}
ANSWER = (
    b'{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",'
    b'"content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}'
)


def event(content: str = "", finish: str | None = None, **more: Any) -> bytes:
    delta = {"content": content} if content else {}
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunk["choices"] = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({**chunk, **more}).encode() + b"\n\n"


USAGE = event(choices=[], usage={"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})
DONE = b"data: [DONE]\n\n"


def provider(url: str, name: str = "up", **more: Any) -> dict[str, ProviderConfig]:
    more.setdefault("wire", "openai_chat")
    return {name: ProviderConfig(name=name, base_url=f"{url}/v1", api_key=Secret("sk-upstream"), **more)}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with gateway(tmp_path_factory.mktemp("data"), server=ServerConfig(max_body_mb=0.1, max_header_kb=8)) as found:
        yield found


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Any]:
    """Makes a gateway in front of one scripted upstream."""
    with ExitStack() as stack:

        def make(script: Script, timeouts: Timeouts | None = None, **more: Any) -> tuple[Running, Upstream]:
            up = stack.enter_context(upstream(script))
            configs = provider(up.url, timeouts=timeouts or Timeouts(first_token_s=1, stall_s=0.5, total_s=10))
            return stack.enter_context(gateway(tmp_path, providers=configs, **more)), up

        yield make


def raw(running: Running, data: bytes, *, shut: bool = False) -> bytes:
    """Everything the server answers to raw bytes."""
    port = int(running.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.sendall(data)
        if shut:
            sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


def records(path: Path, count: int) -> list[dict[str, Any]]:
    """The usage records in a gateway's folder, once there are so many."""
    for _ in range(100):
        lines = [json.loads(line) for file in (path / "usage").glob("*.jsonl") for line in file.read_text().splitlines()]
        if len(lines) >= count:
            return lines
        time.sleep(0.02)
    raise AssertionError(f"only {len(lines)} records")


# what is refused


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"{", "caller_malformed_json", None),
        (b"\xff\xfe", "caller_malformed_json", None),
        (b"[]", "caller_invalid_type", None),
        (b"{}", "caller_missing_field", "model"),
        (b'{"model":"up/m"}', "caller_missing_field", "messages"),
        (b'{"model":"up/m","messages":[]}', "caller_invalid_type", "messages"),
        (b'{"model":7,"messages":[{"role":"user","content":"x"}]}', "caller_invalid_type", "model"),
        (b'{"model":"m","messages":[{"content":"x"}]}', "caller_missing_field", "messages[0].role"),
        (b'{"model":"m","messages":[{"role":"user","content":"x"}],"stream":"yes"}', "caller_invalid_type", "stream"),
        (b'{"model":"openai/gpt-4o","messages":[{"role":"user","content":"x"}],"n":"2"}', "caller_invalid_type", "n"),
        (b'{"model":"nobody/x","messages":[{"role":"user","content":"x"}]}', "caller_unknown_model", "model"),
    ],
)
def test_bad_bodies_are_refused_with_the_field_named(running: Running, body: bytes, code: str, param: str | None) -> None:
    answer = httpx.post(running.url + CHAT, content=body, headers=HEADERS)
    error = answer.json()["error"]
    assert answer.status_code == (404 if code == "caller_unknown_model" else 400)
    assert (error["code"], error["param"]) == (code, param)


def test_a_misspelt_model_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    models = {"fast": ModelConfig(name="fast", deployments=(DeploymentConfig(provider="openai", model="gpt-4o-mini"),))}
    with gateway(tmp_path, models=models) as running:
        answer = httpx.post(running.url + CHAT, json={**ASK, "model": "fasst"}, headers=HEADERS)
    assert "did you mean fast?" in answer.json()["error"]["message"]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer gm-wrong"}, {"x-api-key": "x"}])
def test_no_key_or_an_unknown_one_is_refused(running: Running, headers: dict[str, str]) -> None:
    answer = httpx.post(running.url + CHAT, json=ASK, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "caller_unauthenticated"


def test_a_key_in_the_url_is_refused_even_when_it_is_right(running: Running) -> None:
    answer = httpx.post(f"{running.url}{CHAT}?key={ADMIN_KEY}", json=ASK, headers=HEADERS)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "caller_key_in_query"
    assert ADMIN_KEY not in answer.text


def test_wrong_method_and_unknown_path_are_told_apart(running: Running) -> None:
    assert httpx.get(running.url + CHAT, headers=HEADERS).status_code == 405
    assert httpx.post(running.url + "/v1/nothing", headers=HEADERS).status_code == 404


def test_errors_have_the_shape_of_the_dialect(running: Running) -> None:
    anthropic = httpx.post(running.url + "/v1/messages", json={}, headers=HEADERS).json()
    google = httpx.post(running.url + "/v1beta/models/x/y:generateContent", json={}, headers=HEADERS).json()
    assert (anthropic["type"], anthropic["error"]["type"]) == ("error", "invalid_request_error")
    assert google["error"]["code"] == 400
    assert google["error"]["status"] == "INVALID_ARGUMENT"


def test_a_declared_oversized_body_is_refused_before_it_is_read(running: Running) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_KEY}\r\ncontent-length: 200000\r\n\r\n"
    answer = raw(running, head.encode())  # not one byte of the body is sent
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"caller_body_too_large" in answer
    assert b"connection: close" in answer


def test_an_undeclared_oversized_body_is_refused_on_the_way(running: Running) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    answer = raw(running, head + (b"8000\r\n" + b"x" * 0x8000 + b"\r\n") * 6)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_oversized_headers_are_refused(running: Running) -> None:
    answer = raw(running, b"GET /health/live HTTP/1.1\r\nx: " + b"y" * 20_000)
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_a_truncated_body_is_refused(running: Running) -> None:
    answer = raw(running, f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{{".encode(), shut=True)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"before the request was complete" in answer


def test_bytes_that_are_not_http_are_refused(running: Running) -> None:
    assert raw(running, b"\x16\x03\x01\x02\x00\x01\x00").startswith(b"HTTP/1.1 400 ")


def test_pipelined_requests_are_answered_in_order(running: Running) -> None:
    first = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
    answer = raw(running, first * 12 + b"GET /health/ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 OK") == 13
    assert answer.index(b'"ready"') > answer.rindex(b'"live"')


def test_http_1_0_and_head_are_served(running: Running) -> None:
    assert b'{"status":"live"}' in raw(running, b"GET /health/live HTTP/1.0\r\n\r\n")
    assert httpx.head(running.url + "/health/live").status_code == 200


def test_expect_continue_is_answered(running: Running) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
    assert raw(running, head.encode()).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 ")


# what passes through


def test_the_same_dialect_passes_byte_for_byte_but_for_the_model(behind: Any) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(b'{ "weird" : 1, "choices":[{}],  "usage":null }\n')

    running, up = behind(script)
    sent = (
        b'{ "messages" : [ {"role":"user","content":"say \\u00e9 \\"model\\": \\"up/m\\""} ],\t"model" :  "up/m", "x":1.0 }'
    )
    answer = httpx.post(running.url + CHAT, content=sent, headers=HEADERS)
    assert answer.content == b'{ "weird" : 1, "choices":[{}],  "usage":null }\n'
    assert json.loads(up.exchanges[0].body) == {**json.loads(sent), "model": "m"}
    assert b"Bearer sk-upstream" in up.exchanges[0].head
    assert ADMIN_KEY.encode() not in up.exchanges[0].head


def test_a_body_whose_model_stands_once_keeps_every_other_byte(behind: Any) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(ANSWER)

    running, up = behind(script)
    sent = b'{ "messages" : [ {"role":"user","content":"\\u00e9"} ],\t"model" :  "up/m", "x":1.0 }'
    httpx.post(running.url + CHAT, content=sent, headers=HEADERS)
    assert up.exchanges[0].body == sent.replace(b'"up/m"', b'"m"')


def test_a_stream_passes_byte_for_byte_and_is_recorded(behind: Any, tmp_path: Path) -> None:
    pieces = [b": hi\n\n", event("hel"), event("lo"), event(finish="stop"), USAGE, DONE]

    async def script(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.chunk(*pieces)
        await exchange.end()

    running, _ = behind(script)
    body = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
    answer = httpx.post(running.url + CHAT, json=body, headers=HEADERS)
    assert answer.content == b"".join(pieces)
    record = records(tmp_path, 1)[0]
    assert (record["outcome"], record["input_tokens"], record["output_tokens"]) == ("ok", 3, 2)


@pytest.mark.parametrize("cut", [1, 7, 40, 200, 10_000])
def test_usage_that_the_caller_did_not_ask_for_is_counted_and_hidden(behind: Any, tmp_path: Path, cut: int) -> None:
    whole = event("hello") + event(finish="stop") + USAGE + DONE

    async def script(exchange: Exchange) -> None:
        assert json.loads(exchange.body)["stream_options"] == {"include_usage": True}
        await exchange.begin()
        await exchange.chunk(*(whole[i : i + cut] for i in range(0, len(whole), cut)))
        await exchange.end()

    running, _ = behind(script)
    answer = httpx.post(running.url + CHAT, json={**ASK, "stream": True}, headers=HEADERS)
    assert answer.content == event("hello") + event(finish="stop") + DONE
    assert records(tmp_path, 1)[0]["output_tokens"] == 2


# how things fail


@pytest.mark.parametrize("translated", [False, True])
def test_a_cut_stream_ends_in_an_error_event_and_never_as_if_whole(behind: Any, translated: bool) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.chunk(event("hel"), event("lo"), pause_s=0.02)
        exchange.cut()

    running, _ = behind(script)
    if translated:
        body = {"model": "up/m", "max_tokens": 9, "stream": True, "messages": ASK["messages"]}
        answer = httpx.post(running.url + "/v1/messages", json=body, headers=HEADERS)
        assert "event: error" in answer.text
        assert "message_stop" not in answer.text
    else:
        answer = httpx.post(running.url + CHAT, json={**ASK, "stream": True}, headers=HEADERS)
        assert "provider_" in answer.text.strip().splitlines()[-1]
        assert "[DONE]" not in answer.text
    assert "hel" in answer.text


def test_a_stream_that_ends_politely_but_early_is_told_to_be_cut(behind: Any) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.chunk(event("hel"))
        await exchange.end()

    running, _ = behind(script)
    answer = httpx.post(running.url + CHAT, json={**ASK, "stream": True}, headers=HEADERS)
    assert "provider_stream_cut" in answer.text
    assert "[DONE]" not in answer.text


def test_a_stalled_stream_ends_in_an_error_event(behind: Any) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.chunk(event("hel"))
        await asyncio.sleep(5)

    running, _ = behind(script)
    begun = time.monotonic()
    answer = httpx.post(running.url + CHAT, json={**ASK, "stream": True}, headers=HEADERS)
    assert "provider_timeout" in answer.text
    assert time.monotonic() - begun < 2


def test_failures_before_the_first_byte_are_replaced_silently(behind: Any) -> None:
    async def script(exchange: Exchange) -> None:
        if exchange.number == 1:
            await exchange.answer(b'{"error":{"message":"busy"}}', "503 Service Unavailable", "retry-after: 0\r\n")
        elif exchange.number == 2:
            await exchange.begin()
            await exchange.chunk(b'data: {"error":{"message":"overloaded","code":503}}\n\n')
            await exchange.end()
        else:
            await exchange.begin()
            await exchange.chunk(event("fine"), event(finish="stop"), DONE)
            await exchange.end()

    running, _ = behind(script)
    answer = httpx.post(running.url + CHAT, json={**ASK, "stream": True}, headers=HEADERS)
    assert "fine" in answer.text
    assert "busy" not in answer.text
    assert answer.headers["x-gamma-attempts"] == "3"


def test_a_wait_that_the_provider_asks_for_is_honoured(behind: Any) -> None:
    async def script(exchange: Exchange) -> None:
        if exchange.number == 1:
            await exchange.answer(b'{"error":{"message":"slow down"}}', "429 Too Many Requests", "retry-after: 1\r\n")
        else:
            await exchange.answer(ANSWER)

    running, _ = behind(script)
    begun = time.monotonic()
    answer = httpx.post(running.url + CHAT, json=ASK, headers=HEADERS, timeout=10)
    assert answer.status_code == 200
    assert time.monotonic() - begun >= 1


def test_a_long_wait_is_passed_on_instead_of_holding_the_caller(behind: Any) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(b'{"error":{"message":"slow down"}}', "429 Too Many Requests", "retry-after: 60\r\n")

    running, up = behind(script)
    answer = httpx.post(running.url + CHAT, json=ASK, headers=HEADERS)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert len(up.exchanges) == 1


def test_a_request_that_the_provider_calls_invalid_is_not_repeated(behind: Any) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(b'{"error":{"message":"temperature too hot","param":"temperature"}}', "400 Bad Request")

    running, up = behind(script)
    answer = httpx.post(running.url + CHAT, json=ASK, headers=HEADERS)
    assert answer.status_code == 400
    assert "temperature too hot" in answer.json()["error"]["message"]
    assert len(up.exchanges) == 1


def test_a_malformed_answer_is_retried_and_then_told(behind: Any) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(b"<html>oops</html>")

    running, up = behind(script)
    answer = httpx.post(running.url + CHAT, json=ASK, headers=HEADERS, timeout=20)
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "provider_malformed"
    assert len(up.exchanges) == 3
    assert answer.headers["x-should-retry"] == "false"


def test_fallbacks_answer_in_order(tmp_path: Path) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(b'{"error":{"message":"down"}}', "500 Internal Server Error")

    with upstream(script) as up:
        models = {
            "first": ModelConfig(
                name="first",
                deployments=(DeploymentConfig(provider="up", model="m", retries=0),),
                retries=0,
                fallbacks=("second", "third"),
            ),
            "second": ModelConfig(
                name="second", deployments=(DeploymentConfig(provider="up", model="n", retries=0),), retries=0
            ),
            "third": ModelConfig(name="third", deployments=(DeploymentConfig(provider="openai", model="gpt-4o"),)),
        }
        with gateway(tmp_path, providers=provider(up.url), models=models) as running:
            answer = httpx.post(running.url + CHAT, json={**ASK, "model": "first"}, headers=HEADERS)
    assert answer.headers["x-gamma-model"] == "third"
    assert answer.headers["x-gamma-attempts"] == "3"
    assert [json.loads(e.body)["model"] for e in up.exchanges] == ["m", "n"]


def test_a_caller_who_leaves_ends_the_upstream_request_within_a_second(behind: Any, tmp_path: Path) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.begin()
        while True:
            await exchange.chunk(event("word"), pause_s=0.05)

    running, up = behind(script)
    body = {**ASK, "stream": True, "messages": [{"role": "user", "content": "WATCH"}]}
    with httpx.stream("POST", running.url + CHAT, json=body, headers=HEADERS) as answer:
        next(answer.iter_bytes())
    left = time.monotonic()
    assert up.lost.wait(2)
    assert time.monotonic() - left < 1
    assert records(tmp_path, 1)[0]["outcome"] == "caller_left"


def test_a_slow_reader_holds_the_provider_back(behind: Any) -> None:
    sent = 0

    async def script(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.begin()
        for _ in range(400):
            await exchange.chunk(event("x" * 100_000))
            sent += 100_000
        await exchange.chunk(event(finish="stop"), DONE)
        await exchange.end()

    running, _ = behind(script, Timeouts(stall_s=0.3, total_s=30))
    total = 0
    with httpx.stream("POST", running.url + CHAT, json={**ASK, "stream": True}, headers=HEADERS, timeout=30) as answer:
        pieces = answer.iter_raw()
        total += len(next(pieces))
        time.sleep(1.0)
        held = sent
        total += sum(len(piece) for piece in pieces)
    assert held < 20_000_000  # socket buffers, not the whole 40 MB
    assert total > 40_000_000


def test_a_graceful_stop_fails_readiness_and_finishes_streams(behind: Any) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.chunk(*(event(f"w{i}") for i in range(10)), pause_s=0.05)
        await exchange.chunk(event(finish="stop"), DONE)
        await exchange.end()

    running, _ = behind(script)
    with (
        httpx.Client() as other,
        httpx.stream("POST", running.url + CHAT, json={**ASK, "stream": True}, headers=HEADERS) as answer,
    ):
        assert other.get(running.url + "/health/ready").status_code == 200
        pieces = answer.iter_bytes()
        text = next(pieces)
        stopped = running.stop()
        time.sleep(0.1)
        assert other.get(running.url + "/health/ready").status_code == 503
        text += b"".join(pieces)
    stopped.result(10)
    assert text.endswith(DONE)


def test_a_stream_that_outlives_the_stop_ends_with_an_error_event(behind: Any) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.begin()
        while True:
            await exchange.chunk(event("word"), pause_s=0.05)

    running, _ = behind(script, server=ServerConfig(drain_s=0.3))
    with httpx.stream("POST", running.url + CHAT, json={**ASK, "stream": True}, headers=HEADERS) as answer:
        pieces = answer.iter_bytes()
        text = next(pieces)
        running.stop()
        text += b"".join(pieces)
    assert b"gamma_draining" in text
    assert b"[DONE]" not in text


def test_prices_are_looked_up_again_from_time_to_time(tmp_path: Path) -> None:
    models = {"m": ModelConfig(name="m", deployments=(DeploymentConfig(provider="openai", model="gpt-4o-mini"),))}
    with gateway(tmp_path, models=models) as running:
        deployment = running.app.router.models["m"].deployments[0]
        priced, deployment.price = deployment.price, None

        async def later() -> None:
            running.app._reprice()

        running.call(later)
        assert running.app.router.models["m"].deployments[0].price == priced
        answer = httpx.post(running.url + CHAT, json={**ASK, "model": "m"}, headers=HEADERS)
    assert float(answer.headers["x-gamma-cost-usd"]) > 0
