"""Providers say where requests go, with which headers, in which spelling."""

from __future__ import annotations

import msgspec
import pytest

from gamma.errors import ProviderMalformed, ProviderTimeout, UnsupportedParameter
from gamma.providers.base import build_providers
from gamma.providers.catalog import Catalog
from gamma.providers.config import ProviderConfig
from gamma.transport.connection import Reply
from gamma.transport.pool import Pool
from gamma.types.http import HttpRequest, Origin
from gamma.types.secret import Secret
from gamma.types.timeouts import Timeouts

CATALOG = Catalog.builtin()


def build(name: str, **config):
    found = {key: variable.default for key, variable in _variables(config.get("like") or name).items() if variable.default}
    config["variables"] = {**found, **config.get("variables", {})}
    return build_providers({name: ProviderConfig(name=name, **config)}, CATALOG, Pool())[name]


def _variables(name):
    return CATALOG.row(name).variables if name in CATALOG else {}


def url(provider, kind, wire, model, *, stream=False):
    origin, target = provider.url(kind, wire, model, stream=stream)
    return f"{origin}{target}"


GOOGLE = "publishers/google/models"
CASES = [
    ("openai", {}, "openai_chat", "gpt-4o", False, "https://api.openai.com/v1/chat/completions"),
    ("openai", {}, "openai_responses", "gpt-4o", True, "https://api.openai.com/v1/responses"),
    ("anthropic", {}, "anthropic_messages", "c", False, "https://api.anthropic.com/v1/messages"),
    ("deepseek", {}, "anthropic_messages", "c", False, "https://api.deepseek.com/anthropic/v1/messages"),
    ("moonshot", {}, "anthropic_messages", "k", False, "https://api.moonshot.ai/anthropic/v1/messages"),
    ("fireworks", {}, "anthropic_messages", "k", False, "https://api.fireworks.ai/inference/v1/messages"),
    (
        "gemini",
        {},
        "gemini",
        "gemini-2.5-pro",
        True,
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
    ),
    (
        "vertex",
        {"project": "p"},
        "gemini",
        "g",
        False,
        f"https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global/{GOOGLE}/g:generateContent",
    ),
    (
        "vertex_anthropic",
        {"project": "p", "location": "us-east5"},
        "anthropic_messages",
        "claude@20250219",
        True,
        (
            "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/"
            "claude@20250219:streamRawPredict"
        ),
    ),
    (
        "bedrock",
        {"region": "eu-west-1"},
        "bedrock_converse",
        "us.anthropic.claude-v1:0",
        True,
        "https://bedrock-runtime.eu-west-1.amazonaws.com/model/us.anthropic.claude-v1%3A0/converse-stream",
    ),
    (
        "bedrock",
        {},
        "bedrock_converse",
        "arn:aws:x/y",
        False,
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/arn%3Aaws%3Ax%2Fy/converse",
    ),
    ("azure_openai", {"resource": "r"}, "openai_chat", "d", False, "https://r.openai.azure.com/openai/v1/chat/completions"),
    (
        "azure_openai",
        {"resource": "r", "api_version": "2024-10-21"},
        "openai_chat",
        "my dep",
        False,
        "https://r.openai.azure.com/openai/deployments/my%20dep/chat/completions?api-version=2024-10-21",
    ),
    (
        "azure_openai",
        {"resource": "r", "api_version": "preview"},
        "openai_responses",
        "d",
        False,
        "https://r.openai.azure.com/openai/v1/responses?api-version=preview",
    ),
    (
        "watsonx",
        {"region": "eu-de"},
        "watsonx",
        "granite",
        True,
        "https://eu-de.ml.cloud.ibm.com/ml/v1/text/chat_stream?version=2024-10-08",
    ),
    ("replicate", {}, "replicate", "meta/llama", False, "https://api.replicate.com/v1/models/meta/llama/predictions"),
    ("ollama", {}, "ollama", "qwen3", False, "http://localhost:11434/api/chat"),
    ("ollama", {}, "openai_chat", "qwen3", False, "http://localhost:11434/v1/chat/completions"),
    (
        "cloudflare",
        {"account_id": "acc"},
        "openai_chat",
        "@cf/x",
        False,
        "https://api.cloudflare.com/client/v4/accounts/acc/ai/v1/chat/completions",
    ),
]


@pytest.mark.parametrize(("name", "variables", "wire", "model", "stream", "expected"), CASES)
def test_chat_goes_to_the_vendors_address(name, variables, wire, model, stream, expected):
    assert url(build(name, variables=variables), "chat", wire, model, stream=stream) == expected


