"""Bounded, jittered backoff for what may succeed by itself later."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from agent_core.errors import Retryable

Result = TypeVar("Result")


def delays(first: float = 0.2, last: float = 5.0, factor: float = 2.0) -> Iterator[float]:
    """Yield growing pauses in seconds for ever, each drawn from the upper half of its step."""
    step = first
    while True:
        yield random.uniform(step / 2, step)  # noqa: S311 - spreads load, guards nothing
        step = min(step * factor, last)


def retry(
    work: Callable[[], Result],
    *,
    attempts: int = 5,
    pause: Callable[[float], object] = time.sleep,
    first: float = 0.2,
    last: float = 5.0,
) -> Result:
    """Return what `work` returns, trying again while it raises Retryable errors.

    The last attempt's error is raised as it is. `pause` may raise to give up early.
    """
    waits = delays(first, last)
    for _ in range(attempts - 1):
        try:
            return work()
        except Exception as error:  # only what is marked Retryable stays here
            if not isinstance(error, Retryable):
                raise
            pause(next(waits))
    return work()
