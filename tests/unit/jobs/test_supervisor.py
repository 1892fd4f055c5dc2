"""Jobs behind real keepers: launched once, told, heard in order, found again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import psutil
import pytest
from helpers.job_bench import Bench, collect, order, run

from agent_core.errors import ConflictError, JobError, UnreachableError
from agent_core.jobs import workspace
from agent_core.jobs.process import Identity
from agent_core.jobs.spec import JobSpec
from agent_core.jobs.supervisor import Supervisor
from agent_core.paths import Home

ECHO = """
for _ in range(2):
    frame = hear()
    say("message", {"got": frame.fields, "kind_got": frame.kind}, bytes(frame.body))
"""


def keeper_of(home: Home, job_id: str) -> Identity:
    content = json.loads((home.keepers / job_id / "keeper.json").read_text())
    return Identity.read(content, "keeper")


def test_a_job_runs_from_launch_to_forget(home: Home, worker: Path) -> None:
    async def scenario(bench: Bench) -> None:
        handle = await bench.launch("say('metrics', {'records': []}); print('to the log')")
        frames = await collect(handle)
        assert [frame.kind for frame in frames[:3]] == ["hello", "ready", "metrics"]
        assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))
        assert {"done", "log"} <= {frame.kind for frame in frames}
        outcome = await handle.outcome()
        assert outcome.is_ok
        assert outcome.exit_code == 0
        assert outcome.peak_rss > 1_000_000
        assert outcome.ended_at > 0
        await handle.forget()
        assert not (home.keepers / handle.job_id).exists()
        assert not (home.jobs / handle.job_id).exists()

    run(home, worker, scenario)


def test_deliveries_wait_for_go_and_are_not_doubled(home: Home, worker: Path) -> None:
    async def scenario(bench: Bench) -> None:
        handle = await bench.launch()
        await handle.deliver("one", "message", {"n": 1}, b"first")
        await handle.deliver("two", "message", {"n": 2}, b"second")
        await handle.deliver("one", "message", {"n": 1}, b"first")
        await handle.go(order(ECHO))
        await handle.go(order("say('message', {'got': 'a second go'})"))
        said = [frame for frame in await collect(handle) if frame.kind == "message"]
        assert [frame.fields["got"] for frame in said] == [{"n": 1}, {"n": 2}]
        assert [frame.body for frame in said] == [b"first", b"second"]

    run(home, worker, scenario)


def test_a_tensor_goes_in_and_out_as_a_file(home: Home, worker: Path, tmp_path: Path) -> None:
    tensor = tmp_path / "tensor"
    tensor.write_bytes(os.urandom(5_000_000))
    code = """
