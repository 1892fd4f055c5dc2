"""A small worker that does what a test's order says, behind real keepers."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_core.jobs import workspace
from agent_core.jobs.handle import JobHandle
from agent_core.jobs.spec import JobFrame, JobOrder, JobSpec, Limits
from agent_core.jobs.supervisor import ROOT, Supervisor
from agent_core.paths import Home

FAKE_WORKER = """
import os, sys, time, json
from . import channel
out, inp = os.fdopen(os.dup(1), "wb"), os.fdopen(os.dup(0), "rb")
os.dup2(2, 1)
def say(kind, fields=None, body=b""):
    channel.write_frame(out, kind, fields or {}, [body] if body else [])
def end(code, **fields):
    say("done", fields)
    out.flush()
    os._exit(code)
def hear():
    frame = channel.read_frame(inp)
    if frame is None:
        os._exit(73)
    if frame.kind == "stop":
        end(72, ok=False, reason="stopped")
    return frame
say("hello", {"pid": os.getpid(), "python": sys.version})
say("ready", {"import_s": 0.0})
while True:
    frame = hear()
    if frame.kind == "go":
        break
code = frame.fields["order"]["config"].get("code", "")
try:
    exec(code)
    end(0, ok=True, reason="finished")
except Exception as error:
    end(70, ok=False, reason="exception", detail=f"{type(error).__name__}: {error}")
"""


def make_worker(folder: Path) -> Path:
    """Write a worker package that runs the code in its order's configuration."""
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "__main__.py").write_text(FAKE_WORKER)
    shutil.copy(ROOT / "agent_core" / "worker" / "channel.py", folder)
    return folder


def order(code: str = "") -> JobOrder:
    """Return an order whose configuration carries code for the fake worker."""
    return JobOrder(
        run_id=1, epoch=1, role="client", rank=1, edge_id=2, edges=[], engine="script",
        entry="main.py", config={"code": code},
    )  # fmt: skip


class Bench:
    """Launch jobs and end what is left of them."""

    def __init__(self, home: Home, worker: Path) -> None:
        self.home = home
        self.supervisor = Supervisor(home, worker)
        self.handles: list[JobHandle] = []

    async def launch(
        self,
        code: str | None = None,
        job_id: str = "run-1-1-edge-2",
        data: Path | None = None,
        **limits: int,
    ) -> JobHandle:
        """Start a job; with code it gets its `go` at once."""
        space = workspace.prepare(self.home, job_id, needed=1)
        spec = JobSpec(
            job_id, Path(sys.executable), space.job_dir, space.package_dir, data, Limits(**limits)
        )
        handle = await self.supervisor.launch(spec)
        self.handles.append(handle)
        if code is not None:
            await handle.go(order(code))
        return handle

    async def end(self) -> None:
        """Kill what still runs."""
        for handle in self.handles:
            if handle.is_kept:
                await handle.stop(0)
            await handle.close()


def run(home: Home, worker: Path, scenario: Callable[[Bench], Any], bound_s: float = 60) -> Any:
    """Run one asynchronous scenario with a bench, bounded."""

    async def whole() -> Any:
        bench = Bench(home, worker)
        try:
            async with asyncio.timeout(bound_s):
                return await scenario(bench)
        finally:
            await bench.end()

    return asyncio.run(whole())


async def collect(handle: JobHandle, after: int = 0, ack: bool = True) -> list[JobFrame]:
    """Return every frame until the job's end."""
    found = []
    async for frame in handle.frames(after):
        found.append(frame)
        if ack:
            await handle.ack(frame.seq)
    return found
