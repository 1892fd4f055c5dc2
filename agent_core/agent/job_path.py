"""One job on its way: fetch, verify, approve, runtime, start, follow, end; resumable anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from agent_core.agent.bunches import in_bunches
from agent_core.agent.intake import Intake
from agent_core.agent.job import Job
from agent_core.agent.parts import Parts
from agent_core.agent.pausing_job import JobPause
from agent_core.agent.preparation import Preparation
from agent_core.errors import SiloDeskError, StorageError
from agent_core.jobs.handle import JobHandle
from agent_core.jobs.spec import JobFrame, JobOutcome
from agent_core.protocol.messages import Peer, RoundMessage
from agent_core.protocol.states import Stage, State
from agent_core.transport.retry import delays

log = logging.getLogger(__name__)

STOP_GRACE_S = 5.0
SETTLE_S = 10.0  # how long the end of a job waits until its last words are at the hub
STOP_SETTLE_S = 2.0
FINISHED_REASON = "The run has finished."  # the hub's words when the server job is done
ENDED_REASON = "The run ended: "  # and when it ended otherwise, not by a person

ENDS = {"finished": State.FINISHED, "exception": State.EXCEPTION, "lost": State.EXCEPTION}


class JobPath:
    """Drive one job of the book from where it stands to its end."""

    def __init__(self, parts: Parts, job_id: str, handle: JobHandle | None = None) -> None:
        self._parts = parts
        self.job_id = job_id
        self._handle = handle
        self._stop_asked = asyncio.Event()
        self._intake = Intake(parts, job_id)
        self.pause = JobPause(parts, job_id, self._intake)
        self._preparation = Preparation(parts, job_id, self.pause.begin)
        self._stopping: asyncio.Task[JobOutcome] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def job(self) -> Job:
        """Return the job as the book has it now."""
        job = self._parts.book.get(self.job_id)
        if job is None:
            raise LookupError(self.job_id)
        return job

    @property
    def pid(self) -> int | None:
        """Return the process that the keeper started."""
        return self._handle.pid if self._handle is not None else None

    def start(self) -> asyncio.Task[None]:
        """Begin, or go on."""
        self._task = asyncio.ensure_future(self._live())
        return self._task

    def decided(self) -> None:
        """Look at the approval again: the operator decided."""
        self._preparation.decided.set()

    async def receive(self, message: RoundMessage | Peer, body: bytes) -> bool:
        """Hand a message to the job; return whether it is safe and may be acknowledged."""
        return await self._intake.take(message, body)

    def stop(self, reason: str) -> None:
        """Stop in whatever state the job is; the end comes by itself."""
        job = self.job
        if job.is_over:
            return
        with self._parts.journal.transaction():
            if not job.stop_reason:
                self._parts.book.note(self.job_id, stop_reason=reason)
            self._parts.book.move(job, State.STOPPING, detail=reason)
            self._parts.approvals.withdraw(job.run_id, job.epoch, reason)
        self._stop_asked.set()
        if self._handle is not None and self._stopping is None:
            self._end_job(self._handle, reason)

    async def let_go(self) -> None:
        """Leave the job to its keeper; another agent process will attach to it."""
        self.pause.close()
        for task in (self._task, self._stopping):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._handle is not None:
            await self._handle.close()

    async def _live(self) -> None:
        try:
            await self._go_through()
        except SiloDeskError as error:
            log.warning("%s ended: %s", self.job_id, error)
            await self._end_early(State.FAILED, str(error))
        except Exception as error:  # border of a job's task: logged, and told to the run's owner
            log.exception("%s could not be driven", self.job_id)
            kind = type(error).__name__
            await self._end_early(State.EXCEPTION, f"The agent failed on this job ({kind}).")

    async def _go_through(self) -> None:
        job = self.job
        if job.state == State.STOPPING:
            self._stop_again(job)
        if not job.went:
            if not await self._unless_stopped(self._prepare()):
                await self._end_early(State.KILLED, self.job.stop_reason)
                return
        elif self._handle is None:
            self._finish(State.EXCEPTION, "The job's keeper is gone, and the job with it.")
            return
        if self._handle is not None:
            await self.pause.open(self._handle)
            await self._follow(self._handle)

    def _stop_again(self, job: Job) -> None:
        """Go on with a stop that an earlier agent process began."""
        self._stop_asked.set()
        if self._handle is not None:
            self._end_job(self._handle, job.stop_reason)

    def _end_job(self, handle: JobHandle, reason: str) -> None:
        self._stopping = asyncio.ensure_future(handle.stop(STOP_GRACE_S, reason))
        self._stopping.add_done_callback(self._stop_done)

    def _stop_done(self, task: asyncio.Task[JobOutcome]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("%s does not stop: %s", self.job_id, error)

    async def _prepare(self) -> None:
        self._handle = await self._preparation.run(self._handle)

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do something unless a stop comes first; return whether it was done."""
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._stop_asked.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if self._stop_asked.is_set():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                return False
            await task
        finally:
            stop.cancel()
            task.cancel()
        return True

    async def _follow(self, handle: JobHandle) -> None:
        async with contextlib.aclosing(in_bunches(handle.frames(self.job.frames))) as bunches:
            async for bunch in bunches:
                await self._when_writable(partial(self._take, bunch))
                await handle.ack(bunch[-1].seq)
        outcome = await handle.outcome()
        log.info("%s: %s (%s)", self.job_id, outcome.reason, outcome.sentence)
        self._intake.close()
        await self._parts.uplink.settle(
            self.job, STOP_SETTLE_S if self._stop_asked.is_set() else SETTLE_S
        )
        await self._when_writable(partial(self._end_as, outcome))
        log.info("%s is %s", self.job_id, self.job.state)
        await handle.forget()

    def _take(self, bunch: list[JobFrame]) -> None:
        with self._parts.journal.transaction():
            for frame in bunch:
                job = self.job
                if job.state == State.INITIALIZING and frame.kind not in ("hello", "log", "blob"):
                    self._parts.book.move(job, job.live_state, Stage.STARTED)
                    job = self.job
                self._parts.uplink.take(job, frame)
        for frame in bunch:
            self.pause.heard(frame)
            if frame.kind == "done":
                log.info("%s is done and leaves", self.job_id)

    async def _when_writable(self, write: Callable[[], None]) -> None:
        """Write to the journal; a full disk is waited for, since the job goes on meanwhile."""
        for pause in delays(1.0, 30.0):
            try:
                write()
                return
            except StorageError as error:
                log.warning("%s waits: %s", self.job_id, error)
            await asyncio.sleep(pause)

    def _end_as(self, outcome: JobOutcome) -> None:
        job = self.job
        state = ENDS.get(outcome.reason, State.FAILED)
        detail = str(outcome)
        is_own_end = state == State.EXCEPTION and job.stop_reason.startswith(ENDED_REASON)
        if self._stop_asked.is_set() and state != State.FINISHED and not is_own_end:
            is_done = job.stop_reason == FINISHED_REASON
            state = State.FINISHED if is_done else State.KILLED
            detail = job.stop_reason
        if state == State.FINISHED:
            detail = ""
            if job.state == State.INITIALIZING:
                self._parts.book.move(job, job.live_state, Stage.STARTED)
        self._finish(state, detail)

    async def _end_early(self, state: State, detail: str) -> None:
        """End a job that did not come to its own end."""
        handle = self._handle or self._preparation.handle
        if handle is not None:
            try:
                await handle.stop(STOP_GRACE_S, detail)
                await handle.forget()
            except SiloDeskError as error:
                log.warning("%s was not ended cleanly: %s", handle.job_id, error)
        self._intake.close()
        job = self.job

        def end() -> None:
            self._parts.approvals.withdraw(job.run_id, job.epoch, detail)
            self._finish(state, detail)

        await self._when_writable(end)

    def _finish(self, state: State, detail: str) -> None:
        parts, job = self._parts, self.job
        if job.is_over:
            return
        with parts.journal.transaction():
            if detail and state not in (State.FINISHED, State.KILLED):
                parts.uplink.say(job, "ERROR", detail)
            parts.book.move(job, state, Stage.ENDED, detail=detail)
            parts.pausing.forget(job.job_id)
        parts.uplink.clean(job.run_id)
