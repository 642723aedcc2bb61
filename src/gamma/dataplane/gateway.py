"""The one door: every request of every dialect enters at `answer` and goes through the same steps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from time import monotonic

import structlog

from gamma.database.usage_log import UsageLog
from gamma.dataplane.answers import error_answer
from gamma.dataplane.call import Call
from gamma.dataplane.connection import HttpRequest
from gamma.dataplane.endpoints import chat, count_tokens, embeddings, health, models, openapi, rerank
from gamma.dataplane.parts import Parts
from gamma.dataplane.routes import dialect_of, match
from gamma.dataplane.steps import Step, compose
from gamma.errors import CallerError, CallerLeft, Draining, GammaError, InternalError
from gamma.types.record import UsageRecord

_log = structlog.get_logger(__name__)

_OPERATIONS: dict[str, Callable[[Parts, Call], Awaitable[None]]] = {
    "chat": chat.answer,
    "count_tokens": count_tokens.answer,
    "embeddings": embeddings.answer,
    "rerank": rerank.answer,
    "models": models.answer_list,
    "model": models.answer_one,
    "openapi": openapi.answer,
    "live": health.answer_live,
    "ready": health.answer_ready,
    "metrics": health.answer_metrics,
    "welcome": health.answer_welcome,
}


class Gateway:
    """Answers requests.

    Args:
        parts: what endpoints work with.
        steps: what every request goes through before it is answered.
        usage_log: keeps a record of each request; None keeps none.
    """

    def __init__(self, parts: Parts, steps: tuple[Step, ...], usage_log: UsageLog | None = None) -> None:
        self._parts = parts
        self._usage_log = usage_log
        self._pipeline = compose(steps, self._dispatch)

    async def answer(self, request: HttpRequest) -> None:
        """Answers one request: with an answer, or with an error in the caller's dialect. Never raises."""
        call = Call(request, monotonic(), time.time())
        self._parts.metrics.in_flight += 1
        try:
            if request.fault is not None:
                raise request.fault  # noqa: TRY301  # told like every other refusal
            call.match = match(request.method, request.path)
            await self._pipeline(call)
        except GammaError as error:
            self._refuse(call, error)
        except asyncio.CancelledError:
            self._refuse(
                call, CallerLeft("the caller left") if request.connection.closed else Draining("the gateway stopped")
            )
        except Exception:  # noqa: BLE001  # the edge: logged, and told as an internal error
            _log.exception("request failed", request_id=call.id, path=request.path.decode("latin-1"))
            self._refuse(call, InternalError(f"the gateway failed; its log has the cause under request id {call.id}"))
        finally:
            self._parts.metrics.in_flight -= 1
            if call.model is not None:
                self._record(call)

    def _dispatch(self, call: Call) -> Awaitable[None]:
        assert call.match is not None
        return _OPERATIONS[call.match.route.operation](self._parts, call)

    def _refuse(self, call: Call, error: GammaError) -> None:
        call.error = error
        wire = self._parts.wires.get(call.match.route.wire if call.match is not None else dialect_of(call.request.path))
        if call.model is None:
            self._parts.metrics.refuse(error.code)
        if call.request.connection.streaming:
            call.request.connection.abort()
            return
        head, body = error_answer(call, error, wire)
        call.request.connection.respond(error.status, head, body if call.request.method != b"HEAD" else b"")
        if not isinstance(error, CallerError):
            _log.warning("request refused", request_id=call.id, code=error.code, message=error.message)

    def _record(self, call: Call) -> None:
        """Counts the request and keeps its record."""
        assert call.model is not None
        now = monotonic()
        duration = now - call.started
        deployment = call.deployment.name if call.deployment is not None else ""
        outcome = call.error.code if call.error is not None else "ok"
        usage, cost = call.usage, call.cost_usd
        until = call.first_byte if call.stream and call.first_byte else now
        overhead = max(0.0, until - call.started - call.upstream_s)
        first_byte = call.first_byte - call.started if call.first_byte else None

        series = self._parts.metrics.series(call.model.name, deployment)
        series.outcomes[outcome] = series.outcomes.get(outcome, 0) + 1
        series.attempts += call.attempts
        series.duration.observe(duration)
        series.overhead.observe(overhead)
        if call.stream and first_byte is not None:
            series.first_byte.observe(first_byte)
        if usage is not None:
            series.input_tokens += usage.input_tokens
            series.output_tokens += usage.output_tokens
            series.cost_usd += cost or 0.0
        if self._usage_log is None or call.match is None:
            return
        self._usage_log.append(
            UsageRecord(
                request_id=call.id,
                at=call.at,
                principal=call.principal.name,
                surface=call.match.route.wire if call.match.route.operation == "chat" else call.match.route.operation,
                model=call.model.name,
                deployment=deployment,
                attempts=call.attempts,
                stream=call.stream,
                outcome=outcome,
                input_tokens=usage.input_tokens if usage else 0,
                output_tokens=usage.output_tokens if usage else 0,
                cache_read_tokens=usage.cache_read_tokens if usage else 0,
                cache_write_tokens=usage.cache_write_tokens if usage else 0,
                reasoning_tokens=usage.reasoning_tokens if usage else 0,
                cost_usd=cost,
                duration_s=duration,
                overhead_s=overhead,
                first_byte_s=first_byte,
            )
        )
