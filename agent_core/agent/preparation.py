"""From a start order to a worker that was told to go: each step reported, each wait explained."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from agent_core.agent.approval_asking import Asking
from agent_core.agent.job import Job
from agent_core.agent.package_check import check, unpack
from agent_core.agent.parts import Parts
from agent_core.agent.warm import limits
from agent_core.errors import RuntimeSetupError, SiloDeskError, UnreachableError
from agent_core.jobs import runtime, workspace
from agent_core.jobs.handle import JobHandle
from agent_core.jobs.runtime import Runtime
from agent_core.jobs.spec import JobSpec
from agent_core.packages.verify import Verification, file_sha256
from agent_core.protocol.messages import PackageRef
from agent_core.protocol.records import Approval
from agent_core.protocol.states import Stage, State
from agent_core.transport.objects import download
from agent_core.transport.rest import fields
from agent_core.transport.retry import delays

log = logging.getLogger(__name__)

Result = TypeVar("Result")
PROGRESS_EVERY_S = 1.0


class TooLateError(SiloDeskError):
    """The plan expired while the job was held."""

    default_code = "job.too_late"


class Preparation:
    """The steps before a job runs; done again from the start, they find what is there."""

    def __init__(self, parts: Parts, job_id: str, may_begin: Callable[[], Awaitable[None]]) -> None:
        self._parts = parts
        self._job_id = job_id
        self._may_begin = may_begin
        self._told_at = 0.0
        self._asking = Asking(parts, self._job)
        self.handle: JobHandle | None = None

    @property
    def decided(self) -> asyncio.Event:
        """Return the event that says: look at the approval again."""
        return self._asking.decided

    async def run(self, handle: JobHandle | None = None) -> JobHandle:
        """Do every step and return the job; raises SiloDeskErrors, RefusedError among them."""
        self.handle = handle
        parts, job = self._parts, self._job()
        plan = job.plan
        edge = plan.edge(job.edge_id)
        ref = plan.package(edge.role)
        parts.book.move(job, State.INITIALIZING, detail="Fetches the package.")
        path = await self._patiently(lambda: self._fetch(ref))
        parts.book.report(self._job_id, Stage.FETCHED, detail="")
        found = await asyncio.to_thread(check, path, ref, edge.role)
        parts.book.report(self._job_id, Stage.VERIFIED)
        while True:
            approval, use = await self._asking.run(found, ref)
            parts.book.move(self._job(), State.INITIALIZING, detail=_allowed(approval))
            parts.book.report(self._job_id, Stage.APPROVED, detail=_allowed(approval))
            await self._begin_in_time(plan.expires_at)
            if await self._asking.holds(use):
                break
        data = Path(parts.datasets.get(use.dataset_id).path) if use else None
        made = await self._runtime(found.manifest.requirements)
        parts.book.report(self._job_id, Stage.RUNTIME_READY, detail="")
        return await self._start(made, found, data)

    async def _runtime(self, requirements: list[str]) -> Runtime:
        """Make the runtime; who cancels this ends the installation, too."""
        is_over = threading.Event()

        def go_on() -> None:
            if is_over.is_set():
                raise RuntimeSetupError("The installation was stopped.", code="runtime.stopped")

        try:
            return await asyncio.to_thread(
                runtime.ensure, requirements, self._progress(), go_on=go_on
            )
        finally:
            is_over.set()

    async def _start(self, made: Runtime, found: Verification, data: Path | None) -> JobHandle:
        parts, job = self._parts, self._job()
        is_new = self.handle is None and not job.keeper_id
        warmed = parts.warm.take(made.python, data) if is_new else None
        if warmed is not None:
            parts.book.note(self._job_id, keeper_id=warmed.handle.job_id)
            self.handle, root = warmed.handle, warmed.package_dir
            ready = await asyncio.to_thread(unpack, found, root, job.plan, job.edge_id)
        else:
            name = job.keeper_id or self._job_id
            folders = await asyncio.to_thread(workspace.prepare, parts.home, name)
            spec = JobSpec(
                job_id=name,
                python=made.python,
                workspace=folders.job_dir,
                package_dir=folders.package_dir,
                data_dir=data,
                limits=limits(parts.settings()),
            )
            # The worker imports its frameworks while its package is being unpacked.
            unpacking = asyncio.create_task(
                asyncio.to_thread(unpack, found, folders.package_dir, job.plan, job.edge_id)
            )
            self.handle = await self._launch(spec)
            ready = await unpacking
        await self.handle.go(ready.order)
        parts.book.note(self._job_id, went=1)
        return self.handle

    async def _launch(self, spec: JobSpec) -> JobHandle:
        launching = asyncio.ensure_future(self._parts.supervisor.launch(spec))
        try:
            return await asyncio.shield(launching)
        except asyncio.CancelledError:
            # The keeper is about to exist; whoever cancels has to be able to end it.
            self.handle = await launching
            raise

    async def _fetch(self, ref: PackageRef) -> Path:
        order = self._job().order
        target = self._parts.home.packages / f"{ref.zip_sha256}.zip"
        if await asyncio.to_thread(_is_whole, target, ref):
            return target
        rest = self._parts.binding.rest()

        def refresh() -> str:
            answer = rest.call("GET", f"/packages/{ref.zip_sha256}/url")
            return str(fields(answer, "url")["url"])

        url = order.package_url if order and order.package_url else await asyncio.to_thread(refresh)
        await asyncio.to_thread(
            download, url, target, ref.zip_sha256, ref.size, refresh_url=refresh
        )
        with self._parts.journal.transaction():
            self._parts.traffic.add("other", down=ref.size)
            self._parts.book.add_bytes(self._job().run_id, down=ref.size)
        return target

    async def _begin_in_time(self, expires_at: float) -> None:
        """Wait while house rules or the operator hold the job, until the plan expires."""
        try:
            async with asyncio.timeout(max(0.0, expires_at - time.time())):
                await self._may_begin()
        except TimeoutError as error:
            raise TooLateError(
                f"The job could not begin before its plan expired. {self._job().detail}",
                next_step="Start the run again, or ask the silo when its rules allow jobs.",
            ) from error

    async def _patiently(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Try again while the hub or store is away, until the plan expires; say what is awaited."""
        for pause in delays(0.2, 15.0):
            try:
                return await work()
            except UnreachableError as error:
                if time.time() > self._job().plan.expires_at:
                    raise
                self._parts.book.report(self._job_id, detail=error.sentence)
                await asyncio.sleep(pause)
        raise AssertionError

    def _progress(self) -> Callable[[str, int, int], None]:
        loop = asyncio.get_running_loop()

        def tell(text: str, done: int, total: int) -> None:
            loop.call_soon_threadsafe(self._tell_progress, text, done, total)

        return tell

    def _tell_progress(self, text: str, done: int, total: int) -> None:
        self._parts.events.emit("progress", task=self._job_id, text=text, done=done, total=total)
        if time.monotonic() - self._told_at > PROGRESS_EVERY_S:
            self._told_at = time.monotonic()
            self._parts.book.report(self._job_id, detail=text[:500])

    def _job(self) -> Job:
        job = self._parts.book.get(self._job_id)
        if job is None:
            raise SiloDeskError(f"The job {self._job_id} is not in the journal.")
        return job


def _is_whole(target: Path, ref: PackageRef) -> bool:
    """Return whether a package was fetched before; one that was damaged since is dropped."""
    if not target.is_file():
        return False
    if file_sha256(target) != (ref.zip_sha256, ref.size):
        target.unlink()
        return False
    target.touch()  # it was used: housekeeping leaves it
    return True


def _allowed(approval: Approval) -> str:
    words = {"standing": "a standing approval", "run": "for this run", "once": "once"}
    return f"Allowed by {approval.decided_by} ({words.get(approval.scope, 'allowed')})."
