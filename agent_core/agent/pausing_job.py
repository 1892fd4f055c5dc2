"""One job's pause: at the end of its round, shown in its state, and gone on from."""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import Any

from agent_core.agent.intake import Intake
from agent_core.agent.job import Job
from agent_core.agent.parts import Parts
from agent_core.errors import SiloDeskError
from agent_core.jobs.handle import JobHandle
from agent_core.jobs.spec import JobFrame
from agent_core.protocol.states import Role, State

log = logging.getLogger(__name__)

PENDING = "Pauses at the end of this round."


class JobPause:
    """A client's next message is withheld; a server job is told, and stops between two rounds."""

    def __init__(self, parts: Parts, job_id: str, intake: Intake) -> None:
        self._parts = parts
        self._job_id = job_id
        self._intake = intake
        self._handle: JobHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._order = asyncio.Lock()
        self._may_begin = asyncio.Event()
        self._told = ""  # what the server job was told last

    async def begin(self) -> None:
        """Wait before a job starts while something holds it, saying what."""
        parts = self._parts
        await parts.pausing.before_begin()
        while (hold := parts.pausing.of(self._job_id)) is not None:
            self._may_begin.clear()
            job = self._job()
            if not parts.book.move(job, State.PAUSED, None, hold.reason, hold.until):
                parts.book.report(self._job_id, detail=hold.reason, waiting_until=hold.until)
            await self._may_begin.wait()
        job = self._job()
        if job.state == State.PAUSED:
            parts.book.move(job, State.INITIALIZING)

    async def open(self, handle: JobHandle) -> None:
        """Connect the job: hand over what was held for it, unless it is to pause."""
        self._handle = handle
        async with self._order:
            await self._apply()

    def changed(self) -> None:
        """Look at the holds again: one came or went."""
        self._may_begin.set()
        if self._handle is not None:
            task = asyncio.ensure_future(self._look())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def heard(self, frame: JobFrame) -> None:
        """Notice from the job's own frames that its round's work is done."""
        if frame.kind == "message":
            self._intake.answered(str(frame.fields.get("reply_to") or ""))
        elif frame.kind == "progress":
            if frame.fields.get("phase") == "waiting":
                self._intake.answered("")
            self._server_said(frame.fields)
        self.settle()

    def settle(self) -> None:
        """Show the pause once the job has nothing left to do."""
        hold, job = self._parts.pausing.of(self._job_id), self._job()
        if hold is None or self._intake.is_working:
            return
        if job.role == Role.SERVER and job.state != State.PAUSED:
            return  # it says itself when it has come to its round's end
        self._show(job, hold.reason, hold.until)

    def close(self) -> None:
        """Let go: the job has ended, or another agent process takes over."""
        for task in list(self._tasks):
            task.cancel()

    async def _look(self) -> None:
        try:
            async with self._order:
                await self._apply()
        except SiloDeskError as error:
            log.warning("%s could not be paused or resumed: %s", self._job_id, error)

    async def _apply(self) -> None:
        handle = self._handle
        if handle is None or self._job().is_over:
            return
        if self._job().role == Role.SERVER:
            await self._tell_server(handle)
            await self._intake.open(handle)
            return
        hold = self._parts.pausing.of(self._job_id)
        if hold is not None:
            self._intake.withhold()
            if self._intake.is_working:
                detail = f"{PENDING} {hold.reason}"
                self._parts.book.report(self._job_id, detail=detail)
            self.settle()
            return
        job = self._job()
        if job.state == State.PAUSED:
            self._parts.book.move(job, job.live_state)
        elif job.detail.startswith(PENDING):
            self._parts.book.report(self._job_id, detail="")
        await self._intake.open(handle)

    async def _tell_server(self, handle: JobHandle) -> None:
        hold, job = self._parts.pausing.of(self._job_id), self._job()
        reason = hold.reason if hold is not None else ""
        if reason == self._told and (reason or job.state != State.PAUSED):
            return
        self._told = reason
        fields = {"on": hold is not None, "reason": reason}
        await handle.deliver(f"pause-{uuid.uuid4().hex}", "pause", fields)
        if hold is not None and job.state == State.PAUSED:
            self._parts.book.report(self._job_id, detail=reason, waiting_until=hold.until)
        elif hold is not None and job.state == job.live_state:
            self._parts.book.report(self._job_id, detail=f"{PENDING} {reason}")

    def _server_said(self, fields: dict[str, Any]) -> None:
        job = self._job()
        if job.role != Role.SERVER or "paused" not in fields:
            return
        hold = self._parts.pausing.of(self._job_id)
        if fields["paused"] and hold is not None:
            self._show(job, hold.reason, hold.until)
        elif not fields["paused"] and job.state == State.PAUSED:
            self._parts.book.move(job, job.live_state)

    def _show(self, job: Job, reason: str, until: float | None) -> None:
        if job.state == job.live_state:
            self._parts.book.move(job, State.PAUSED, None, reason, until)
        elif job.state == State.PAUSED and (job.detail, job.waiting_until) != (reason, until):
            self._parts.book.report(self._job_id, detail=reason, waiting_until=until)

    def _job(self) -> Job:
        job = self._parts.book.get(self._job_id)
        if job is None:
            raise LookupError(self._job_id)
        return job
