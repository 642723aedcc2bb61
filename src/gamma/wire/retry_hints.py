"""How long a provider asks to be left alone, read from headers and from the error's body (providers.md 12).

Pure: a moment in time is turned into seconds by the answer's own `date` header, never by a clock. Without that header a
moment tells nothing and is ignored.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_UNIT_S = {
    "ms": 0.001,
    "millisecond": 0.001,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
}
_STEP = r"\d+(?:\.\d+)?\s*(?:milliseconds?|seconds?|minutes?|hours?|days?|ms|sec|min|s|m|h|d)"
_STEPS = re.compile(r"(\d+(?:\.\d+)?)\s*(milliseconds?|seconds?|minutes?|hours?|days?|ms|sec|min|s|m|h|d)", re.IGNORECASE)
_DURATION = re.compile(rf"(?:{_STEP}\s*)+", re.IGNORECASE)
# "Please try again in 20s." (openai, groq: also 7m12.5s and 6ms); "Please retry after 26 seconds." (azure)
_SENTENCE = re.compile(rf"(?:try again|retry)\s+(?:in|after)\s+((?:{_STEP}\s*)+)(?![a-z])", re.IGNORECASE)
# x-ratelimit-reset-requests (openai, groq), x-ratelimit-reset (together, openrouter), ratelimit-reset (replicate,
# huggingface), ratelimitbysize-reset (mistral), anthropic-ratelimit-tokens-reset (anthropic)
_RESET = re.compile(r"^(?:x-|anthropic-)?ratelimit(?:bysize)?(-[a-z-]+)?-reset$|^(?:x-)?ratelimit-reset(-[a-z-]+)?$")
_OLDEST_EPOCH_S = 1e9  # a bare number above this is a moment since 1970, not a wait
_OLDEST_EPOCH_MS = 1e12  # openrouter counts in milliseconds


def duration_s(text: str) -> float | None:
    """Seconds of a written duration such as `6m0s`, `17.39s`, `26ms`, `20 seconds`; None when it is none."""
    text = text.strip()
    if not _DURATION.fullmatch(text):
        return None
    return _sum_of(text)


def sentence_s(message: str) -> float | None:
    """The wait named in an error's sentence ("try again in 1.5s"), in seconds."""
    match = _SENTENCE.search(message)
    return _sum_of(match.group(1)) if match else None


def declared_wait(headers: Mapping[str, str], body_hint: float | None = None) -> float | None:
    """The wait that the provider asks for in so many words.

    Args:
        headers: of the answer, names in lower case.
        body_hint: seconds found in the body, used when the headers ask for nothing.

    Returns:
        Seconds, at least 0; None when nothing is asked for.
    """
    wait = _number(headers.get("retry-after-ms"))
    if wait is not None:
        return wait / 1000
    value = headers.get("retry-after")
    if value is not None:
        wait = _number(value)
        wait = _until(value, headers) if wait is None else wait
        if wait is not None:
            return wait
    return body_hint


def retry_after(headers: Mapping[str, str], body_hint: float | None = None) -> float | None:
    """The wait asked for, else the time until the exhausted limit of the reset headers is fresh again.

    Args:
        headers: of the answer, names in lower case.
        body_hint: seconds found in the body; they come after `retry-after` and before the reset headers.

    Returns:
        Seconds, at least 0; None when the provider says nothing.
    """
    wait = declared_wait(headers, body_hint)
    if wait is not None:
        return wait
    exhausted: list[float] = []
    others: list[float] = []
    for remaining, seconds in _resets(headers):
        (exhausted if remaining is not None and remaining <= 0 else others).append(seconds)
    return max(exhausted) if exhausted else min(others, default=None)


def _resets(headers: Mapping[str, str]) -> Iterator[tuple[float | None, float]]:
    """What is left of each limit (None where unsaid), and the seconds until it is reset."""
    for name, value in headers.items():
        if not _RESET.match(name):
            continue
        seconds = _reset_s(value, headers)
        if seconds is not None:
            yield _number(headers.get(name.replace("reset", "remaining"))), seconds


def _reset_s(value: str, headers: Mapping[str, str]) -> float | None:
    number = _number(value)
    if number is None:
        wait = duration_s(value)
        return _until(value, headers) if wait is None else wait
    if number < _OLDEST_EPOCH_S:
        return number
    now = _moment(headers.get("date", ""))
    moment_s = number / 1000 if number > _OLDEST_EPOCH_MS else number
    return None if now is None else max(0.0, moment_s - now.timestamp())


def _until(value: str, headers: Mapping[str, str]) -> float | None:
    then, now = _moment(value), _moment(headers.get("date", ""))
    return None if then is None or now is None else max(0.0, (then - now).total_seconds())


def _moment(text: str) -> datetime | None:
    """A moment written as RFC 3339 or as an HTTP date."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _sum_of(text: str) -> float:
    return sum(float(number) * _unit_s(unit.lower()) for number, unit in _STEPS.findall(text))


def _unit_s(unit: str) -> float:
    return _UNIT_S[unit] if unit in _UNIT_S else _UNIT_S[unit.removesuffix("s")]