@pytest.mark.parametrize(
    ("name", "variables", "kind", "expected"),
    [
        ("openai", {}, "embeddings", "https://api.openai.com/v1/embeddings"),
        ("cohere", {}, "rerank", "https://api.cohere.com/v2/rerank"),
        ("together", {}, "rerank", "https://api.together.ai/v1/rerank"),
        ("voyage", {}, "embeddings", "https://api.voyageai.com/v1/embeddings"),
        ("ollama", {}, "embeddings", "http://localhost:11434/api/embed"),
        ("anthropic", {}, "count_tokens", "https://api.anthropic.com/v1/messages/count_tokens"),
        ("gemini", {}, "count_tokens", "https://generativelanguage.googleapis.com/v1beta/models/m:countTokens"),
        ("gemini", {}, "embeddings", "https://generativelanguage.googleapis.com/v1beta/models/m:batchEmbedContents"),
        ("bedrock", {}, "rerank", "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke"),
        (
            "vertex",
            {"project": "p"},
            "embeddings",
            f"https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global/{GOOGLE}/m:predict",
        ),
    ],
)
def test_other_kinds_go_to_the_vendors_address(name, variables, kind, expected):
    assert url(build(name, variables=variables), kind, "", "m") == expected


@pytest.mark.parametrize("base", ["https://r.openai.azure.com", "https://r.openai.azure.com/openai/v1/"])
def test_an_azure_address_may_hold_the_versions_path(base):
    provider = build("azure_openai", base_url=base)
    assert url(provider, "chat", "openai_chat", "d") == "https://r.openai.azure.com/openai/v1/chat/completions"


@pytest.mark.parametrize("kind", ["embeddings", "rerank", "count_tokens"])
def test_a_kind_that_is_not_offered_is_refused(kind):
    with pytest.raises(UnsupportedParameter, match="hyperbolic"):
        build("hyperbolic").url(kind, "", "m")


def test_a_provider_without_chat_refuses_it():
    with pytest.raises(UnsupportedParameter, match="voyage answers no chat"):
        build("voyage").wire_for("openai_chat")


def test_the_callers_dialect_is_kept_where_the_provider_speaks_it():
    provider = build("deepseek")
    assert provider.wire_for("anthropic_messages") == "anthropic_messages"
    assert provider.wire_for("gemini") == "openai_chat"


def test_exact_is_said_of_each_wire():
    assert build("xai").exact("openai_chat")
    assert not build("xai").exact("openai_responses")
    assert not build("groq").exact("openai_chat")


def test_another_host_moves_paths_that_start_at_the_origin():
    provider = build("cn", like="moonshot", base_url="https://api.moonshot.cn/v1")
    assert url(provider, "chat", "anthropic_messages", "k") == "https://api.moonshot.cn/anthropic/v1/messages"


def test_like_takes_the_quirk_with_it():
    provider = build(
        "mine", like="azure_openai", base_url="https://m.openai.azure.com", variables={"api_version": "2024-10-21"}
    )
    assert "/openai/deployments/d/" in url(provider, "chat", "openai_chat", "d")


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("openai", ("authorization", "Bearer k")),
        ("anthropic", ("x-api-key", "k")),
        ("azure_openai", ("api-key", "k")),
        ("gemini", ("x-goog-api-key", "k")),
        ("bedrock", ("authorization", "Bearer k")),
    ],
)
def test_a_static_key_stands_in_the_headers(name, header):
    provider = build(name, api_key=Secret("k"), variables={"resource": "r"})
    assert provider.static_auth
    assert header in provider.headers()


def test_static_headers_hold_the_rows_and_the_settings():
    assert ("anthropic-version", "2023-06-01") in build("anthropic").headers()
    provider = build("snowflake", variables={"account": "a"}, headers={"X-Team": "red"})
    assert ("x-snowflake-authorization-token-type", "PROGRAMMATIC_ACCESS_TOKEN") in provider.headers()
    assert ("x-team", "red") in provider.headers(stream=True)
    assert ("accept", "text/event-stream") in provider.headers(stream=True)


def test_without_a_key_no_credential_is_sent():
    assert not [name for name, _ in build("vllm").headers() if name == "authorization"]


def test_a_static_credential_leaves_the_request_as_it_is():
    import asyncio  # noqa: PLC0415 - few tests need it

    request = HttpRequest(Origin("https", "h", 443), "POST", "/", (), b"{}")
    assert asyncio.run(build("openai", api_key=Secret("k")).authorise(request)) is request


def test_names_and_refused_fields_are_adjusted_without_decoding_values():
    provider = build("mistral")
    body = {"model": "m", "seed": msgspec.Raw(b"1"), "max_completion_tokens": 3, "user": "u", "stream_options": {}}
    assert provider.edits_body
    assert provider.adjust_body(body) == {"model": "m", "random_seed": msgspec.Raw(b"1"), "max_tokens": 3}
    assert "user" in body


