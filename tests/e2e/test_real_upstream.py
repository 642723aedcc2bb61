"""A server that nobody of Gamma's wrote answers through Gamma: llama.cpp with a tiny model of random weights.

The server comes from a package index into an environment of its own below the one that runs the tests, once; the model is
made on the spot. What it says is nonsense, but its HTTP, its streams and its token counts are real.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from gamma.providers.config import ProviderConfig
from tests.e2e.samples import read_usage
from tests.integration.gateways import ADMIN_KEY, Running, gateway

pytestmark = pytest.mark.timeout(240)  # the first run installs 50 MB

FOLDER = Path(__file__).parent / "upstream"
ASK: Any = [{"role": "user", "content": "Which way does the river go?"}]
MODEL = "own/tiny"
INSTALL_S, START_S = 170, 30


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter of the environment that holds the server."""
    wanted = (FOLDER / "requirements.txt").read_bytes()
    home = Path(sys.prefix) / "real-upstream"
    found, stamp = home / "bin" / "python", home / "installed"
    mark = hashlib.sha256(wanted).hexdigest()
    if not stamp.exists() or stamp.read_text() != mark:
        venv.create(home, with_pip=True, clear=True)
        command: list[str | Path] = [
            found,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "-r",
            FOLDER / "requirements.txt",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
        assert done.returncode == 0, f"the real model server could not be installed:\n{done.stderr}"
        stamp.write_text(mark)
    return found


@pytest.fixture(scope="session")
def address(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the server listens."""
    folder = tmp_path_factory.mktemp("upstream")
    model = folder / "tiny.gguf"
    subprocess.run([python, FOLDER / "tiny_model.py", model], check=True, timeout=START_S)
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [python, FOLDER / "serve.py", model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        said = next((line for line in process.stdout if line.startswith("listening ")), "")
        assert said, (folder / "log").read_text()
        yield said.split()[1]
        process.kill()


@pytest.fixture(scope="session")
def real(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway in front of it."""
    own = ProviderConfig(name="own", like="llamacpp", base_url=f"{address}/v1")
    plain = ProviderConfig(name="plain", wire="openai_chat", base_url=f"{address}/v1")
    with gateway(tmp_path_factory.mktemp("real"), providers={"own": own, "plain": plain}) as running:
        yield running


@pytest.fixture(scope="session")
def client(real: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{real.url}/v1", api_key=ADMIN_KEY, max_retries=0, timeout=30) as found:
        yield found


@pytest.mark.parametrize("model", [MODEL, "plain/tiny"])
def test_answers(client: openai.OpenAI, real: Running, model: str) -> None:
    raw = client.chat.completions.with_raw_response.create(model=model, messages=ASK, max_tokens=12, temperature=0)
    answer = raw.parse()
    assert len((answer.choices[0].message.content or "").split()) == 12
    assert answer.choices[0].finish_reason == "length"
    record = read_usage(real, raw.headers["x-gamma-request-id"])
    assert (record["deployment"], record["outcome"], record["output_tokens"]) == (model, "ok", 12)
    assert record["input_tokens"] > 0


@pytest.mark.parametrize("model", [MODEL, "plain/tiny"])
def test_streams(client: openai.OpenAI, real: Running, model: str) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=ASK, max_tokens=12, temperature=0, stream=True
    )
    chunks = list(raw.parse())
    assert len("".join(c.choices[0].delta.content or "" for c in chunks if c.choices).split()) == 12
    record = read_usage(real, raw.headers["x-gamma-request-id"])
    assert (record["stream"], record["outcome"], record["output_tokens"]) == (True, "ok", 12)
    assert record["first_byte_s"] <= record["duration_s"]


def test_says_the_same_whole_and_streamed(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=9, temperature=0)
    stream = client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=9, temperature=0, stream=True)
    streamed = "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
    assert streamed == whole.choices[0].message.content


def test_keeps_to_a_schema(client: openai.OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"direction": {"enum": ["north", "south"]}, "sure": {"type": "boolean"}},
        "required": ["direction", "sure"],
        "additionalProperties": False,
    }
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    answer = client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=100, response_format=wanted)
    assert json.loads(answer.choices[0].message.content or "").keys() == {"direction", "sure"}


def test_answers_in_other_dialects(real: Running) -> None:
    headers = {"x-api-key": ADMIN_KEY, "anthropic-version": "2023-06-01"}
    body = {"model": MODEL, "messages": ASK, "max_tokens": 5}
    answer = httpx.post(f"{real.url}/v1/messages", json=body, headers=headers, timeout=30).json()
    assert answer["content"][0]["text"].split()
    assert (answer["stop_reason"], answer["usage"]["output_tokens"]) == ("max_tokens", 5)
    streamed = httpx.post(f"{real.url}/v1/messages", json={**body, "stream": True}, headers=headers, timeout=30).text
    assert "event: message_stop" in streamed
    google = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}], "generationConfig": {"maxOutputTokens": 5}}
    url = f"{real.url}/v1beta/models/{MODEL}:generateContent"
    answer = httpx.post(url, json=google, headers={"x-goog-api-key": ADMIN_KEY}, timeout=30).json()
    assert answer["candidates"][0]["content"]["parts"][0]["text"].split()


def test_tells_the_servers_refusals(client: openai.OpenAI) -> None:
    long: Any = [{"role": "user", "content": "river " * 3000}]
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as found:
            client.chat.completions.create(model=MODEL, messages=long, stream=stream)
        assert isinstance(found.value.body, dict)
        assert found.value.body["code"] == "context_length_exceeded" or "context" in str(found.value.body["message"])


def test_tells_that_the_server_is_away(tmp_path: Path) -> None:
    nobody = ProviderConfig(name="away", wire="openai_chat", base_url="http://127.0.0.1:9")
    with (
        gateway(tmp_path, providers={"away": nobody}) as running,
        openai.OpenAI(base_url=f"{running.url}/v1", api_key=ADMIN_KEY, max_retries=0, timeout=30) as client,
        pytest.raises(openai.InternalServerError) as found,
    ):
        client.chat.completions.create(model="away/tiny", messages=ASK)
    assert isinstance(found.value.body, dict)
    assert found.value.body["code"] == "provider_unreachable"
