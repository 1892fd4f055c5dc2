"""A worker that holds a model: its package unpacked, its weights handed over, in the sandbox."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_core.agent.model_source import Found, arguments_of
from agent_core.agent.parts import Parts
from agent_core.agent.warm import limits
from agent_core.errors import JobError, SiloDeskError, UnreachableError
from agent_core.jobs import runtime, workspace
from agent_core.jobs.handle import JobHandle
from agent_core.jobs.installer import Progress
from agent_core.jobs.spec import JobOrder, JobOutcome, JobSpec
from agent_core.packages.archive import extract
from agent_core.packages.verify import Verification

log = logging.getLogger(__name__)

STOP_GRACE_S = 2.0
MESSAGE, BLOB = "message", "blob"  # as in worker.channel


@dataclass(frozen=True)
class ModelJob:
    """What a model's worker is started with."""

    name: str
    engine: str  # serve | export
    found: Found
    package: Verification
    weights: Path
    note: dict[str, Any]


async def start(parts: Parts, job: ModelJob, progress: Progress) -> JobHandle:
    """Start the worker, or leave nothing; raises RuntimeSetupError, StorageError, JobError."""
    manifest = job.package.manifest
    made = await asyncio.to_thread(runtime.ensure, manifest.requirements, progress)
    arguments = await asyncio.to_thread(arguments_of, job.found, job.package)
    folders = await asyncio.to_thread(workspace.prepare, parts.home, job.name)
    await asyncio.to_thread(
        extract, job.package.path, folders.package_dir,
        content_digest=job.package.content_digest, replace=True,
    )  # fmt: skip
    spec = JobSpec(
        job_id=job.name,
        python=made.python,
        workspace=folders.job_dir,
        package_dir=folders.package_dir,
        limits=limits(parts.settings()),
    )
    launching = asyncio.ensure_future(parts.supervisor.launch(spec))
    try:
        handle = await asyncio.shield(launching)
        await handle.go(_order(parts, job, arguments))
        await _hand_over(handle, job)
    except BaseException as error:
        # Whatever ended it goes on: the process that nobody would know of may not stay.
        outcome = await asyncio.shield(asyncio.ensure_future(_undo(launching)))
        if isinstance(error, UnreachableError) and outcome is not None:
            raise ended(outcome) from error
        raise
    return handle


async def _undo(launching: asyncio.Future[JobHandle]) -> JobOutcome | None:
    """End and forget what was launched, if it was; return how it ended."""
    await asyncio.wait([launching])  # bounded by the supervisor
    if launching.cancelled() or launching.exception() is not None:
        return None
    handle = launching.result()
    try:
        outcome = await handle.stop(STOP_GRACE_S, "It is not wanted any more.")
        await handle.forget()
    except SiloDeskError as error:
        log.warning("%s was not ended cleanly: %s", handle.job_id, error)
        return None
    return outcome


def ended(outcome: JobOutcome) -> JobError:
    """Return the error for a worker that ended by itself."""
    return JobError(outcome.sentence, next_step=outcome.next_step, code="job.model")


def _order(parts: Parts, job: ModelJob, arguments: dict[str, Any]) -> JobOrder:
    found = job.found
    config = {
        "declaration": found.declaration.model_dump(mode="json"),
        "arguments": arguments,
        "sha256": found.model.sha256,
        "note": job.note,
    }
    return JobOrder(
        run_id=found.run.id, epoch=found.run.epoch, role="server", rank=0, edge_id=parts.edge_id,
        edges=[], engine=job.engine, entry="", config=config,
    )  # fmt: skip


async def _hand_over(handle: JobHandle, job: ModelJob) -> None:
    model = job.found.model
    blob = {"sha256": model.sha256, "size": model.size}
    await handle.deliver(f"blob-{model.sha256}", BLOB, blob, blob=job.weights)
    await handle.deliver("model", MESSAGE, {"message_id": "model", "blobs": [blob]})
