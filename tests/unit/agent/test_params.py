"""What a local client sends is checked by name and by kind."""

from __future__ import annotations

from typing import Any

import pytest

from agent_core.agent.params import check
from agent_core.errors import UserInputError


async def method(run_id: int, text: str = "", at: float | None = None, is_on: bool = False) -> None:
    """Stand for one of the agent's own methods."""


async def free(**fields: Any) -> None:
    """Stand for settings.set, whose fields are checked elsewhere."""


@pytest.mark.parametrize(
    "fields",
    [{"run_id": 1}, {"run_id": 1, "text": "x", "at": None, "is_on": True}, {"run_id": 1, "at": 5}],
)
def test_what_fits_passes(fields: dict[str, Any]) -> None:
    check("x", method, fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "run_id"),
        ({"run_id": "1"}, "a whole number"),
        ({"run_id": True}, "a whole number"),
        ({"run_id": 2**63}, "a whole number"),
        ({"run_id": 1, "text": "a\x00b"}, "text"),
        ({"run_id": 1, "text": 5}, "text"),
        ({"run_id": 1, "at": float("nan")}, "a number"),
        ({"run_id": 1, "at": "soon"}, "a number"),
        ({"run_id": 1, "is_on": 1}, "yes or no"),
        ({"run_id": 1, "other": 1}, "other"),
    ],
)
def test_what_does_not_is_named(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UserInputError) as told:
        check("x", method, fields)
    assert words in told.value.sentence
    assert told.value.next_step


def test_free_fields_are_left_to_the_method() -> None:
    check("settings.set", free, {"silo": 5, "nosuch": []})
