"""Errands run at once, resume in the callback that settles what they wait for, and become tasks for all else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from gamma.transport.errand import Errand, Waiter, as_task


def run(test: Callable[[asyncio.AbstractEventLoop], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await test(asyncio.get_running_loop())

    asyncio.run(main())


def start(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, None]) -> tuple[Errand, list[str]]:
    ended: list[str] = []
    errand = Errand(loop, coroutine, lambda: ended.append("end"))
    loop.call_soon(errand.resume)  # as a protocol would: from a callback, where no task runs
    return errand, ended


def test_it_resumes_inside_the_call_that_settles() -> None:
    seen: list[object] = []

    async def test(loop: asyncio.AbstractEventLoop) -> None:
        waiter: Waiter[int] = Waiter()

        async def errand() -> None:
            seen.append(asyncio.current_task())
            seen.append(await waiter)

        _, ended = start(loop, errand())
        await asyncio.sleep(0)
        assert seen == [None]
        waiter.set_result(7)
        assert seen == [None, 7]
        assert ended == ["end"]

    run(test)


def test_errors_are_raised_where_it_waits() -> None:
    async def test(loop: asyncio.AbstractEventLoop) -> None:
        waiter: Waiter[int] = Waiter()
        caught: list[str] = []

        async def errand() -> None:
            try:
                await waiter
            except ValueError as error:
                caught.append(str(error))

        _, ended = start(loop, errand())
        await asyncio.sleep(0)
        waiter.set_exception(ValueError("x"))
        assert caught == ["x"]
        assert ended == ["end"]

    run(test)


def test_a_settled_waiter_does_not_wait() -> None:
    async def test(loop: asyncio.AbstractEventLoop) -> None:
        waiter: Waiter[int] = Waiter()
        waiter.set_result(1)

        async def errand() -> None:
            assert await waiter == 1

        _, ended = start(loop, errand())
        await asyncio.sleep(0)
        assert ended == ["end"]

    run(test)


@pytest.mark.parametrize("kind", ["sleep", "timeout", "thread"])
def test_anything_else_makes_a_task_of_the_rest(kind: str) -> None:
    async def test(loop: asyncio.AbstractEventLoop) -> None:
        seen: list[str] = []

        async def errand() -> None:
            if kind == "sleep":
                await asyncio.sleep(0.01)
            elif kind == "thread":
                await asyncio.to_thread(seen.append, "thread")
            else:
                await as_task()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await asyncio.sleep(5)
            await as_task()
            assert asyncio.current_task() is not None
            await asyncio.sleep(0)
            seen.append("done")

        _, ended = start(loop, errand())
        await asyncio.sleep(0.1)
        assert seen[-1] == "done"
        assert ended == ["end"]

    run(test)


@pytest.mark.parametrize("waits", ["waiter", "sleep"])
def test_cancelling_ends_it_once_and_for_all(waits: str) -> None:
    async def test(loop: asyncio.AbstractEventLoop) -> None:
        waiter: Waiter[int] = Waiter()
        caught: list[str] = []

        async def errand() -> None:
            try:
                await (waiter if waits == "waiter" else asyncio.sleep(5))
            except asyncio.CancelledError:
                caught.append("cancelled")

        found, ended = start(loop, errand())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        found.cancel()
        await asyncio.sleep(0.01)
        assert caught == ["cancelled"]
        assert ended == ["end"]
        if waits == "waiter":
            assert waiter.done()  # whoever would settle it later sees that nobody waits

    run(test)


def test_an_exception_that_gets_out_is_reported_and_ends_it() -> None:
    async def test(loop: asyncio.AbstractEventLoop) -> None:
        reported: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _, context: reported.append(context))

        async def errand() -> None:
            raise ZeroDivisionError

        _, ended = start(loop, errand())
        await asyncio.sleep(0)
        assert isinstance(reported[0]["exception"], ZeroDivisionError)
        assert ended == ["end"]

    run(test)