import hashlib
frame = hear()
digest = hashlib.sha256(frame.body).hexdigest()
say("blob", {"sha256": digest, "size": len(frame.body)}, bytes(frame.body))
"""

    async def scenario(bench: Bench) -> None:
        handle = await bench.launch(code)
        await handle.deliver("t", "blob", {"sha256": "0" * 64, "size": 5_000_000}, blob=tensor)
        kept = None
        async for frame in handle.frames():
            if frame.blob is not None:
                assert frame.blob.read_bytes() == tensor.read_bytes()
                assert frame.fields["size"] == 5_000_000
                assert frame.body == b""
                kept = frame.blob
            if kept is not None and frame.kind == "done":
                assert kept.exists(), "a tensor stays until it is acknowledged"
            await asyncio.sleep(0)
        assert kept is not None
        assert not list((home.keepers / handle.job_id / "in").iterdir())
        assert tensor.exists()

    run(home, worker, scenario)


def test_an_acknowledged_tensor_is_removed(home: Home, worker: Path) -> None:
    async def scenario(bench: Bench) -> None:
        handle = await bench.launch("say('blob', {'sha256': 'a' * 64, 'size': 3}, b'abc'); hear()")
        async for frame in handle.frames():
            await handle.ack(frame.seq)
            if frame.blob is not None:
                async with asyncio.timeout(10):
                    while frame.blob.exists():  # noqa: ASYNC110 - the keeper removes it
                        await asyncio.sleep(0.01)
                break

    run(home, worker, scenario)


def test_launch_is_idempotent_and_attach_finds_the_job(home: Home, worker: Path) -> None:
    async def scenario(bench: Bench) -> None:
        first = await bench.launch("hear()")
        again = await bench.launch()
        assert first.pid == again.pid
        found = await Supervisor(home, worker).attach_all()
        assert [handle.pid for handle in found] == [first.pid]
        assert found[0].is_kept
        outcome = await found[0].stop(5, "The test ends.")
        assert outcome.reason == "stopped"
        assert "The test ends." in outcome.sentence

    run(home, worker, scenario)


def test_the_latest_attached_agent_wins(home: Home, worker: Path) -> None:
    async def scenario(bench: Bench) -> None:
        first = await bench.launch("hear()")
        frames = first.frames()
        assert (await anext(frames)).kind == "hello"
        (second,) = await Supervisor(home, worker).attach_all()
        assert (await anext(second.frames())).kind == "hello"
        with pytest.raises(ConflictError, match="took over"):
            async for _ in frames:
                pass

    run(home, worker, scenario)


def test_a_lost_keeper_takes_the_job_along_and_is_told(home: Home, worker: Path) -> None:
    async def scenario(bench: Bench) -> None:
        handle = await bench.launch("import time; time.sleep(600)")
        tree = psutil.Process(handle.pid).children(recursive=True)
        assert tree
        frames = handle.frames()
        assert [(await anext(frames)).kind for _ in range(2)] == ["hello", "ready"]
        os.kill(keeper_of(home, handle.job_id).pid, signal.SIGKILL)
        assert [frame.kind async for frame in frames] == []
        assert len([frame async for frame in handle.frames()]) == 2, "what was spooled is there"
        outcome = await handle.outcome()
        assert (outcome.reason, outcome.exit_code) == ("lost", None)
        assert "keeper" in outcome.sentence
        _, alive = psutil.wait_procs(tree, timeout=10)
        assert not alive
        with pytest.raises(UnreachableError):
            await handle.deliver("x", "message", {})

    run(home, worker, scenario)


def test_a_keeper_is_small_and_idle(home: Home, worker: Path) -> None:
    async def scenario(bench: Bench) -> None:
        handle = await bench.launch()
        frames = handle.frames()
        assert [(await anext(frames)).kind for _ in range(2)] == ["hello", "ready"]
        keeper = psutil.Process(keeper_of(home, handle.job_id).pid)
        assert keeper.memory_info().rss <= 15 * 1024 * 1024
        assert keeper.ppid() != os.getpid()
        before = keeper.cpu_times()
        await asyncio.sleep(0.3)  # the span over which it must do nothing, no synchronisation
        after = keeper.cpu_times()
        assert after.user + after.system - before.user - before.system < 0.05

    run(home, worker, scenario)


def test_a_runtime_that_cannot_start_is_told(home: Home, worker: Path) -> None:
    async def scenario(bench: Bench) -> None:
        space = workspace.prepare(home, "broken", needed=1)
        spec = JobSpec("broken", Path("/nowhere/python"), space.job_dir, space.package_dir)
        with pytest.raises(Exception, match="cannot be started"):
            await bench.supervisor.launch(spec)
        assert not (home.keepers / "broken").exists()

    run(home, worker, scenario)
    assert not list(Path("/sys/fs/cgroup").glob(f"*/silodesk-{os.getpid()}-broken"))


def test_a_command_that_cannot_be_executed_is_told(
    home: Home, worker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.jobs.bubblewrap.program", lambda: "/nowhere/bwrap")
    monkeypatch.setattr("agent_core.jobs.bubblewrap.options", frozenset)
    monkeypatch.setattr(
        "agent_core.jobs.sandbox.describe",
        lambda: __import__("agent_core.jobs.sandbox", fromlist=["x"]).report("bubblewrap", ()),
    )

    async def scenario(bench: Bench) -> None:
        with pytest.raises(JobError, match="No such file"):
            await bench.launch()
        assert not (home.keepers / "run-1-1-edge-2").exists()

    run(home, worker, scenario)
