"""What comes one by one, in bunches of what is there already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

Item = TypeVar("Item")

LIMIT = 64


async def in_bunches(source: AsyncGenerator[Item]) -> AsyncGenerator[list[Item]]:
    """Yield what has come meanwhile, at least one at a time; errors come after what was before.

    Each commit waits for the disk: what came while the last one waited goes into the next.
    """
    end = object()
    coming: asyncio.Future[object] = asyncio.ensure_future(anext(source, end))
    try:
        while (item := await coming) is not end:
            bunch = [item]
            while len(bunch) < LIMIT:
                coming = asyncio.ensure_future(anext(source, end))
                await asyncio.sleep(0)  # what is buffered already comes in this turn
                if not coming.done() or coming.exception() is not None or coming.result() is end:
                    break
                bunch.append(coming.result())
            else:
                coming = asyncio.ensure_future(anext(source, end))
            yield bunch  # type: ignore[misc]
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await source.aclose()
