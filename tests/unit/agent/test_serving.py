"""Prediction servers share one address over a restart, and a stopped start leaves no process."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers import job_bench
from helpers.agent_bench import AgentBench

from agent_core.agent import model_job
from agent_core.agent.model_job import ModelJob
from agent_core.agent.model_source import Found
from agent_core.agent.serving import ServingDesk
from agent_core.agent.serving_http import PredictionAddress
from agent_core.errors import NotFoundError, StorageError
from agent_core.jobs import workspace
from agent_core.jobs.handle import JobHandle
from agent_core.jobs.spec import JobSpec, Limits
from agent_core.packages.model_declaration import ModelDeclaration
from agent_core.packages.verify import verify
from agent_core.protocol.records import ModelRecord, PackageInfo, Run
from agent_core.protocol.records_models import Serving

Play = Callable[[Any], Any]
STAYS = "while True: hear()"
ENDS = "end(0, ok=True, reason='finished')"


class NoModels:
    """An address that serves nothing."""

    def count(self) -> int:
        return 0

    def is_token(self, serving_id: str, token: str) -> bool:
        return False

    def describe(self, serving_id: str) -> dict[str, Any]:
        raise NotFoundError("none")

    async def predict(self, serving_id: str, content: str, body: bytes) -> dict[str, Any]:
        raise NotFoundError("none")


def healthy(port: int) -> dict[str, Any]:
    """Return what the address says of itself."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as answer:
        return dict(json.load(answer))


async def serve(bench: AgentBench, name: str) -> int:
    """Start a process as a server that was found in the book; return its id."""
    parts = bench.agent.parts
    space = workspace.prepare(bench.home, f"serve-{name}", needed=1)
    spec = JobSpec(
        f"serve-{name}", Path(sys.executable), space.job_dir, space.package_dir, None, Limits()
    )
    handle = await parts.supervisor.launch(spec)
    await handle.go(job_bench.order(STAYS))
    record = Serving(
        id=name, run_id=1, round=1, title=name, state="serving", started_at=time.time(),
        declaration={"task": "", "labels": [], "input": {}},
    )  # fmt: skip
    bench.agent.servings._book.add(record)
    await handle.close()
    return handle.pid


async def found_again(bench: AgentBench) -> ServingDesk:
    """Go on with the two servers; return their desk once both are followed."""
    desk = bench.agent.servings
    desk.claim(await bench.agent.parts.supervisor.attach_all())

    def is_followed() -> bool:
        lives = desk._live.values()
        return [bool(one.process and one.process.handle._stream) for one in lives] == [True] * 2

    await bench.until(is_followed, "both servers")
    return desk


def test_everyone_who_asks_for_the_address_at_once_gets_the_same() -> None:
    """It answers when it is told, and after it was closed and opened again."""

    async def scenario() -> None:
        address = PredictionAddress(NoModels())
        ports = await asyncio.gather(*(address.start(0) for _ in range(4)))
        assert len(set(ports)) == 1
        assert (await asyncio.to_thread(healthy, ports[0]))["status"] == "ok"
        again, _, opened = await asyncio.gather(
            address.start(ports[0]), address.stop(), address.start(ports[0])
        )
        assert again == opened == ports[0]
        assert (await asyncio.to_thread(healthy, opened))["status"] == "ok"
        other = PredictionAddress(NoModels())
        assert await other.start(opened) != opened  # it is taken; another one is told
        await asyncio.gather(address.stop(), other.stop())

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_two_servers_are_found_again_on_one_port(play: Play) -> None:
    """After each restart both are served where they were."""

    async def scenario(bench: AgentBench) -> None:
        pids = [await serve(bench, name) for name in ("a", "b")]
        ports = []
        for _ in range(3):
            desk = await found_again(bench)
            urls = {one.url.split("/v1/")[0] for one in desk.servings()}
            assert len(urls) == 1
            ports.append(int(urls.pop().rpartition(":")[2]))
            assert (await asyncio.to_thread(healthy, ports[-1]))["models"] == 2
            assert [psutil.pid_exists(pid) for pid in pids] == [True, True]
            await bench.stop()
            await bench.start()
        assert len(set(ports)) == 1
        desk = await found_again(bench)
        await desk.stop_all("The test is over.")
        assert {one.state for one in desk.servings()} == {"ended"}

    play(scenario)


def a_job(bench: AgentBench, name: str, weights: Path) -> ModelJob:
    """Return a model's job of the bench's package."""
    found = Found(
        ModelRecord.model_construct(sha256="a" * 64, size=3, round=1),
        Run.model_construct(id=1, epoch=1, parameters={}, group_id=1),
        PackageInfo.model_construct(content_digest=bench.package.content_digest),
        ModelDeclaration.model_construct(parameters=[]),
    )
    return ModelJob(name, "serve", found, verify(bench.package.package_path), weights, {})


def left_over(bench: AgentBench, name: str) -> list[str]:
    """Return what is left of a job: its keeper's folder, and processes that name it."""
    folder = bench.home.keepers / name
    found = [str(folder)] if folder.exists() else []
    found += [
        str(process.pid)
        for process in psutil.process_iter(["cmdline"])
        if str(folder) in " ".join(process.info["cmdline"] or [])
    ]
    return found


def test_a_start_that_is_cancelled_leaves_no_process(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it was: before its keeper is there, and after."""
    weights = tmp_path / "w"
    weights.write_bytes(b"abc")
    go = JobHandle.go

    async def go_and_hold(handle: JobHandle, order: Any) -> None:
        await go(handle, order)
        await asyncio.Event().wait()  # no start ends before it is cancelled

    monkeypatch.setattr(JobHandle, "go", go_and_hold)

    async def scenario(bench: AgentBench) -> None:
        for number, file in enumerate(("launch.json", "keeper.json")):
            name = f"serve-x{number}"
            job = a_job(bench, name, weights)
            task = asyncio.ensure_future(model_job.start(bench.agent.parts, job, lambda *_: None))
            place = bench.home.keepers / name / file
            await bench.until(lambda place=place: place.exists(), f"{file} of {name}")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert left_over(bench, name) == []

    play(scenario)


def test_a_start_that_fails_leaves_no_process(play: Play, tmp_path: Path) -> None:
    """The model's file is gone when it is to be handed over."""

    async def scenario(bench: AgentBench) -> None:
        job = a_job(bench, "serve-y", tmp_path / "gone")
        with pytest.raises(StorageError, match="gone"):
            await model_job.start(bench.agent.parts, job, lambda *_: None)
        assert left_over(bench, "serve-y") == []

    play(scenario)
