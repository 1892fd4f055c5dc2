"""Pauses: at a round's end, in the journal, through the agent's end, and before a start."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.agent_bench import AgentBench

from agent_core.agent.house_rules_probe import cap_cores
from agent_core.agent.journal import Journal
from agent_core.agent.pausing import Pausing
from agent_core.agent.traffic import Traffic
from agent_core.errors import ConflictError
from agent_core.protocol.states import State

Play = Callable[[Any], Any]
# A client that answers each message after some work.
ECHO = """
while True:
    frame = hear()
    if frame.kind == "message":
        name = frame.fields["message_id"]
        say("log", {"lines": [{"at": 1.0, "level": "INFO", "text": "works on " + name}]})
        time.sleep(0.5)
        say("message", {"message_id": "re-" + name, "reply_to": name, "to_edge": 1, "round": 1,
                        "blobs": []})
"""


def test_the_weightiest_cause_is_told_and_all_have_to_end(journal: Journal) -> None:
    pausing = Pausing(journal)
    heard: list[str] = []
    pausing.on_change = heard.append
    assert pausing.hold("j", "rules", "Paused by its house rules.", until=5.0)
    assert not pausing.hold("j", "rules", "Paused by its house rules.", until=5.0)
    assert pausing.hold("j", "operator", "Paused by Marta.")
    hold = pausing.of("j")
    assert hold is not None
    assert (hold.cause, hold.reason) == ("operator", "Paused by Marta.")
    pausing.release("j", "operator")
    hold = pausing.of("j")
    assert hold is not None
    assert (hold.cause, hold.until) == ("rules", 5.0)
    pausing.exempt("j", "Marta")
    assert pausing.of("j") is None
    assert pausing.is_exempt("j")
    assert heard == ["j"] * 4
    pausing.forget("j")
    assert not pausing.is_exempt("j")


def test_of_an_owners_orders_the_newest_counts(journal: Journal) -> None:
    pausing = Pausing(journal)
    assert pausing.release("j", "owner", number=2)
    assert not pausing.hold("j", "owner", "Paused by Elif.", number=1)
    assert pausing.of("j") is None
    assert pausing.hold("j", "owner", "Paused by Elif.", number=3)


def test_holds_survive_the_agents_end(tmp_path: Path) -> None:
    first = Journal.open(tmp_path / "a.sqlite3")
    Pausing(first).hold("j", "operator", "Paused by Marta.")
    first.close()
    second = Journal.open(tmp_path / "a.sqlite3")
    hold = Pausing(second).of("j")
    second.close()
    assert hold is not None
    assert hold.reason == "Paused by Marta."


def test_bytes_are_counted_by_the_hour_and_since_midnight(journal: Journal) -> None:
    traffic = Traffic(journal)
    traffic.add("updates", up=1000)
    traffic.add("logs", up=10, down=5)
    history = traffic.history(24)
    assert len(history.points) == 24
    assert (history.points[-1].up, history.points[-1].down) == (1010, 5)
    assert sum(point.up for point in history.points[:-1]) == 0
    assert traffic.today().by_kind == {"updates": 1000, "logs": 10}


def works_on(bench: AgentBench, name: str) -> bool:
    """Return whether the job was given a message."""
    return any(line["text"] == f"works on {name}" for line in bench.spooled("logs"))


def answered(bench: AgentBench) -> list[str]:
    """Return the messages that the job answered."""
    return [message.reply_to for message, _ in bench.outbox()]


def kept(bench: AgentBench) -> int:
    """Return how many messages are withheld."""
    row = bench.agent.parts.journal.connection.execute("SELECT count(*) FROM held").fetchone()
    return int(row[0])


async def begin(bench: AgentBench) -> str:
    """Run an allowed job until it trains; return its id."""
    bench.place_package()
    bench.allow()
    bench.tell(bench.order(code=ECHO))
    await bench.until_state(State.TRAINING)
    job = bench.agent.parts.book.of_run(1)
    assert job is not None
    return job.job_id


def test_a_job_finishes_its_message_and_the_next_one_waits(play: Play) -> None:
    async def scenario(bench: AgentBench) -> None:
        job_id = await begin(bench)
        bench.tell(bench.round_message("m1"))
        await bench.until(lambda: works_on(bench, "m1"), "work on m1")
        local = await bench.agent.methods["jobs.pause"](job_id=job_id, reason="ward round")
        assert local["hold"]["cause"] == "operator"

        await bench.until_state(State.PAUSED)
        assert answered(bench) == ["m1"]
        assert bench.statuses()[-1].state == State.PAUSED
        assert bench.statuses()[-1].detail == "Paused by the operator: ward round."

        bench.tell(bench.round_message("m2"))
        await bench.until(lambda: kept(bench) == 1, "m2 to be withheld")
        await bench.agent.methods["jobs.resume"](job_id=job_id)
        await bench.until(lambda: answered(bench) == ["m1", "m2"], "the answer to m2")
        assert bench.state() == State.TRAINING
        assert kept(bench) == 0
        await bench.agent.methods["jobs.stop"](job_id=job_id)
        await bench.until_state(State.KILLED)
        with pytest.raises(ConflictError):
            await bench.agent.methods["jobs.pause"](job_id=job_id)

    play(scenario)


def test_a_pause_and_what_it_withholds_survive_the_agent(play: Play) -> None:
    async def scenario(bench: AgentBench) -> None:
        job_id = await begin(bench)
        await bench.agent.methods["jobs.pause"](job_id=job_id)
        await bench.until_state(State.PAUSED)
        bench.tell(bench.round_message("m1"))
        await bench.until(lambda: kept(bench) == 1, "m1 to be withheld")

        await bench.stop()
        await bench.start()
        assert bench.state() == State.PAUSED
        bench.tell(bench.round_message("m2"))
        await bench.until(lambda: kept(bench) == 2, "m2 to be withheld")
        assert not works_on(bench, "m1")

        await bench.agent.methods["jobs.resume"](job_id=job_id)
        await bench.until(lambda: answered(bench) == ["m1", "m2"], "both answers, in order")
        assert bench.state() == State.TRAINING

    play(scenario)


def test_rules_hold_an_order_and_the_operator_may_start_it_now(play: Play) -> None:
    async def scenario(bench: AgentBench) -> None:
        never = [[]] * 7
        await bench.agent.methods["rules.set"](hours_on=True, hours=never)
        bench.place_package()
        bench.allow()
        bench.tell(bench.order(code=ECHO))
        await bench.until_state(State.PAUSED)
        assert "outside the allowed hours" in bench.statuses()[-1].detail
        assert not list(bench.home.keepers.glob("*"))

        job = bench.agent.parts.book.of_run(1)
        assert job is not None
        await bench.agent.methods["jobs.resume"](job_id=job.job_id)
        await bench.until_state(State.TRAINING)
        await bench.agent.rules.look()
        assert bench.agent.parts.pausing.of(job.job_id) is None

    play(scenario)


def test_an_order_that_waits_for_the_rules_goes_on_after_a_restart(play: Play) -> None:
    async def scenario(bench: AgentBench) -> None:
        await bench.agent.methods["rules.set"](hours_on=True, hours=[[]] * 7)
        bench.place_package()
        bench.allow()
        bench.tell(bench.order(code=ECHO))
        await bench.until_state(State.PAUSED)
        await bench.stop()
        await bench.start()
        await bench.until_state(State.PAUSED)
        assert not list(bench.home.keepers.glob("*"))
        await bench.agent.methods["rules.set"](hours_on=False)
        await bench.until_state(State.TRAINING)

    play(scenario)


def test_an_order_that_rules_hold_ends_with_its_plan(play: Play) -> None:
    async def scenario(bench: AgentBench) -> None:
        await bench.agent.methods["rules.set"](hours_on=True, hours=[[]] * 7)
        bench.place_package()
        bench.allow()
        bench.tell(bench.order(code=ECHO, expires_at=time.time() + 1.5))
        await bench.until_state(State.FAILED)
        assert "before its plan expired" in bench.statuses()[-1].detail

    play(scenario)


def test_a_used_up_budget_pauses_until_it_is_raised(play: Play) -> None:
    async def scenario(bench: AgentBench) -> None:
        bench.change(daily_egress_budget=1000)
        job_id = await begin(bench)
        bench.agent.parts.traffic.add("updates", up=1000)
        await bench.agent.rules.look()
        await bench.until_state(State.PAUSED)
        hold = bench.agent.parts.pausing.of(job_id)
        assert hold is not None
        assert hold.cause == "budget"
        assert hold.until is not None
        with pytest.raises(ConflictError):
            await bench.agent.methods["jobs.resume"](job_id=job_id)
        bench.change(daily_egress_budget=1_000_000)
        await bench.agent.rules.look()
        await bench.until_state(State.TRAINING)

    play(scenario)


def test_a_stop_ends_a_paused_job_and_what_was_withheld(play: Play) -> None:
    async def scenario(bench: AgentBench) -> None:
        job_id = await begin(bench)
        await bench.agent.methods["jobs.pause"](job_id=job_id)
        await bench.until_state(State.PAUSED)
        bench.tell(bench.round_message("m1"))
        await bench.until(lambda: kept(bench) == 1, "m1 to be withheld")
        bench.tell(bench.stop_order())
        await bench.until_state(State.KILLED)
        assert kept(bench) == 0
        assert bench.agent.parts.pausing.of(job_id) is None

    play(scenario)


def test_pause_all_also_holds_what_comes_later(play: Play) -> None:
    async def scenario(bench: AgentBench) -> None:
        assert await bench.agent.methods["jobs.pause_all"](reason="night shift") == []
        bench.place_package()
        bench.allow()
        bench.tell(bench.order(code=ECHO))
        await bench.until_state(State.PAUSED)
        assert bench.agent.board.status().all_paused == "Paused by the operator: night shift."
        (local,) = await bench.agent.methods["jobs.resume_all"]()
        assert local["hold"] is None
        await bench.until_state(State.TRAINING)

    play(scenario)


def test_cores_are_capped_and_given_back() -> None:
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("This system binds no process to cores.")
    every = os.sched_getaffinity(0)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        cap_cores([child.pid], 1)
        assert len(os.sched_getaffinity(child.pid)) == 1
        cap_cores([child.pid], None)
        assert os.sched_getaffinity(child.pid) == every
        child.communicate(b"")
