"""Backoff: bounded, growing, jittered, and only for what may pass by itself."""

from __future__ import annotations

from itertools import islice

import pytest

from agent_core.errors import NotFoundError, UnreachableError
from agent_core.transport.retry import delays, retry


def test_pauses_grow_to_their_bound_and_are_spread() -> None:
    pauses = list(islice(delays(0.2, 5.0), 30))
    assert 0.1 <= pauses[0] <= 0.2
    assert all(2.5 <= pause <= 5.0 for pause in pauses[10:])
    assert len(set(pauses)) > 20


def test_work_is_tried_until_it_succeeds() -> None:
    left, pauses = [3], []

    def work() -> str:
        left[0] -= 1
        if left[0]:
            raise UnreachableError("away")
        return "done"

    assert retry(work, pause=pauses.append) == "done"
    assert len(pauses) == 2
    assert pauses[1] > pauses[0] / 2


def test_attempts_are_bounded_and_the_last_error_is_told() -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        raise UnreachableError(f"away {len(calls)}")

    with pytest.raises(UnreachableError, match="away 4"):
        retry(work, attempts=4, pause=lambda _: None)
    assert len(calls) == 4


def test_what_cannot_pass_by_itself_is_not_repeated() -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        raise NotFoundError("gone")

    with pytest.raises(NotFoundError):
        retry(work, pause=lambda _: None)
    assert len(calls) == 1


def test_a_pause_may_give_up() -> None:
    def work() -> None:
        raise UnreachableError("away")

    def give_up(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        retry(work, pause=give_up)
