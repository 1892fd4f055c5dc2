"""Frames in bunches: nothing waits for what has not come, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from agent_core.agent.bunches import LIMIT, in_bunches


async def items_of(queue: asyncio.Queue[int | None], closed: list[bool]) -> AsyncGenerator[int]:
    """Yield what a queue gives; None is the end, 0 an error."""
    try:
        while (number := await queue.get()) is not None:
            if number == 0:
                message = "broken"
                raise RuntimeError(message)
            yield number
    finally:
        closed.append(True)


def test_what_is_there_comes_together_and_the_rest_later() -> None:
    """The first bunch does not wait for the next item."""

    async def scenario() -> None:
        queue: asyncio.Queue[int | None] = asyncio.Queue()
        closed: list[bool] = []
        for number in (1, 2, 3):
            queue.put_nowait(number)
        bunches = in_bunches(items_of(queue, closed))
        assert await asyncio.wait_for(anext(bunches), 5) == [1, 2, 3]
        queue.put_nowait(4)
        assert await asyncio.wait_for(anext(bunches), 5) == [4]
        for number in range(1, LIMIT + 3):
            queue.put_nowait(number)
        queue.put_nowait(None)
        rest = [bunch async for bunch in bunches]
        assert [len(bunch) for bunch in rest] == [LIMIT, 2]
        assert [item for bunch in rest for item in bunch] == list(range(1, LIMIT + 3))
        assert closed == [True]

    asyncio.run(scenario())


def test_an_error_comes_after_what_was_before_it() -> None:
    """Whoever commits bunches has everything up to the error."""

    async def scenario() -> None:
        queue: asyncio.Queue[int | None] = asyncio.Queue()
        for number in (1, 2, 0):
            queue.put_nowait(number)
        bunches = in_bunches(items_of(queue, []))
        assert await anext(bunches) == [1, 2]
        with pytest.raises(RuntimeError, match="broken"):
            await anext(bunches)

    asyncio.run(scenario())


def test_closing_closes_the_source_that_waits() -> None:
    """A job that is let go leaves no task behind."""

    async def scenario() -> None:
        queue: asyncio.Queue[int | None] = asyncio.Queue()
        closed: list[bool] = []
        queue.put_nowait(1)
        bunches = in_bunches(items_of(queue, closed))
        assert await anext(bunches) == [1]
        await bunches.aclose()
        assert closed == [True]
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())
