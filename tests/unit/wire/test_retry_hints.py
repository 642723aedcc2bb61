"""Waits, as headers and sentences name them."""

from __future__ import annotations

import pytest

from gamma.wire.retry_hints import declared_wait, duration_s, retry_after, sentence_s

DATE = {"date": "Sun, 01 Mar 2026 09:00:00 GMT"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360),
        ("17.39s", 17.39),
        ("26ms", 0.026),
        ("1h2m3s", 3723),
        ("2m59.56s", 179.56),
        ("20 seconds", 20),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float):
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "5", "1x", "-3s", "6m0s later"])
def test_what_is_no_duration_is_none(text: str):
    assert duration_s(text) is None


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Rate limit reached. Please try again in 20s. Visit the docs.", 20),
        ("Limit 6000, Used 5800. Please try again in 1.5s.", 1.5),
        ("Please try again in 6ms.", 0.006),
        ("Please try again in 7m12.5s. Need more tokens?", 432.5),
        ("Please retry after 26 seconds.", 26),
        ("You can retry in 2 minutes", 120),
    ],
)
def test_a_sentence_names_a_wait(message: str, seconds: float):
    assert sentence_s(message) == pytest.approx(seconds)


@pytest.mark.parametrize("message", ["", "try again later", "Please retry shortly", "try again in 5 steps", "wait 20s"])
def test_a_sentence_without_a_wait_names_none(message: str):
    assert sentence_s(message) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "Sun, 01 Mar 2026 09:00:30 GMT", **DATE}, 30),
        ({"retry-after": "Sun, 01 Mar 2026 08:00:00 GMT", **DATE}, 0),
    ],
)
def test_retry_after_is_read_in_every_form(headers: dict[str, str], seconds: float):
    assert declared_wait(headers) == pytest.approx(seconds)


@pytest.mark.parametrize("value", ["Sun, 01 Mar 2026 09:00:30 GMT", "soon", "", "-4", "nan", "inf"])
def test_a_useless_retry_after_yields_to_the_body(value: str):
    assert declared_wait({"retry-after": value}, 3.0) == 3.0


def test_headers_win_over_the_body():
    assert retry_after({"retry-after": "5"}, 3.0) == 5


def test_the_body_wins_over_reset_headers():
    assert retry_after({"x-ratelimit-reset-requests": "6m0s"}, 3.0) == 3


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (
            {"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-tokens": "1s"},
            360,
        ),
        ({"x-ratelimit-reset-requests": "17.39s", "x-ratelimit-reset-tokens": "26ms"}, 0.026),
        ({"x-ratelimit-reset-tokens": "12", "x-ratelimit-remaining-tokens": "0"}, 12),
        ({"ratelimit-reset": "1", "ratelimit-remaining": "0"}, 1),
        ({"ratelimitbysize-reset": "8"}, 8),
        ({"x-ratelimit-reset": "1772355645000", **DATE}, 45),
        ({"anthropic-ratelimit-tokens-reset": "2026-03-01T09:00:12Z", **DATE}, 12),
        ({"anthropic-ratelimit-input-tokens-reset": "2026-03-01T09:00:12+00:00", **DATE}, 12),
    ],
)
def test_reset_headers_are_the_last_resort(headers: dict[str, str], seconds: float):
    assert retry_after(headers) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-reset": "1772355645000"},
        {"anthropic-ratelimit-tokens-reset": "2026-03-01T09:00:12Z"},
        {"reset": "5"},
    ],
)
def test_a_moment_without_the_answers_date_tells_nothing(headers: dict[str, str]):
    assert retry_after(headers) is None
