"""What jobs say and hear: committed once, in order, over restarts of the agent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from helpers.agent_bench import AgentBench

from agent_core.agent import inline
from agent_core.errors import StorageError
from agent_core.protocol.messages import INLINE, BlobRef
from agent_core.protocol.states import Stage, State

Play = Callable[[Any], Any]

BLOB = b"tensor bytes"
SHA = hashlib.sha256(BLOB).hexdigest()
SAY_ALL = f"""
say("metrics", {{"records": [
    {{"key": "loss", "value": 0.5, "round": 1, "step": 1, "at": 1.0, "scope": "own"}},
    {{"key": "acc", "value": 0.9, "round": 1, "step": 1, "at": 1.0, "scope": "global"}},
    {{"key": "bad", "value": float("nan"), "round": 1, "step": 1, "at": 1.0, "scope": "own"}},
]}})
say("log", {{"lines": [{{"at": 1.0, "level": "INFO", "text": "password=hunter2 and more"}}]}})
say("blob", {{"sha256": "{SHA}", "size": {len(BLOB)}}}, {BLOB!r})
say("message", {{"message_id": "m1", "reply_to": "q", "to_edge": 1, "round": 1,
                 "blobs": [{{"sha256": "{SHA}", "size": {len(BLOB)}}}]}}, b"inline part")
say("progress", {{"round": 1, "rounds": 3, "phase": "fit", "detail": "", "waiting": [1]}})
say("round", {{"round": 1, "started_at": 1.0, "closed_at": 2.0, "answered": 1, "asked": 1,
               "closed_by": "all", "metrics": {{"acc": 0.9}}}})
"""
ECHO = """
while True:
    frame = hear()
    text = frame.kind + ":" + bytes(frame.body).decode() + ":" + frame.fields.get("message_id", "")
    say("log", {"lines": [{"at": 1.0, "level": "INFO", "text": text}]})
"""


async def run_job(bench: AgentBench, code: str) -> None:
    """Run a job whose content is allowed until it is training."""
    bench.place_package()
    bench.allow()
    bench.tell(bench.order(code=code))
    await bench.until_state(State.TRAINING)


def texts(bench: AgentBench) -> list[str]:
    """Return the texts of the run's log lines."""
    return [line["text"] for line in bench.spooled("logs")]


def test_everything_a_job_says_is_kept_once(play: Play) -> None:
    """Metrics, lines, rounds, messages with their small tensors inside."""

    async def scenario(bench: AgentBench) -> None:
        await run_job(bench, SAY_ALL + "hear()")
        await bench.until(lambda: len(bench.spooled("rounds")) == 1, "the round")

        metrics = [(m["key"], m["edge_id"], m["value"]) for m in bench.spooled("metrics")]
        assert metrics == [("loss", 2, 0.5), ("acc", 0, 0.9)]
        assert any("bad is nan" in text for text in texts(bench))
        assert "hunter2" not in " ".join(texts(bench))
        ((message, body),) = bench.outbox()
        assert (message.message_id, message.reply_to, message.to_edge) == ("m1", "q", 1)
        assert [ref.url for ref in message.blobs] == [INLINE]
        assert inline.split(body, message.blobs) == (b"inline part", [BLOB])
        rounds = [s.round for s in bench.statuses() if s.stage == Stage.ROUND]
        assert rounds
        assert set(rounds) == {1}
        job = bench.agent.parts.book.of_run(1)
        assert job is not None
        assert job.bytes_up == len(body)
        assert (job.round, job.rounds) == (1, 3)

    play(scenario)


