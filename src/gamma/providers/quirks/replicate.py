"""Replicate: the answer to a request is a prediction, which is polled until it has ended (providers.md 9)."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from gamma.errors import ProviderMalformed, ProviderTimeout
from gamma.providers.base import Provider
from gamma.transport.connection import Reply
from gamma.types.http import HttpRequest, Origin
from gamma.types.timeouts import Timeouts
from gamma.wire.replicate import prediction_state

_POLL_S = 0.5
_RUNNING = frozenset({"starting", "processing", "queued"})


class Replicate(Provider):
    """Waits for predictions of `owner/name`."""

    settles: ClassVar[bool] = True

    def quote_model(self, model: str) -> str:
        """`owner/name` stays two segments."""
        return "/".join(map(super().quote_model, model.split("/")))

    async def settle(self, reply: Reply, timeouts: Timeouts) -> Reply:
        """The prediction once it has ended, well or badly; error answers stay as they are."""
        try:
            async with asyncio.timeout(timeouts.total_s):
                while 200 <= reply.status < 300:
                    status, url, _ = prediction_state(reply.body)
                    if status not in _RUNNING:
                        break
                    await asyncio.sleep(_POLL_S)
                    reply = await self._poll(url or "", timeouts)
        except TimeoutError:
            raise ProviderTimeout(f"no prediction within {timeouts.total_s:g} s (timeouts.total_s)") from None
        return reply

    async def _poll(self, url: str, timeouts: Timeouts) -> Reply:
        base, _ = Origin.parse(self.base_url())
        try:
            origin, target = Origin.parse(url)
        except ValueError:
            raise ProviderMalformed("the prediction does not say where to poll it") from None
        if origin != base:  # the key goes to no other host
            raise ProviderMalformed(f"the prediction is to be polled at another host, {origin}")
        request = HttpRequest(origin, "GET", target, self.headers())
        return await self._pool.send(self.channel(origin), request.encode(), timeouts)
