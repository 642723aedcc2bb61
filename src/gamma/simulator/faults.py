"""Errors and rate limits of one simulated provider."""

from __future__ import annotations

import math
import random
import time
from datetime import UTC, datetime, timedelta

from gamma.errors import (
    GammaError,
    InvalidRequest,
    ProviderAuthFailed,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderServerError,
)
from gamma.simulator.scenario import Behaviour

_BY_STATUS: dict[int, type[GammaError]] = {
    400: InvalidRequest,
    401: ProviderAuthFailed,
    429: ProviderRateLimited,
    500: ProviderServerError,
    503: ProviderOverloaded,
}
_MINUTE_S = 60.0


class SimulatedError(GammaError):
    """A drawn failure; its status is set per instance."""

    def __init__(
        self,
        status: int,
        message: str,
        retry_after_s: float | None = None,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.headers = list(headers or [])
        if retry_after_s is not None:
            self.headers.append((b"retry-after", b"%d" % math.ceil(retry_after_s)))
        kind = _BY_STATUS.get(status, ProviderServerError)
        self.status = status  # type: ignore[misc]  # a class fact of the tree, but drawn here
        self.code = kind.code  # type: ignore[misc]  # as above


class Faults:
    """Decides which requests fail.

    Args:
        behaviour: the rates.
        rng: the dice.
        style: rate-limit headers that say when with `durations` (OpenAI and most vendors) or `dates` (Anthropic).
    """

    def __init__(self, behaviour: Behaviour, rng: random.Random, style: str = "durations") -> None:
        self._behaviour = behaviour
        self._style = style
        self._rng = rng
        self._window = 0.0
        self._used = 0

    def admit(self) -> list[tuple[bytes, bytes]]:
        """Lets a request in.

        Returns:
            Rate-limit headers.

        Raises:
            SimulatedError: it is over the limit, or was drawn to fail.
        """
        headers = self._limit()
        if self._rng.random() < self._behaviour.error_rate:
            statuses, weights = zip(*self._behaviour.errors.items(), strict=True)
            status = int(self._rng.choices(statuses, weights)[0])
            raise SimulatedError(status, f"simulated failure {status}", 1.0 if status == 429 else None, headers)
        return headers

    def cuts(self) -> bool:
        """Whether this stream is to be cut."""
        return self._rng.random() < self._behaviour.cut_rate

    def stalls(self) -> bool:
        """Whether this stream is to fall silent."""
        return self._rng.random() < self._behaviour.stall_rate

    def _limit(self) -> list[tuple[bytes, bytes]]:
        limit = self._behaviour.requests_per_minute
        if limit is None:
            return []
        now = time.monotonic()
        if now - self._window >= _MINUTE_S:
            self._window, self._used = now, 0
        reset = _MINUTE_S - (now - self._window)
        self._used += 1
        headers = self._headers(limit, max(0, limit - self._used), reset)
        if self._used > limit:
            raise SimulatedError(429, f"Rate limit reached: {limit} requests per minute", reset, headers)
        return headers

    def _headers(self, limit: int, remaining: int, reset_s: float) -> list[tuple[bytes, bytes]]:
        """Rate-limit headers in the vendor's own names and units (providers.md 12)."""
        if self._style == "dates":
            at = datetime.now(UTC) + timedelta(seconds=reset_s)
            reset = at.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
            names = (b"anthropic-ratelimit-requests-%b" % part for part in (b"limit", b"remaining", b"reset"))
        else:
            reset = b"%.1fs" % reset_s
            names = (b"x-ratelimit-%b-requests" % part for part in (b"limit", b"remaining", b"reset"))
        return list(zip(names, (b"%d" % limit, b"%d" % remaining, reset), strict=True))