def test_a_full_disk_does_not_end_the_sending_of_overdue_messages(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be written now is looked at again when the message is overdue again."""

    async def scenario(bench: AgentBench) -> None:
        parts = bench.agent.parts

        def full(_sequence: int) -> None:
            raise StorageError("The agent's database cannot be written.")

        with monkeypatch.context() as patch:
            patch.setattr(parts.transfers, "reopen", full)
            parts.sender.on_overdue([1, 2])

    play(scenario)


def test_of_quick_rounds_the_hub_hears_the_latest(play: Play) -> None:
    """The job's own book has every one; the hub is told a few times a second."""
    code = """
for number in range(1, 201):
    say("progress", {"round": number, "rounds": 200, "phase": "fit", "detail": ""})
hear()
"""

    async def scenario(bench: AgentBench) -> None:
        await run_job(bench, code)
        told = lambda: [s.round for s in bench.statuses() if s.stage == Stage.ROUND]  # noqa: E731
        await bench.until(lambda: told()[-1:] == [200], "the last round")

        assert told() == sorted(told())
        assert len(told()) < 20

    play(scenario)


def test_a_large_tensor_waits_for_its_upload(play: Play) -> None:
    """Its message may not leave before, and its file is kept."""
    size = 600 * 1024
    code = f"""
import hashlib
data = b"x" * {size}
sha = hashlib.sha256(data).hexdigest()
say("blob", {{"sha256": sha, "size": {size}}}, data)
say("message", {{"message_id": "m1", "to_edge": 1, "round": 1,
                 "blobs": [{{"sha256": sha, "size": {size}}}]}})
hear()
"""

    async def scenario(bench: AgentBench) -> None:
        await run_job(bench, code)
        await bench.until(lambda: bool(bench.agent.parts.transfers.ready()), "the upload")

        (transfer,) = bench.agent.parts.transfers.ready()
        assert (transfer.kind, transfer.size) == ("blob", size)
        assert bench.outbox() == []
        assert bench.agent.parts.shelf.path(1, transfer.sha256).stat().st_size == size

    play(scenario)


def test_frames_that_make_no_sense_are_dropped_and_told(play: Play) -> None:
    """The job is not trusted to be well-formed; the run goes on."""
    code = """
say("metrics", {"records": [{"value": "no number"}]})
say("message", {"to_edge": "nowhere", "message_id": "x"})
say("message", {"message_id": "y", "to_edge": 1, "blobs": [{"sha256": "../../etc", "size": 1}]})
say("round", {"round": "first"})
say("model", {"round": 1})
say("round", {"round": float("inf")})
say("metrics", {"records": ["text"]})
say("progress", {"round": float("inf")})
say("message", {"message_id": "z", "to_edge": 1, "blobs": [{"sha256": "a" * 64, "size": 1}]})
say("strange", {"a": 1})
say("log", {"lines": [{"at": 1.0, "level": "LOUD", "text": "still here"}]})
hear()
"""

    async def scenario(bench: AgentBench) -> None:
        await run_job(bench, code)
        await bench.until(lambda: "still here" in texts(bench), "the line after them")

        assert sum("was dropped" in text for text in texts(bench)) == 9
        assert bench.outbox() == []
        assert bench.state() == State.TRAINING

    play(scenario)


def test_messages_reach_the_job_once_and_are_acknowledged(play: Play) -> None:
    """A repeat of the hub is dropped, whatever its number."""

    async def scenario(bench: AgentBench) -> None:
        await run_job(bench, ECHO)
        ref = BlobRef(sha256=SHA, size=len(BLOB), url=INLINE)
        message = bench.round_message(blobs=[ref])
        body = inline.join(b"hello", [BLOB])
        bench.tell(message, body)
        bench.tell(message, body)
        bench.tell(message.model_copy(update={"inbox_seq": bench.number()}), body)
        bench.tell(bench.peer())
        await bench.until(lambda: "peer::" in texts(bench), "the last frame")

        assert texts(bench) == ["blob:tensor bytes:", "message:hello:m1", "peer::"]
        await bench.until(
            lambda: bench.agent.parts.mailbox.has_seen(message.inbox_seq), "the acknowledgement"
        )

    play(scenario)


def test_messages_for_a_job_that_waits_are_held(play: Play) -> None:
    """They are safe in the journal over a restart, and reach the job when it runs."""

    async def scenario(bench: AgentBench) -> None:
        bench.place_package()
        bench.tell(bench.order(code=ECHO))
        await bench.until_state(State.PENDING_APPROVAL)
        first, second = bench.round_message("m1"), bench.round_message("m2")
        bench.tell(first, b"one")
        bench.tell(second, b"two")
        await bench.until(
            lambda: bench.agent.parts.mailbox.has_seen(second.inbox_seq), "the acknowledgement"
        )
        await bench.stop()

        await bench.start()
        await bench.until_state(State.PENDING_APPROVAL)
        (asked,) = bench.agent.parts.approvals.questions("pending")
        await bench.agent.methods["approvals.approve"](id=asked.id)
        await bench.until(lambda: len(texts(bench)) == 2, "both messages")

        assert texts(bench) == ["message:one:m1", "message:two:m2"]

    play(scenario)


def test_R1_a_restarted_agent_takes_its_job_up_again(play: Play) -> None:
    """What the job said meanwhile is taken up, each frame once; it still hears."""
    code = (
        """
for number in range(200):
    say("log", {"lines": [{"at": 1.0, "level": "INFO", "text": f"line {number}"}]})
    time.sleep(0.002)
"""
        + ECHO
    )

    async def scenario(bench: AgentBench) -> None:
        await run_job(bench, code)
        for _ in range(3):
            await bench.until(lambda: len(texts(bench)) > 3, "lines")
            await bench.stop()
            await bench.start()
            assert bench.strays == []
        bench.tell(bench.round_message(), b"hi")
        await bench.until(lambda: "message:hi:m1" in texts(bench), "the answer")

        assert texts(bench)[:200] == [f"line {number}" for number in range(200)]
        assert [s.stage for s in bench.statuses()].count(Stage.STARTED) == 1

    play(scenario)


def test_R1_a_job_that_ended_while_the_agent_was_away(play: Play) -> None:
    """Its end and its last words are found in the keeper's folder, which then goes."""
    code = """
import pathlib
while not pathlib.Path("go-on").exists(): time.sleep(0.01)
say("log", {"lines": [{"at": 1.0, "level": "INFO", "text": "last words"}]})
"""

    async def scenario(bench: AgentBench) -> None:
        await run_job(bench, code)
        (path,) = bench.agent.dispatcher.paths.values()
        handle = path._handle
        assert handle is not None
        await bench.stop()
        (bench.home.jobs / handle.job_id / "job" / "go-on").touch()
        await bench.until(lambda: not handle.is_kept, "the job's end")

        await bench.start()
        await bench.until_state(State.FINISHED)

        assert texts(bench)[-1] == "last words"
        folder = bench.home.keepers / handle.job_id
        await bench.until(lambda: not folder.exists(), "the folder's removal")

    play(scenario)


def test_R1_a_stop_goes_on_after_a_restart(play: Play) -> None:
    """STOPPING is in the journal: the next agent finishes it."""

    async def scenario(bench: AgentBench) -> None:
        await run_job(bench, "import signal\nwhile True: time.sleep(0.05)")
        parts = bench.agent.parts
        job = parts.book.of_run(1)
        assert job is not None
        parts.book.note(job.job_id, stop_reason="enough")
        parts.book.move(job, State.STOPPING, detail="enough")
        await bench.stop()

        await bench.start()
        await bench.until_state(State.KILLED)

    play(scenario)


def test_a_prepared_worker_becomes_the_next_job(play: Play) -> None:
    """It has waited behind its own keeper; its package folder is filled on the order."""

    async def scenario(bench: AgentBench) -> None:
        bench.change(prewarm=True)
        await bench.agent.parts.warm.make()
        assert bench.agent.parts.warm.is_ready
        (folder,) = bench.home.keepers.iterdir()

        await run_job(bench, SAY_ALL + "hear()")

        job = bench.agent.parts.book.of_run(1)
        assert job is not None
        assert job.keeper_id == folder.name
        await bench.stop()
        await bench.start()
        assert bench.state() == State.TRAINING
        await bench.until(lambda: len(bench.spooled("rounds")) == 1, "the round")
        bench.change(prewarm=False)

    play(scenario)
