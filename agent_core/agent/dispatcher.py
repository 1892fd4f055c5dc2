"""What the hub tells this device: orders checked, committed, acknowledged, and acted upon."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from agent_core.agent.connection import HubLine
from agent_core.agent.job_path import JobPath
from agent_core.agent.order_check import check, has_part
from agent_core.agent.parts import Parts
from agent_core.errors import ProtocolError, SiloDeskError
from agent_core.jobs.handle import JobHandle
from agent_core.protocol.messages import (
    Ack,
    Changed,
    HubHello,
    PauseOrder,
    Peer,
    RoundMessage,
    StartOrder,
    StopOrder,
    from_hub,
)
from agent_core.protocol.states import State

log = logging.getLogger(__name__)


class Dispatcher:
    """Take messages from the line; own the paths of live jobs."""

    def __init__(self, parts: Parts, line: HubLine, on_changed: Callable[[Changed], None]) -> None:
        self._parts = parts
        self._line = line
        self._on_changed = on_changed
        self._in_work: set[int] = set()  # inbox numbers whose delivery goes on
        self._tasks: set[asyncio.Task[None]] = set()
        self.paths: dict[str, JobPath] = {}
        self.refused: Counter[str] = Counter()

    @property
    def running(self) -> list[int]:
        """Return the run ids of live jobs."""
        return sorted({job.run_id for job in self._parts.book.live()})

    def on_payload(self, _topic: str, payload: bytes) -> None:
        """Take one message of the broker."""
        try:
            message, body = from_hub(payload)
        except ProtocolError as error:
            self._refuse("shape", error.sentence)
            return
        self._parts.traffic_in(message, len(payload))
        match message:
            case Ack(stream="active"):
                self._line.heard(message.sequences)
                self._meet(message.hub)
            case Ack(stream="status" | "outbox" as stream):
                self._parts.sender.acknowledged(stream, message.sequences)
            case HubHello():
                self._parts.sender.resend_all()
            case Changed():
                self._on_changed(message)
            case StartOrder():
                self._start(message)
            case StopOrder():
                self._stop(message)
            case PauseOrder():
                self._pause(message)
            case RoundMessage() | Peer():
                self._pass_on(message, body)

    def resume(self, handles: list[JobHandle]) -> list[JobHandle]:
        """Go on with every job that has not ended; return the keepers that no job needs."""
        by_name = {handle.job_id: handle for handle in handles}
        for job in self._parts.book.live():
            handle = by_name.pop(job.keeper_id or job.job_id, None)
            self._begin(job.job_id, handle)
        return list(by_name.values())

    def stop_job(self, job_id: str, reason: str) -> None:
        """Stop a live job of this machine."""
        path = self.paths.get(job_id)
        if path is not None:
            path.stop(reason)

    def decided(self, run_id: int, epoch: int) -> None:
        """Tell a job that its approval was decided."""
        job = self._parts.book.of_run(run_id, epoch)
        path = self.paths.get(job.job_id) if job else None
        if path is not None:
            path.decided()

    async def let_go(self) -> None:
        """Leave every job to its keeper."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*(path.let_go() for path in list(self.paths.values())))

    def _begin(self, job_id: str, handle: JobHandle | None = None) -> None:
        path = self.paths[job_id] = JobPath(self._parts, job_id, handle)
        task = path.start()
        task.add_done_callback(lambda _task: self._ended(job_id))

    def _ended(self, job_id: str) -> None:
        self.paths.pop(job_id, None)
        if not self.paths:
            self._spawn(self._parts.warm.make())

    def _meet(self, instance: str) -> None:
        try:
            self._parts.binding.met(instance)
        except SiloDeskError as error:  # a full disk, for one; the next heartbeat tells it again
            log.warning("Which hub answers could not be kept: %s", error)

    def _start(self, order: StartOrder) -> None:
        parts, plan = self._parts, order.plan
        if parts.mailbox.has_seen(order.inbox_seq) or parts.book.of_run(plan.run_id, plan.epoch):
            self._seen(order.inbox_seq)
            return
        try:
            newest = parts.book.of_run(plan.run_id)
            check(order, parts.edge_id, newest.epoch if newest else 0)
        except ProtocolError as error:
            self._refuse("order", f"run {plan.run_id}: {error.sentence}")
            with parts.journal.transaction():
                parts.mailbox.mark_seen(order.inbox_seq)
                if order.edge_id == parts.edge_id and has_part(order):
                    parts.book.add(
                        order,
                        state=State.FAILED,
                        detail=f"The start order was refused: {error.sentence}",
                    )
            parts.sender.acknowledge_inbox(order.inbox_seq)
            return
        with parts.journal.transaction():
            parts.mailbox.mark_seen(order.inbox_seq)
            job_id = parts.book.add(order)
        parts.sender.acknowledge_inbox(order.inbox_seq)
        self._begin(job_id)

    def _stop(self, order: StopOrder) -> None:
        parts = self._parts
        if parts.mailbox.has_seen(order.inbox_seq):
            parts.sender.acknowledge_inbox(order.inbox_seq)
            return
        job = parts.book.of_run(order.run_id, order.epoch)
        reason = order.reason or (f"Stopped by {order.by}." if order.by else "Stopped by the hub.")
        with parts.journal.transaction():
            parts.mailbox.mark_seen(order.inbox_seq)
            if job is None and order.edge_id == parts.edge_id:
                parts.book.add_stopped(order.run_id, order.epoch, order.edge_id, reason)
        if job is not None:
            self.stop_job(job.job_id, reason)
        parts.sender.acknowledge_inbox(order.inbox_seq)

    def _pause(self, order: PauseOrder) -> None:
        parts = self._parts
        job = parts.book.of_run(order.run_id, order.epoch)
        if job is None and parts.book.of_run(order.run_id) is None:
            return  # its start order is still on its way; the hub sends this again
        with parts.journal.transaction():
            if not parts.mailbox.has_seen(order.inbox_seq) and job is not None and not job.is_over:
                if order.on:
                    reason = f"Paused by {order.by}" + (
                        f": {order.reason}." if order.reason else "."
                    )
                    parts.pausing.hold(job.job_id, "owner", reason, number=order.number)
                else:
                    parts.pausing.release(job.job_id, "owner", number=order.number)
            parts.mailbox.mark_seen(order.inbox_seq)
        parts.sender.acknowledge_inbox(order.inbox_seq)

    def _pass_on(self, message: RoundMessage | Peer, body: bytes) -> None:
        number = message.inbox_seq
        if self._parts.mailbox.has_seen(number):
            self._parts.sender.acknowledge_inbox(number)
            return
        if number in self._in_work:
            return
        job = self._parts.book.of_run(message.run_id, message.epoch)
        if job is None and self._parts.book.of_run(message.run_id) is None:
            return  # its start order is still on its way; the hub sends this again
        path = self.paths.get(job.job_id) if job else None
        if path is None:
            self._seen(number)  # the job has ended, or this is of another epoch
            return
        self._in_work.add(number)
        self._spawn(self._deliver(path, message, body))

    async def _deliver(self, path: JobPath, message: RoundMessage | Peer, body: bytes) -> None:
        try:
            if await path.receive(message, body):
                # Where a crash forgets it, it comes again, and the job's keeper drops it.
                self._parts.mailbox.mark_seen_lazily(message.inbox_seq)
                self._parts.sender.acknowledge_inbox(message.inbox_seq)
        except SiloDeskError as error:
            # Not acknowledged: the hub sends it again, with fresh addresses.
            log.warning("A message for run %s waits: %s", message.run_id, error)
        finally:
            self._in_work.discard(message.inbox_seq)

    def _seen(self, inbox_seq: int) -> None:
        self._parts.mailbox.mark_seen(inbox_seq)
        self._parts.sender.acknowledge_inbox(inbox_seq)

    def _refuse(self, kind: str, text: str) -> None:
        self.refused[kind] += 1
        if self.refused[kind] <= 20 or self.refused[kind] % 1000 == 0:
            log.warning("Refused (%s, %d so far): %s", kind, self.refused[kind], text)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("A task of the dispatcher failed", exc_info=task.exception())
