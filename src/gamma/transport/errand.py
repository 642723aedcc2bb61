"""Runs a coroutine straight from a protocol's callback, without a task and without a turn of the event loop.

A request's coroutine waits for one thing: its provider's answer. Driven by a task it would start one turn of the loop after
its bytes came, and go on one turn after the answer's; an Errand starts it at once and resumes it in the very callback that
read the answer, while its data are still in the processor's cache. Whatever else a coroutine waits for (name resolution, a
thread, a sleep) makes an ordinary task of the rest of it.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_TASK_WANTED = object()


class Waiter(Generic[T]):
    """A result that one errand waits for."""

    __slots__ = ("_errand", "_error", "_result", "_settled")

    def __init__(self) -> None:
        self._settled = False
        self._result: T | None = None
        self._error: BaseException | None = None
        self._errand: Errand | None = None

    def __await__(self) -> Generator[Waiter[T], None, T]:
        if not self._settled:
            yield self
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # settled without an error, so there is one

    def done(self) -> bool:
        """Whether it is settled."""
        return self._settled

    def forget(self) -> None:
        """Settles it without telling anybody: who waited has left."""
        self._settled, self._errand = True, None

    def set_result(self, result: T) -> None:
        """Settles it and runs what waited, before this returns."""
        self._settled, self._result = True, result
        if self._errand is not None:
            self._errand.resume()

    def set_exception(self, error: BaseException) -> None:
        """Settles it with an error, likewise."""
        self._settled, self._error = True, error
        if self._errand is not None:
            self._errand.resume()


class Errand:
    """One coroutine on its way.

    Args:
        coroutine: must not let exceptions out; one that does is reported to the loop.
        finished: called when it has ended.
    """

    __slots__ = ("_coroutine", "_finished", "_loop", "_task", "_waiting")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, None], finished: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._coroutine = coroutine
        self._finished = finished
        self._task: asyncio.Task[None] | None = None
        self._waiting: Waiter[Any] | None = None

    def resume(self, error: BaseException | None = None) -> None:
        """Runs the coroutine until it waits again or ends.

        Args:
            error: raised where the coroutine waits.
        """
        try:
            wanted = self._coroutine.send(None) if error is None else self._coroutine.throw(error)
        except StopIteration:
            self._finished()
        except BaseException as failure:  # noqa: BLE001  # the edge of a callback: the loop hears of it and goes on
            self._loop.call_exception_handler({"message": "an errand failed", "exception": failure})
            self._finished()
        else:
            if type(wanted) is Waiter:
                wanted._errand = self  # noqa: SLF001  # the two are one mechanism
                self._waiting = wanted
            else:
                self._task = self._loop.create_task(_rest(self._coroutine, wanted))
                self._task.add_done_callback(lambda _: self._finished())

    def cancel(self) -> None:
        """Raises CancelledError where the coroutine waits."""
        if self._task is not None:
            self._task.cancel()
        elif self._waiting is not None:
            self._waiting.forget()
            self.resume(asyncio.CancelledError())


@types.coroutine
def as_task() -> Generator[object, None, None]:
    """Goes on as a task, for what only tasks can do (`asyncio.timeout`); nothing changes where one runs already."""
    if asyncio.current_task() is None:
        yield _TASK_WANTED


@types.coroutine
def _rest(coroutine: Coroutine[Any, Any, None], wanted: Any) -> Generator[Any, Any, None]:
    """What is left of a coroutine that has just asked to wait for `wanted`."""
    try:
        if wanted is _TASK_WANTED:
            wanted = coroutine.send(None)
        while True:
            try:
                value = yield wanted
            except BaseException as error:  # noqa: BLE001  # a cancellation, to be raised where the coroutine waits
                wanted = coroutine.throw(error)
            else:
                wanted = coroutine.send(value)
    except StopIteration:
        return
