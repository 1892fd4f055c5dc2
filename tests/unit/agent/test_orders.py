"""Start and stop orders: checked, committed once, obeyed in every state (S1, S4, R4)."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers.agent_bench import AgentBench

from agent_core.jobs import runtime
from agent_core.jobs.runtime import ensure as make_runtime
from agent_core.protocol.messages import StartOrder
from agent_core.protocol.states import Stage, State

Play = Callable[[Any], Any]


def test_an_order_waits_for_the_operator_and_then_runs(play: Play) -> None:
    """Every stage is reported in order; nothing runs before the approval."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        bench.tell(bench.order(code=""))
        await bench.until_state(State.PENDING_APPROVAL)
        asked = bench.agent.parts.approvals.questions("pending")[0]
        assert "St. Anna" in bench.statuses()[-1].detail
        assert not list(bench.home.keepers.glob("*"))

        await bench.agent.methods["approvals.approve"](id=asked.id, scope="once")

        await bench.until_state(State.FINISHED)
        stages = [status.stage for status in bench.statuses() if status.stage]
        assert stages == [
            Stage.FETCHED, Stage.VERIFIED, Stage.APPROVED, Stage.RUNTIME_READY, Stage.STARTED,
            Stage.ENDED,
        ]  # fmt: skip
        numbers = [status.sequence for status in bench.statuses()]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    play(scenario)


def test_a_refusal_ends_the_job_with_its_reason(play: Play) -> None:
    """The owner reads who refused and why; nothing ran."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        bench.tell(bench.order())
        await bench.until_state(State.PENDING_APPROVAL)
        asked = bench.agent.parts.approvals.questions("pending")[0]
        await bench.agent.methods["approvals.refuse"](id=asked.id, reason="no ethics vote")

        await bench.until_state(State.FAILED)
        assert "no ethics vote" in bench.statuses()[-1].detail
        assert not list(bench.home.keepers.glob("*"))

    play(scenario)


def flipped(text: str) -> str:
    """Return base64 with its first letter changed."""
    return ("B" if text[0] == "A" else "A") + text[1:]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda o: {"signature": flipped(o.signature)}, "signature"),
        (lambda o: {"owner_key": flipped(o.owner_key)}, "signature"),
        (lambda o: {"plan": o.plan.model_copy(update={"quorum": 2})}, "signature"),
        (lambda o: {"plan": o.plan.model_copy(update={"parameters": {"code": "x"}})}, "signature"),
    ],
)
def test_S1_a_changed_order_is_refused_and_shown(
    play: Play, change: Callable[[StartOrder], dict[str, Any]], words: str
) -> None:
    """One changed value in plan, key or signature: nothing starts, the hub hears why."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        bench.allow()
        order = bench.order()
        bench.tell(order.model_copy(update=change(order)))

        assert bench.state() == State.FAILED
        assert words in bench.statuses()[-1].detail
        assert not bench.agent.dispatcher.paths

    play(scenario)


def test_S4_expired_and_future_orders_are_refused(play: Play) -> None:
    """A plan has its time."""

    async def scenario(bench: AgentBench) -> None:
        bench.tell(bench.order(1, expires_at=1.0))
        bench.tell(bench.order(2, issued_at=9e9, expires_at=9e9 + 1))

        assert "expired" in bench.statuses()[0].detail
        assert "clocks" in bench.statuses()[1].detail
        assert not bench.agent.dispatcher.paths

    play(scenario)


def test_S4_a_repeated_order_starts_nothing_twice(play: Play) -> None:
    """The same order again, with the same or another number, is the same job."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        order = bench.order()
        for again in (order, order, order.model_copy(update={"inbox_seq": 77})):
            bench.tell(again)

        assert len(bench.agent.dispatcher.paths) == 1
        assert bench.agent.parts.mailbox.has_seen(77)

    play(scenario)


def test_S4_an_order_of_an_older_epoch_is_refused(play: Play) -> None:
    """A late message cannot revive an earlier start."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        bench.tell(bench.order(epoch=3))
        bench.tell(bench.order(epoch=2))

        old = bench.agent.parts.book.of_run(1, 2)
        assert old is not None
        assert old.state == State.FAILED
        assert "newer" in old.detail

    play(scenario)


def test_S11_an_order_for_another_device_is_refused(play: Play) -> None:
    """No job and no status: it is not our run."""

    async def scenario(bench: AgentBench) -> None:
        order = bench.order()
        bench.tell(order.model_copy(update={"edge_id": 1}))

        assert bench.state() is None
        assert bench.agent.parts.mailbox.has_seen(order.inbox_seq)
        assert bench.agent.dispatcher.refused["order"] == 1

    play(scenario)


def test_S1_a_package_of_another_content_is_refused(play: Play) -> None:
    """The file has the right hash, but the owner signed for another content."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        other = bench.ref().model_copy(update={"content_digest": "0" * 64})
        bench.tell(bench.order(packages=[other]))

        await bench.until_state(State.FAILED)
        assert "signed for" in bench.statuses()[-1].detail

    play(scenario)


def test_R4_stop_while_the_operator_is_asked(play: Play) -> None:
    """The question is withdrawn, and the job is over."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        bench.tell(bench.order())
        await bench.until_state(State.PENDING_APPROVAL)
        bench.tell(bench.stop_order(reason="changed my mind"))

        await bench.until_state(State.KILLED)
        assert bench.agent.parts.approvals.questions()[0].state == "withdrawn"
        assert bench.statuses()[-1].detail == "changed my mind"

    play(scenario)


