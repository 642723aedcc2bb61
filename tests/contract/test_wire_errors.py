"""Recorded error answers become the right error, and every dialect says it to its callers in its own shape."""

from __future__ import annotations

import pytest

from gamma.errors import (
    ContextLengthExceeded,
    GammaError,
    InvalidRequest,
    MissingField,
    ProviderAuthFailed,
    ProviderForbidden,
    ProviderModelNotFound,
    ProviderRateLimited,
    ProviderServerError,
    RateLimited,
)
from gamma.wire.provider_errors import parse_error
from tests.contract.dialects import dialect, dialect_names, spoken
from tests.contract.exclusions import cases
from tests.contract.recordings import Sample
from tests.contract.shapes import assert_error_shape

ERRORS = tuple(s for s in spoken() if s.status >= 400)

BY_CASE: tuple[tuple[str, tuple[type[GammaError], ...]], ...] = (
    ("context-length", (ContextLengthExceeded,)),
    ("exceed-context-size", (ContextLengthExceeded,)),
    ("model-not-found", (ProviderModelNotFound,)),
    ("rate-limit", (ProviderRateLimited,)),
    ("403-auth", (ProviderAuthFailed, ProviderForbidden)),
    ("auth", (ProviderAuthFailed,)),
)
"""What a case's name promises; the first that fits counts."""

BY_STATUS: dict[int, tuple[type[GammaError], ...]] = {
    400: (InvalidRequest, ProviderModelNotFound),
    422: (InvalidRequest,),
    500: (ProviderServerError, InvalidRequest),
    501: (InvalidRequest, ProviderServerError),
}
"""What the status promises where the name says nothing."""

SAID = (
    InvalidRequest("`messages` must not be empty", param="messages"),
    MissingField("`model` is required", param="model"),
    RateLimited("this key may ask 3 times a minute", retry_after_s=20.0),
    ProviderServerError("the provider fell over", provider_status=500, provider_code="oops"),
)


@pytest.mark.parametrize("sample", cases("error", ERRORS))
def test_a_recorded_error_is_understood(sample: Sample):
    error = parse_error(sample.status, sample.headers, sample.body)
    named = next((kinds for word, kinds in BY_CASE if word in sample.case), None)
    wanted = named or BY_STATUS.get(sample.status, (GammaError,))
    assert isinstance(error, wanted), type(error).__name__
    assert error.message
    assert error.provider_status == sample.status


@pytest.mark.parametrize("name", dialect_names())
@pytest.mark.parametrize("sample", cases("error-render", ERRORS))
def test_a_recorded_error_is_said_in_every_dialect(name: str, sample: Sample):
    error = parse_error(sample.status, sample.headers, sample.body)
    assert_error_shape(name, dialect(name).render_error(error, "req_1"), error.message)


@pytest.mark.parametrize("name", dialect_names())
@pytest.mark.parametrize("error", SAID, ids=lambda e: type(e).__name__)
def test_an_error_of_our_own_is_said_in_every_dialect(name: str, error: GammaError):
    assert_error_shape(name, dialect(name).render_error(error, "req_1"), error.message)


@pytest.mark.parametrize("name", dialect_names())
def test_an_error_that_was_said_is_understood_again(name: str):
    import msgspec  # noqa: PLC0415

    body = msgspec.json.encode(dialect(name).render_error(SAID[3], "req_1"))
    assert "the provider fell over" in parse_error(SAID[3].status, {}, body).message
