"""Every row of providers.md 11, by hand; and every error that was recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contract.recordings import body_of, recordings_folder

from gamma import errors
from gamma.errors import (
    ContextLengthExceeded,
    GammaError,
    InvalidRequest,
    ProviderAuthFailed,
    ProviderContentFiltered,
    ProviderForbidden,
    ProviderModelNotFound,
    ProviderOverloaded,
    ProviderQuotaExceeded,
    ProviderRateLimited,
    ProviderServerError,
    ProviderTimeout,
)
from gamma.wire.error_tables import DECISIVE, STATUS, VAGUE
from gamma.wire.provider_errors import parse_base_resp, parse_error, redact

Json = dict[str, Any]


def openai(message: str, code: Any = None, type_: str | None = None, **more: Any) -> Json:
    return {"error": {"message": message, "type": type_, "param": None, "code": code, **more}}


def error_of(status: int, body: Json | str | bytes, headers: dict[str, str] | None = None) -> GammaError:
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return parse_error(status, headers or {}, raw)


SHAPES: list[tuple[int, Json, type[GammaError], str, str]] = [
    (400, openai("bad", "integer_above_max"), InvalidRequest, "bad", "integer_above_max"),
    (404, {"error": {"message": "gone", "code": 404, "metadata": {}}, "user_id": "u"}, ProviderModelNotFound, "gone", "404"),
    (
        529,
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        ProviderOverloaded,
        "Overloaded",
        "overloaded_error",
    ),
    (
        403,
        {"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}},
        ProviderForbidden,
        "no",
        "PERMISSION_DENIED",
    ),
    (429, {"id": "x", "message": "trial key"}, ProviderRateLimited, "trial key", "429"),
    (
        400,
        {"object": "error", "message": "Invalid model: x", "type": "invalid_model", "code": "1500", "raw_status_code": 400},
        ProviderModelNotFound,
        "Invalid model: x",
        "1500",
    ),
    (401, {"detail": "Invalid API Key"}, ProviderAuthFailed, "Invalid API Key", "401"),
    (401, {"message": "Unauthorized", "request_id": "r"}, ProviderAuthFailed, "Unauthorized", "401"),
    (
        422,
        {"detail": [{"type": "missing", "loc": ["body", "messages"], "msg": "Field required"}]},
        InvalidRequest,
        "messages: Field required",
        "422",
    ),
    (400, {"code": "invalid-argument", "error": "bad field"}, InvalidRequest, "bad field", "invalid-argument"),
    (503, {"error": "Model is loading", "error_type": "overloaded"}, ProviderOverloaded, "Model is loading", "overloaded"),
    (429, {"error": {"code": "1302", "message": "too many"}}, ProviderRateLimited, "too many", "1302"),
    (402, {"detail": "Pay"}, ProviderQuotaExceeded, "Pay", "402"),
    (
        400,
        {"errors": [{"code": 7009, "message": "bad image"}], "success": False},
        InvalidRequest,
        "bad image",
        "7009",
    ),
    (
        401,
        {"errors": [{"code": "authentication_token_expired", "message": "old"}], "trace": "t", "status_code": 401},
        ProviderAuthFailed,
        "old",
        "authentication_token_expired",
    ),
    (422, {"title": "Invalid", "detail": "input.prompt is required", "status": 422}, InvalidRequest, "input.prompt", "422"),
    (400, {"error_code": "BAD_REQUEST", "message": "odd"}, InvalidRequest, "odd", "BAD_REQUEST"),
    (400, {"__type": "com.amazon#ValidationException", "Message": "odd"}, InvalidRequest, "odd", "ValidationException"),
    (400, {"code": "DataInspectionFailed", "message": "x", "request_id": "r"}, ProviderContentFiltered, "x", "DataInsp"),
]


@pytest.mark.parametrize(("status", "body", "kind", "message", "code"), SHAPES, ids=lambda v: str(v)[:24])
def test_every_body_shape_is_read(status: int, body: Json, kind: type[GammaError], message: str, code: str):
    error = error_of(status, body)
    assert type(error) is kind
    assert message in error.message
    assert error.provider_status == status
    assert (error.provider_code or "").startswith(code)


CLASSES: list[tuple[str, int, Json, type[GammaError]]] = [
    ("gemini key", 400, {"error": {"code": 400, "details": [{"reason": "API_KEY_INVALID"}]}}, ProviderAuthFailed),
    ("xai key", 400, {"code": "invalid-argument", "error": "Incorrect API key provided."}, ProviderAuthFailed),
    ("zai auth", 401, {"error": {"code": "1002", "message": "m"}}, ProviderAuthFailed),
    ("no model, responses", 400, openai("m", "model_not_found"), ProviderModelNotFound),
    ("no model, deepseek", 400, openai("The supported API model names are a or b"), ProviderModelNotFound),
    ("no model, bedrock", 400, {"message": "The provided model identifier is invalid."}, ProviderModelNotFound),
    ("no model, xai", 400, {"code": "invalid-argument", "error": "Model not found: x"}, ProviderModelNotFound),
    ("no model, zai", 400, {"error": {"code": "1211", "message": "m"}}, ProviderModelNotFound),
    ("parameter, zai", 400, {"error": {"code": "1210", "message": "m"}}, InvalidRequest),
    (
        "azure filter",
        400,
        openai("m", "content_filter", innererror={"code": "ResponsibleAIPolicyViolation"}),
        ProviderContentFiltered,
    ),
    ("alibaba filter", 400, openai("m", "data_inspection_failed"), ProviderContentFiltered),
    ("zai filter", 400, {"error": {"code": "1301", "message": "m"}}, ProviderContentFiltered),
    (
        "moderation",
        403,
        {"error": {"code": 403, "message": "m", "metadata": {"reasons": ["x"], "flagged_input": "y"}}},
        ProviderContentFiltered,
    ),
    ("rate", 429, openai("m", "rate_limit_exceeded", "tokens"), ProviderRateLimited),
    ("rate, too large", 413, openai("m", "rate_limit_exceeded", "tokens"), ProviderRateLimited),
    ("rate, gemini", 429, {"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}, ProviderRateLimited),
    ("quota, openai", 429, openai("m", "insufficient_quota", "insufficient_quota"), ProviderQuotaExceeded),
    ("quota, moonshot", 429, openai("m", None, "exceeded_current_quota_error"), ProviderQuotaExceeded),
    ("quota, 402", 402, openai("Insufficient Balance", "invalid_request_error", "unknown_error"), ProviderQuotaExceeded),
    (
        "quota, anthropic",
        400,
        openai("Your credit balance is too low to access it", None, "invalid_request_error"),
        ProviderQuotaExceeded,
    ),
    ("quota, xai", 403, {"code": "denied", "error": "Your team doesn't have any credits yet."}, ProviderQuotaExceeded),
    ("quota, zai", 429, {"error": {"code": "1113", "message": "m"}}, ProviderQuotaExceeded),
    ("load, zai", 429, {"error": {"code": "1312", "message": "m"}}, ProviderOverloaded),
    ("load, moonshot", 429, openai("m", None, "engine_overloaded_error"), ProviderOverloaded),
    ("load, groq flex", 498, openai("m", "capacity_exceeded"), ProviderOverloaded),
    ("load, gemini", 503, {"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}, ProviderOverloaded),
    ("timeout, zai", 500, openai("m", "network_error"), ProviderTimeout),
    ("forbidden", 403, openai("m", None, "permission_error"), ProviderForbidden),
]


@pytest.mark.parametrize(("name", "status", "body", "kind"), CLASSES, ids=[case[0] for case in CLASSES])
def test_every_class_of_fault_is_told_apart(name: str, status: int, body: Json, kind: type[GammaError]):
    assert type(error_of(status, body)) is kind, name


CONTEXT = [
    "This model's maximum context length is 8192 tokens. However, you requested 9000.",
    "Your input exceeds the context window of this model. Please adjust your input and try again.",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "input length and `max_tokens` exceed context limit: 199000 + 8000 > 200000",
    "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).",
    "Input Tokens Exceeded: Number of input tokens exceeds maximum length",
    "Input is too long for requested model.",
    "too many tokens: size limit exceeded by 20 tokens",
    "This endpoint's maximum context length is 100 tokens. However, you requested about 200.",
    "prompt too long; exceeded max context length by 12 tokens",
    "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    "Invalid request: Your request exceeded model token limit: 8192 (requested: 9000)",
    "Range of input length should be [1, 30720]",
    "The total length of all messages is too long.",
    "request (2009 tokens) exceeds the available context size (512 tokens), try increasing it",
]


@pytest.mark.parametrize("text", CONTEXT)
def test_every_vendors_sentence_about_the_context_is_known(text: str):
    assert type(error_of(400, openai(text))) is ContextLengthExceeded
    assert type(error_of(400, {"message": text})) is ContextLengthExceeded


@pytest.mark.parametrize(
    "body",
    [
        openai("m", "context_length_exceeded"),
        {"error_type": "TOO_MANY_TOKENS", "message": "m"},
        openai("m", 400, "too_many_prompt_tokens"),
        openai("m", 400, "exceed_context_size_error"),
        {"error": {"code": "1261", "message": "m"}},
        {"object": "error", "message": "m", "code": "3210"},
    ],
)
def test_every_vendors_code_for_the_context_is_known(body: Json):
    assert type(error_of(400, body)) is ContextLengthExceeded


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("AccessDeniedException", 403, ProviderForbidden),
        ("ResourceNotFoundException", 404, ProviderModelNotFound),
        ("ValidationException", 400, InvalidRequest),
        ("ThrottlingException", 429, ProviderRateLimited),
        ("ModelNotReadyException", 429, ProviderOverloaded),
        ("ModelTimeoutException", 408, ProviderTimeout),
        ("ModelErrorException", 424, ProviderServerError),
        ("ModelStreamErrorException", 424, ProviderServerError),
        ("ServiceQuotaExceededException", 400, ProviderQuotaExceeded),
        ("InternalServerException", 500, ProviderServerError),
        ("ServiceUnavailableException", 503, ProviderOverloaded),
        ("UnrecognizedClientException", 403, ProviderAuthFailed),
        ("InvalidSignatureException", 403, ProviderAuthFailed),
        ("ExpiredTokenException", 403, ProviderAuthFailed),
    ],
)
def test_bedrock_is_understood_by_its_header_and_inside_a_stream(name: str, status: int, kind: type[GammaError]):
    headers = {"x-amzn-errortype": f"{name}:http://internal.amazon.com/coral/com.amazon.bedrock/"}
    error = error_of(status, {"message": "m"}, headers)
    assert (type(error), error.provider_code) == (kind, name)
    in_stream = name[0].lower() + name[1:]
    assert type(error_of(500, {"message": "m"}, {":exception-type": in_stream})) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *STATUS.items(),
        (405, InvalidRequest),
        (422, InvalidRequest),
        (500, ProviderServerError),
        (502, ProviderServerError),
        (520, ProviderServerError),
        (599, ProviderServerError),
    ],
)
def test_without_a_word_the_status_decides(status: int, kind: type[GammaError]):
    error = error_of(status, b"")
    assert (type(error), error.provider_status, error.provider_code) == (kind, status, str(status))
    assert str(status) in error.message


def test_every_table_names_errors_of_the_tree():
    for kind in {*DECISIVE.values(), *VAGUE.values(), *STATUS.values()}:
        assert getattr(errors, kind.__name__) is kind
    assert not DECISIVE.keys() & VAGUE.keys()
    assert all(code == code.lower() for code in (*DECISIVE, *VAGUE))


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ({"error": {"code": 429, "message": "slow down"}, "choices": []}, ProviderRateLimited, 429),  # openrouter
        (
            {"error": {"code": 502, "message": "m", "metadata": {"error_type": "provider_unavailable"}}},
            ProviderServerError,
            502,
        ),
        (openai("m", "tool_use_failed", "invalid_request_error"), InvalidRequest, 500),  # groq
        ({"type": "error", "error": {"type": "overloaded_error", "message": "m"}}, ProviderOverloaded, 500),
        ({"type": "error", "error": {"type": "rate_limit_error", "message": "m"}}, ProviderRateLimited, 500),
        ({"type": "error", "error": {"type": "api_error", "message": "m"}}, ProviderServerError, 500),
        ({"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}, ProviderOverloaded, 503),
        ({"type": "error", "code": "server_error", "message": "m", "param": None}, ProviderServerError, 500),
        ({"response": {"error": {"code": "rate_limit_exceeded", "message": "m"}}}, ProviderRateLimited, 500),
        ({"error": "an error was encountered while running the model"}, ProviderServerError, 500),
    ],
)
def test_an_error_inside_a_stream_keeps_its_true_class(body: Json, kind: type[GammaError], status: int):
    error = error_of(500, body)
    assert (type(error), error.provider_status) == (kind, status)
    assert error.message


def test_a_list_of_one_error_is_an_error():
    assert type(error_of(429, json.dumps([{"error": {"code": 429, "message": "m"}}]))) is ProviderRateLimited


def test_the_answer_of_the_provider_behind_openrouter_is_read():
    raw = json.dumps(openai("This model's maximum context length is 9 tokens", None, param="messages"))
    body = {"error": {"code": 400, "message": "Provider returned error", "metadata": {"raw": raw, "provider_name": "x"}}}
    error = error_of(400, body)
    assert type(error) is ContextLengthExceeded
    assert error.param == "messages"
    assert error.message == "Provider returned error: This model's maximum context length is 9 tokens"


@pytest.mark.parametrize("word", ["param", "detail"])
def test_the_field_at_fault_is_named(word: str):
    body: Json = openai("m") if word == "param" else {"detail": [{"loc": ["body", "n"], "msg": "m"}]}
    if word == "param":
        body["error"]["param"] = "n"
    assert error_of(400, body).param == "n"


WAITS: list[tuple[int, Json, dict[str, str], float | None]] = [
    (429, openai("Please try again in 20s."), {}, 20),
    (429, openai("Please try again in 20s."), {"retry-after": "7"}, 7),
    (429, openai("m"), {"x-ratelimit-reset-requests": "6m0s"}, 360),
    (429, {"error": {"code": 429, "message": "m", "details": [{"retryDelay": "34.4s"}]}}, {}, 34.4),
    (429, {"error": {"code": 429, "message": "m", "metadata": {"headers": {"Retry-After": "3"}}}}, {}, 3),
    (503, {"error": "loading", "estimated_time": 20.0}, {}, 20),
    (503, openai("m"), {"retry-after": "2"}, 2),
    (500, openai("m"), {"x-ratelimit-reset-requests": "6m0s"}, None),
    (400, openai("Please try again in 20s."), {"retry-after": "2"}, None),
    (401, openai("m"), {"retry-after": "2"}, None),
]


@pytest.mark.parametrize(("status", "body", "headers", "wait"), WAITS)
def test_a_wait_is_given_where_waiting_helps(status: int, body: Json, headers: dict[str, str], wait: float | None):
    assert error_of(status, body, headers).retry_after_s == wait


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcDEF123_456-789xyz",
        "sk-ant-api03-AAAA-bbbb",
        "sk-wrong****-key",
        "AIzaSyA1234567890abcdefghijk",
        "xai-abcdef123456",
        "gsk_abcdefghijkl",
        "hf_abcdefghijklmnop",
        "r8_abcdefghijklmnop",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "0123456789abcdef0123456789abcdef",
        "my-invalid-key",
    ],
)
def test_a_key_is_never_repeated(secret: str):
    error = error_of(401, openai(f"Incorrect API key provided: {secret}. You can find your API key at example.com."))
    assert secret not in error.message
    assert error.message.startswith("Incorrect API key provided: [redacted]")
    assert error.message.endswith("You can find your API key at example.com.")


@pytest.mark.parametrize(
    "text",
    [
        "The model `gpt-4o-mini-nonexistent-rig-test` does not exist",
        "request id 3f2b9c1e-8a77-4c11-9a55-0d9f2b6c7e10 failed",
        "models/gemini-3.6-flahs is not found for API version v1beta",
        "Invalid API key: please pass a valid one",
        "parameters for tool get_something_by_name did not match schema",
        "key-value pairs are required",
    ],
)
def test_ordinary_words_stay(text: str):
    assert redact(text) == text


def test_html_is_reduced_to_its_words():
    page = "<html><head><title>x</title><style>p{}</style></head><body><h1>502 Bad Gateway</h1><p>nginx</p></body></html>"
    error = error_of(502, page)
    assert type(error) is ProviderServerError
    assert error.message == "502 Bad Gateway nginx"


def test_plain_text_is_cut():
    assert len(error_of(413, "word " * 500).message) <= 300
    assert type(error_of(524, "A timeout occurred")) is ProviderTimeout


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1000, ProviderServerError),
        (1001, ProviderTimeout),
        (1002, ProviderRateLimited),
        (1004, ProviderAuthFailed),
        (1008, ProviderQuotaExceeded),
        (1013, ProviderServerError),
        (1026, ProviderContentFiltered),
        (1027, ProviderContentFiltered),
        (1039, ProviderRateLimited),
        (2013, InvalidRequest),
        (2049, ProviderAuthFailed),
        (4242, ProviderServerError),
    ],
)
def test_an_error_in_a_200s_clothes_is_seen(code: int, kind: type[GammaError]):
    body = {"base_resp": {"status_code": code, "status_msg": "m"}}
    error = parse_base_resp(body)
    assert error is not None
    assert (type(error), error.provider_code, error.message) == (kind, str(code), "m")
    assert type(error_of(200, body)) is kind


@pytest.mark.parametrize("body", [{}, {"base_resp": None}, {"base_resp": {"status_code": 0, "status_msg": "success"}}])
def test_success_is_no_error(body: Json):
    assert parse_base_resp(body) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "code", "detail", "details", "metadata", "type", "errors"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.integers(200, 599), JSON)
def test_any_json_yields_an_error_and_never_a_crash(status: int, body: Any):
    error = parse_error(status, {}, json.dumps(body).encode())
    assert error.message
    assert error.provider_status
    assert error.provider_code


@given(st.integers(400, 599), st.binary())
def test_any_bytes_yield_an_error(status: int, body: bytes):
    assert parse_error(status, {"retry-after": "x"}, body).message


def recorded_errors() -> list[Any]:
    found = []
    for path in sorted(recordings_folder().glob("*/*.json")):
        sample = json.loads(path.read_bytes())
        if "error" in sample["features"]:
            found.append(pytest.param(sample, id=sample["id"]))
    return found


KINDS = {
    "context-length": ContextLengthExceeded,
    "exceed-context-size": ContextLengthExceeded,
    "401-auth": ProviderAuthFailed,
    "400-auth": ProviderAuthFailed,
    "model-not-found": ProviderModelNotFound,
    "rate-limit": ProviderRateLimited,
    "integer-below-min-value": InvalidRequest,
    "invalid-argument": InvalidRequest,
    "server-error": ProviderServerError,
}


@pytest.mark.parametrize("sample", recorded_errors())
def test_a_recorded_error_is_classified(sample: Json):
    response = sample["response"]
    error = parse_error(response["status"], response["headers"], body_of(response))
    wanted = next((kind for word, kind in KINDS.items() if word in sample["case"]), GammaError)
    assert isinstance(error, wanted)
    assert error.provider_status == response["status"]
    assert error.provider_code
    assert 0 < len(error.message) <= 2000
