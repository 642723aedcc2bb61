"""What every request goes through, in order. A step sees the call and passes it on with `call_next`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from gamma.dataplane.call import Call
from gamma.dataplane.routes import refuse_key_in_query
from gamma.errors import Draining, Unauthenticated
from gamma.security.keys import Keys

Next = Callable[[Call], Awaitable[None]]


class Step(Protocol):
    """One thing that every request goes through."""

    def __call__(self, call: Call, call_next: Next) -> Awaitable[None]:
        """Looks at the call and passes it on, or raises. One that has nothing to await costs no coroutine."""


def compose(steps: Sequence[Step], last: Next) -> Next:
    """The steps as one callable, the first outermost."""
    chain = last
    for step in reversed(steps):
        chain = partial(step, call_next=chain)
    return chain


class Authenticate:
    """Finds out who is asking, before anything else looks at the request.

    Args:
        keys: None lets everyone in (`auth.enabled: false`).
    """

    def __init__(self, keys: Keys | None) -> None:
        self._keys = keys

    def __call__(self, call: Call, call_next: Next) -> Awaitable[None]:
        """Passes the call on with its principal.

        Raises:
            Unauthenticated: no key, or an unknown one.
            KeyInQuery: a key in the URL.
        """
        query = call.request.query
        if query:
            refuse_key_in_query(query)
        assert call.match is not None
        if self._keys is not None and not call.match.route.open:
            key = key_of(call.request.headers)
            if not key:
                raise Unauthenticated("no key: send `Authorization: Bearer KEY`, `x-api-key` or `x-goog-api-key`")
            principal = self._keys.find(key)
            if principal is None:
                raise Unauthenticated("unknown key")
            call.principal = principal
        return call_next(call)


class RefuseWhileDraining:
    """Turns new work away once the server is stopping.

    Args:
        draining: tells whether it is.
    """

    def __init__(self, draining: Callable[[], bool]) -> None:
        self._draining = draining

    def __call__(self, call: Call, call_next: Next) -> Awaitable[None]:
        """Passes the call on unless the server is stopping.

        Raises:
            Draining: it is; another replica can answer.
        """
        assert call.match is not None
        if self._draining() and not call.match.route.open:
            raise Draining("the gateway is stopping; send the request again", retry_after_s=1)
        return call_next(call)


def key_of(headers: dict[bytes, bytes]) -> bytes:
    """The caller's key from `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`; empty when there is none."""
    bearer = headers.get(b"authorization", b"")
    if bearer[:7].lower() == b"bearer ":
        return bearer[7:].strip()
    return headers.get(b"x-api-key") or headers.get(b"x-goog-api-key") or b""