def test_R4_stop_before_the_order_arrives(play: Play) -> None:
    """The order that comes late starts nothing."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        bench.allow()
        order = bench.order()
        bench.tell(bench.stop_order())
        bench.tell(order)

        assert bench.state() == State.KILLED
        assert not bench.agent.dispatcher.paths

    play(scenario)


def test_R4_stop_while_fetching(play: Play) -> None:
    """The hub is away, so the fetch waits; the stop ends it, and the wait was explained."""

    async def scenario(bench: AgentBench) -> None:
        bench.tell(bench.order())
        await bench.until(
            lambda: any("reached" in status.detail for status in bench.statuses()), "the reason"
        )
        bench.tell(bench.stop_order())

        await bench.until_state(State.KILLED)

    play(scenario)


def test_a_damaged_package_is_fetched_again(play: Play) -> None:
    """What lies in the cache is checked before it is used, and does not stay in the way."""

    async def scenario(bench: AgentBench) -> None:
        ref = bench.place_package()
        bench.allow()
        kept = bench.home.packages / f"{ref.zip_sha256}.zip"
        kept.write_bytes(kept.read_bytes()[:-8] + bytes(8))
        bench.tell(bench.order())
        await bench.until(
            lambda: any("reached" in status.detail for status in bench.statuses()), "the fetch"
        )
        assert not kept.exists()
        bench.place_package()  # as if the hub were back

        await bench.until_state(State.FINISHED)

    play(scenario)


def test_R4_stop_while_a_runtime_is_made(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip waits for an index that says nothing: the stop ends it and its environment is gone."""
    base = tmp_path / "base.txt"
    base.write_text("sdnever==1.0\n")
    cache = tmp_path / "cache"

    def words(child: psutil.Process) -> list[str]:
        try:
            return child.cmdline()
        except psutil.Error:  # it ended meanwhile
            return []

    def pips() -> list[list[str]]:
        lines = map(words, psutil.Process().children(recursive=True))
        return [line for line in lines if str(cache) in " ".join(line)]

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        bench.allow()
        bench.tell(bench.order())
        await bench.until(lambda: any("install" in line for line in pips()), "pip")
        bench.tell(bench.stop_order(reason="Stopped by Elif."))

        await bench.until_state(State.KILLED)
        await bench.until(lambda: not pips(), "the end of pip")
        await bench.until(lambda: not list(cache.glob("runtimes/base-*/bin")), "a clean cache")
        assert bench.statuses()[-1].detail == "Stopped by Elif."

    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("SILODESK_CACHE", str(cache))
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        monkeypatch.setattr(runtime, "ensure", partial(make_runtime, base=base))
        play(scenario)


def test_R4_stop_while_running_leaves_no_process(play: Play) -> None:
    """The keeper ends the tree; the state says KILLED and by whom."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        bench.allow()
        bench.tell(bench.order(code="while True: time.sleep(0.05)"))
        await bench.until_state(State.TRAINING)
        (path,) = bench.agent.dispatcher.paths.values()
        handle = path._handle
        assert handle is not None
        bench.tell(bench.stop_order(reason="Stopped by Elif."))

        await bench.until_state(State.KILLED)
        assert not handle.is_kept
        assert bench.statuses()[-1].detail == "Stopped by Elif."

    play(scenario)


def test_a_finished_runs_stop_is_no_killing(play: Play) -> None:
    """The hub stops the clients once the server is done: for them it is the end, too."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        bench.allow()
        bench.tell(bench.order(code="while True: time.sleep(0.05)"))
        await bench.until_state(State.TRAINING)
        bench.tell(bench.stop_order(reason="The run has finished."))

        await bench.until_state(State.FINISHED)

    play(scenario)


def test_a_job_that_raises_is_an_exception_in_words(play: Play) -> None:
    """The owner reads what the code raised."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        bench.allow()
        bench.tell(bench.order(code="raise ValueError('no such column')"))

        await bench.until_state(State.EXCEPTION)
        assert "no such column" in bench.statuses()[-1].detail
        assert "no such column" in bench.spooled("logs")[-1]["text"]

    play(scenario)


def test_S10_junk_on_the_wire_is_counted_and_dropped(play: Play) -> None:
    """Nothing of it crashes the dispatcher."""

    async def scenario(bench: AgentBench) -> None:
        for payload in (b"", b"SDE1", b"SDE1\xff\xff\xff\xff", b"SDE1\0\0\0\2{}", b"x" * 100_000):
            bench.agent.dispatcher.on_payload("inbox", payload)

        assert bench.agent.dispatcher.refused["shape"] == 5

    play(scenario)


def test_a_missing_data_folder_is_told(play: Play) -> None:
    """The job fails before it starts, and says which folder."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        bench.allow()
        bench.change(data_dir="/nonexistent/data")
        bench.tell(bench.order())

        await bench.until_state(State.FAILED)
        assert "/nonexistent/data" in bench.statuses()[-1].detail

    play(scenario)
