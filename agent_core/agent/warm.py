"""One idle worker with its frameworks imported, ready to become the next job."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_core.errors import SiloDeskError
from agent_core.jobs import runtime, workspace
from agent_core.jobs.handle import JobHandle
from agent_core.jobs.spec import JobSpec, Limits
from agent_core.jobs.supervisor import Supervisor
from agent_core.paths import Home
from agent_core.settings import Settings

log = logging.getLogger(__name__)

PREFIX = "warm-"
READY = "ready"  # as worker.channel.READY


def data_dir(settings: Settings) -> Path | None:
    """Return the folder that jobs see as /data."""
    return Path(settings.data_dir).expanduser().resolve() if settings.data_dir else None


def limits(settings: Settings) -> Limits:
    """Return what a job may use of this machine."""
    return Limits(memory=settings.job_memory * 1_000_000 or None)


@dataclass(frozen=True)
class Warmed:
    """An idle worker: behind its keeper, with an empty package folder."""

    handle: JobHandle
    python: Path
    package_dir: Path
    data_dir: Path | None
    limits: Limits


class WarmWorker:
    """Keep at most one worker ready while the settings ask for it."""

    def __init__(
        self, home: Home, supervisor: Supervisor, settings: Callable[[], Settings]
    ) -> None:
        self._home = home
        self._supervisor = supervisor
        self._settings = settings
        self._ready: Warmed | None = None
        self._has_imported = False
        self._watch: asyncio.Task[None] | None = None
        self._making = asyncio.Lock()

    @property
    def is_ready(self) -> bool:
        """Return whether a worker waits."""
        return self._ready is not None

    @property
    def has_imported(self) -> bool:
        """Return whether the waiting worker has imported all it can, and rests."""
        return self._ready is not None and self._has_imported

    async def make(self) -> None:
        """Start a worker where the settings want one and none waits."""
        async with self._making:
            settings = self._settings()
            if not settings.prewarm or self._ready is not None:
                return
            try:
                made = await asyncio.to_thread(runtime.ensure, [])
                name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
                folders = await asyncio.to_thread(workspace.prepare, self._home, name)
                spec = JobSpec(
                    job_id=name,
                    python=made.python,
                    workspace=folders.job_dir,
                    package_dir=folders.package_dir,
                    data_dir=data_dir(settings),
                    limits=limits(settings),
                )
                handle = await self._supervisor.launch(spec)
            except SiloDeskError as error:
                log.warning("No worker was prepared: %s", error)
                return
            self._ready = Warmed(
                handle, made.python, folders.package_dir, spec.data_dir, spec.limits
            )
            self._has_imported = False
            self._watch = asyncio.ensure_future(self._until_end(self._ready))

    def take(self, python: Path, data: Path | None) -> Warmed | None:
        """Return the waiting worker if it has this interpreter, this data, the present settings."""
        ready, settings = self._ready, self._settings()
        if ready is None or ready.python != python or ready.data_dir != data:
            return None
        if ready.limits != limits(settings):
            return None
        self._ready = None
        if self._watch is not None:
            self._watch.cancel()
        return ready

    async def drop(self) -> None:
        """End the waiting worker."""
        ready, self._ready = self._ready, None
        if self._watch is not None:
            self._watch.cancel()
        if ready is not None:
            await discard(ready.handle)

    async def _until_end(self, ready: Warmed) -> None:
        # Not acknowledged: the job that takes this worker reads its frames from the first one on.
        async with contextlib.aclosing(ready.handle.frames()) as frames:
            async for frame in frames:
                if frame.kind == READY and frame.fields.get("rests"):
                    self._has_imported = True
                    break
        outcome = await ready.handle.outcome()
        log.warning("The prepared worker ended: %s", outcome)
        if self._ready is ready:
            self._ready = None
        await discard(ready.handle)


async def discard(handle: JobHandle) -> None:
    """End a keeper that no job needs, and forget it."""
    try:
        await handle.stop(grace_s=0.5, reason="It is not needed.")
        await handle.forget()
    except SiloDeskError as error:
        log.warning("%s was not removed: %s", handle.job_id, error)
