"""The state tables are closed, every state has its next states, and endings are final."""

from __future__ import annotations

import pytest

from agent_core.protocol.states import (
    JOB_NEXT,
    RUN_NEXT,
    TERMINAL,
    State,
    may_come_from,
    may_follow,
)

TABLES = [RUN_NEXT, JOB_NEXT]


@pytest.mark.parametrize("table", TABLES)
def test_terminal_states_have_no_next_state(table: dict[State, frozenset[State]]) -> None:
    assert {state for state, nexts in table.items() if not nexts} == TERMINAL


@pytest.mark.parametrize("table", TABLES)
def test_every_next_state_is_in_the_table(table: dict[State, frozenset[State]]) -> None:
    assert {state for nexts in table.values() for state in nexts} <= set(table)


@pytest.mark.parametrize("table", TABLES)
def test_every_living_state_can_be_stopped(table: dict[State, frozenset[State]]) -> None:
    living = set(table) - TERMINAL - {State.STOPPING, State.IDLE}
    assert all(State.STOPPING in table[state] for state in living)


@pytest.mark.parametrize("table", TABLES)
def test_no_state_follows_itself(table: dict[State, frozenset[State]]) -> None:
    assert not any(may_follow(table, state, state) for state in State)


def test_may_come_from_is_the_inverse_of_the_table() -> None:
    for then in State:
        for now in State:
            assert (now in may_come_from(RUN_NEXT, then)) == may_follow(RUN_NEXT, now, then)


def test_finished_comes_only_from_a_run_that_ran() -> None:
    assert may_come_from(RUN_NEXT, State.FINISHED) == {State.RUNNING, State.STOPPING}