def test_a_body_that_needs_no_adjusting_is_the_same_object():
    provider = build("openai")
    body = {"model": "m"}
    assert provider.adjust_body(body) is body
    assert not provider.edits_body


def test_vertex_anthropic_names_the_version_and_not_the_model():
    provider = build("vertex_anthropic", variables={"project": "p"})
    assert provider.edits_body
    assert provider.adjust_body({"model": "m", "stream": True, "max_tokens": 1}) == {
        "anthropic_version": "vertex-2023-10-16",
        "max_tokens": 1,
    }
    assert provider.adjust_body({"model": "m", "messages": []})["model"] == "m"


def test_watsonx_names_the_project():
    provider = build("watsonx", variables={"project_id": "p"})
    assert provider.adjust_body({"model_id": "m"}) == {"project_id": "p", "model_id": "m"}
    assert provider.adjust_body({"space_id": "s", "project_id": "q"}) == {"space_id": "s", "project_id": "q"}


def test_settings_replace_single_traits():
    provider = build("groq", traits={"flatten_text": True})
    assert provider.traits.flatten_text
    assert "logit_bias" in provider.traits.unsupported


def test_extensions_are_worked_round_except_where_they_are_known():
    assert "allowed_tools" in build("groq").traits.unsupported
    assert "allowed_tools" not in build("openai").traits.unsupported


def test_a_bare_wire_is_a_provider():
    provider = build("my-vllm", wire="openai_chat", base_url="http://10.0.0.7:8000/v1")
    assert url(provider, "chat", "openai_chat", "q") == "http://10.0.0.7:8000/v1/chat/completions"
    assert not provider.row.free


class StubPool:
    """Answers polls in turn."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def send(self, channel, request, timeouts, sink=None):
        del channel, timeouts, sink
        self.asked.append(request[0].decode())
        return self.answers.pop(0)


def prediction(status, url="https://api.replicate.com/v1/predictions/p1"):
    return Reply(200, [], msgspec.json.encode({"id": "p1", "status": status, "urls": {"get": url}, "output": ["hi"]}))


def settle(pool, first, timeouts=Timeouts()):
    import asyncio  # noqa: PLC0415 - one test needs it

    config = ProviderConfig(name="replicate", api_key=Secret("k"))
    provider = build_providers({"replicate": config}, CATALOG, pool)["replicate"]
    assert provider.settles
    return asyncio.run(provider.settle(first, timeouts))


def test_a_prediction_is_polled_until_it_has_ended():
    pool = StubPool(prediction("processing"), prediction("succeeded"))
    assert b'"succeeded"' in settle(pool, prediction("starting")).body
    assert [ask.split("\r\n")[0] for ask in pool.asked] == ["GET /v1/predictions/p1 HTTP/1.1"] * 2
    assert "authorization: Bearer k" in pool.asked[0]


def test_the_key_is_not_sent_where_a_prediction_points():
    with pytest.raises(ProviderMalformed, match="another host"):
        settle(StubPool(), prediction("starting", "https://evil.example/p1"))


def test_a_prediction_that_does_not_end_in_time_is_a_timeout():
    with pytest.raises(ProviderTimeout, match=r"timeouts\.total_s"):
        settle(StubPool(), prediction("starting"), Timeouts(total_s=0.05))


def test_an_error_answer_needs_no_settling():
    assert settle(StubPool(), Reply(422, [], b"{}")).status == 422


@pytest.mark.parametrize(
    ("wire", "header", "embeddings", "rerank"),
    [
        ("openai_chat", "authorization", "openai", "jina"),
        ("anthropic_messages", "x-api-key", None, None),
        ("gemini", "x-goog-api-key", "gemini", None),
        ("bedrock_converse", "authorization", "bedrock", "bedrock_invoke"),
        ("cohere_v2", "authorization", "cohere", "cohere"),
        ("ollama", "authorization", "ollama", None),
    ],
)
def test_a_bare_wire_brings_what_its_vendor_has(wire: str, header: str, embeddings: str | None, rerank: str | None) -> None:
    config = ProviderConfig(name="mine", wire=wire, base_url="http://127.0.0.1:9", api_key=Secret("k"))
    found = build_providers({"mine": config}, Catalog.builtin(), Pool())["mine"]
    headers = dict(found.headers())
    assert "k" in headers[header].split()
    assert ("anthropic-version" in headers) == (wire == "anthropic_messages")
    assert (found.embeddings, found.rerank) == (embeddings, rerank)
    assert found.exact(wire)
    assert not found.row.free
