"""How simulated providers behave: latencies, errors and limits, drawn from stated distributions with a seed."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

_Share = Annotated[float, Meta(ge=0, le=1)]
_Positive = Annotated[float, Meta(ge=0)]
_Z95 = 1.6448536269514722  # the standard normal's 95th percentile


class Latency(Struct, frozen=True, forbid_unknown_fields=True):
    """A log-normal time, told by its median and 95th percentile in milliseconds."""

    median_ms: _Positive = 0.0
    p95_ms: _Positive = 0.0

    def draw_s(self, rng: random.Random) -> float:
        """A time in seconds."""
        if self.median_ms <= 0:
            return 0.0
        sigma = math.log(max(self.p95_ms, self.median_ms) / self.median_ms) / _Z95
        return rng.lognormvariate(math.log(self.median_ms), sigma) / 1000


class Behaviour(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one provider behaves.

    Attributes:
        first_token: time to the first token of an answer.
        per_token: time between tokens.
        output_tokens: about how many tokens an answer has where the request does not bound it.
        error_rate: share of requests that fail.
        errors: HTTP statuses of failures, by weight.
        cut_rate: share of streams that end in the middle without a word.
        stall_rate: share of streams that fall silent in the middle.
        requests_per_minute: above it requests get 429; None is unlimited. Counters travel in rate-limit headers.
    """

    first_token: Latency = Latency(60, 200)
    per_token: Latency = Latency(4, 10)
    output_tokens: Annotated[int, Meta(ge=1, le=100_000)] = 60
    error_rate: _Share = 0.0
    errors: dict[str, _Positive] = msgspec.field(default_factory=lambda: {"500": 2.0, "503": 2.0, "429": 1.0})
    cut_rate: _Share = 0.0
    stall_rate: _Share = 0.0
    requests_per_minute: Annotated[int, Meta(ge=1)] | None = None


class Scenario(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the whole fleet behaves.

    Attributes:
        seed: the same seed gives the same answers, times and errors for the same order of requests.
        default: every provider that is not named below.
        providers: what differs, by provider.
    """

    seed: int = 1
    default: Behaviour = Behaviour()
    providers: dict[str, dict[str, Any]] = {}

    def behaviour(self, provider: str) -> Behaviour:
        """The behaviour of one provider: the default with its own differences."""
        own = self.providers.get(provider)
        if not own:
            return self.default
        return msgspec.convert({**msgspec.to_builtins(self.default), **own}, Behaviour)


def parse(value: Mapping[str, Any]) -> Scenario:
    """A scenario file's content, checked.

    Raises:
        ValueError: naming the key that is wrong.
    """
    try:
        scenario = msgspec.convert(value, Scenario)
        for name in scenario.providers:
            scenario.behaviour(name)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    return scenario
