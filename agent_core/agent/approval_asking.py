"""From a verified package to an operator's yes, for this code on this data as it is now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agent_core.agent.approval_sources import keep
from agent_core.agent.approvals import Question
from agent_core.agent.job import Job
from agent_core.agent.package_check import file_list
from agent_core.agent.parts import Parts
from agent_core.agent.warm import data_dir
from agent_core.errors import ForbiddenError, SiloDeskError, UserInputError
from agent_core.jobs import sandbox
from agent_core.packages.verify import Verification
from agent_core.protocol.messages import PackageRef
from agent_core.protocol.records import Approval
from agent_core.protocol.records_data import Dataset, DatasetUse
from agent_core.protocol.states import State


class RefusedError(ForbiddenError):
    """The operator refused this job."""


class DataChangedError(Exception):
    """A decision does not hold for the data as it is now; the text says why."""


class Asking:
    """One job's question: asked, waited for, and asked again where its data is another."""

    def __init__(self, parts: Parts, job: Callable[[], Job]) -> None:
        self._parts = parts
        self._job = job
        self.decided = asyncio.Event()

    async def run(self, found: Verification, ref: PackageRef) -> tuple[Approval, DatasetUse | None]:
        """Return the approval and the data that the job is given; raises RefusedError."""
        approval = await self._ask(found, ref)
        while True:
            approval = await self._answer(approval)
            try:
                use = await self._data(approval)
            except DataChangedError as why:
                approval = self._ask_again(approval, str(why))
                continue
            with self._parts.journal.transaction():
                self._parts.approvals.note_data(approval.id, use)
                self._parts.datasets.give(self._job().job_id, use)
            await asyncio.to_thread(keep, self._parts.home, found.path, approval.content_digest)
            return approval, use

    async def holds(self, use: DatasetUse | None) -> bool:
        """Return whether the data is still what was given; a job may be held between."""
        if use is None:
            return True
        try:
            return (await self._parts.reading.current(use.dataset_id)).hash == use.hash
        except SiloDeskError:
            return False

    async def _ask(self, found: Verification, ref: PackageRef) -> Approval:
        parts, job = self._parts, self._job()
        question = Question(
            plan=job.plan,
            role=job.plan.edge(job.edge_id).role,
            package=ref,
            fingerprint=found.fingerprint,
            builder_key=found.builder_key,
            signed=found.signed,
            files=file_list(found),
            sandbox=(await asyncio.to_thread(sandbox.describe)).sentence,
            owner_key=job.order.owner_key if job.order else "",
            requirements=found.manifest.requirements,
            data_wanted=found.manifest.data,
        )
        with parts.journal.transaction():
            approval = parts.approvals.ask(question)
            if approval.state == "pending":
                self._wait(f"Waits until the operator of {self._silo} allows it.")
        if approval.state == "pending":
            parts.events.emit("approval", id=approval.id, state="pending")
        return approval

    async def _answer(self, approval: Approval) -> Approval:
        while approval.state == "pending":
            await self.decided.wait()
            self.decided.clear()
            approval = self._parts.approvals.get(approval.id)
        if approval.state != "approved":
            reason = (approval.reason or "no reason was given").rstrip(".")
            raise RefusedError(f"The operator of {self._silo} refused it: {reason}.")
        return approval

    def _ask_again(self, approval: Approval, why: str) -> Approval:
        parts = self._parts
        with parts.journal.transaction():
            again = parts.approvals.ask_again(approval.id, why)
            self._wait(f"Waits for the operator of {self._silo} again: {why}")
        parts.events.emit("approval", id=again.id, state="pending")
        return again

    def _wait(self, detail: str) -> None:
        self._parts.book.move(self._job(), State.PENDING_APPROVAL, detail=detail)

    async def _data(self, approval: Approval) -> DatasetUse | None:
        """Return what is given; raises DataChangedError where the operator has to look again."""
        parts = self._parts
        if approval.data == "none":
            return None
        locked = approval.dataset if approval.data == "chosen" else None
        try:
            chosen = parts.datasets.get(locked.dataset_id) if locked else await self._default()
            if chosen is None:
                return None
            await parts.reading.current(chosen.id)
            use = parts.datasets.use(parts.datasets.get(chosen.id), approval.group_id)
        except SiloDeskError as error:
            if locked is None and not isinstance(error, ForbiddenError):
                raise  # the folder of the settings cannot be read: an operator's yes is no help
            raise DataChangedError(error.sentence) from error
        if locked is not None and use.hash != locked.hash:
            raise DataChangedError(
                f"the dataset '{use.name}' changed after it was approved: version "
                f"{locked.number} was approved, it is version {use.number} now."
            )
        return use

    async def _default(self) -> Dataset | None:
        """Return the dataset of the setting data_dir; raises UserInputError where it is gone."""
        parts = self._parts
        folder = data_dir(parts.settings())
        if folder is None:
            return None
        if not folder.is_dir():
            raise UserInputError(
                f"The data folder {folder} of this silo does not exist.",
                next_step="Name another one in the settings, then start the run again.",
                code="input.data",
            )
        await parts.reading.register_default(folder)
        return parts.datasets.default()

    @property
    def _silo(self) -> str:
        job = self._job()
        return job.plan.edge(job.edge_id).silo
