"""The agent's own methods about this machine: status, settings, approvals, jobs, hosting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from agent_core.agent.dispatcher import Dispatcher
from agent_core.agent.parts import Parts
from agent_core.agent.status import StatusBoard, as_json
from agent_core.errors import NotFoundError, PackageError
from agent_core.packages.archive import open_archive
from agent_core.protocol.records import Approval
from agent_core.settings import Settings

SHOWN_BYTES = 1024 * 1024


class LocalMethods:
    """What happens on this machine only."""

    def __init__(
        self,
        parts: Parts,
        board: StatusBoard,
        dispatcher: Dispatcher,
        change_settings: Callable[..., Settings],
        shut_down: Callable[[], None],
        operator: Callable[[], str],
        stop_servings: Callable[[str], Awaitable[None]],
    ) -> None:
        self._parts = parts
        self._board = board
        self._dispatcher = dispatcher
        self._change_settings = change_settings
        self._shut_down = shut_down
        self._operator = operator
        self._stop_servings = stop_servings

    def methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by name."""
        return {
            "agent.status": self.status,
            "agent.shutdown": self.shutdown,
            "settings.get": self.settings_get,
            "settings.set": self.settings_set,
            "approvals.list": self.approvals_list,
            "approvals.get": self.approvals_get,
            "approvals.file": self.approvals_file,
            "approvals.approve": self.approve,
            "approvals.refuse": self.refuse,
            "approvals.standing": self.standing,
            "approvals.allow": self.allow,
            "approvals.disallow": self.disallow,
            "jobs.list": self.jobs_list,
            "jobs.stop": self.jobs_stop,
            "jobs.stop_all": self.jobs_stop_all,
        }

    async def status(self) -> dict[str, Any]:
        """Return the AgentStatus."""
        return as_json(self._board.status())

    async def shutdown(self) -> dict[str, Any]:
        """End the agent; jobs go on behind their keepers."""
        asyncio.get_running_loop().call_later(0.05, self._shut_down)
        return {}

    async def settings_get(self) -> dict[str, Any]:
        """Return the settings."""
        return as_json(self._parts.settings())

    async def settings_set(self, **fields: Any) -> dict[str, Any]:
        """Change settings."""
        changed = self._change_settings(**fields)
        self._parts.events.emit("settings", **as_json(changed))
        if "prewarm" in fields and not changed.prewarm:
            await self._parts.warm.drop()
        elif changed.prewarm and not self._dispatcher.paths:
            self._warming = asyncio.ensure_future(self._parts.warm.make())
        return as_json(changed)

    async def approvals_list(self, state: str | None = None) -> list[dict[str, Any]]:
        """Return questions, newest first."""
        return [as_json(item) for item in self._parts.approvals.questions(state)]

    async def approvals_get(self, id: int) -> dict[str, Any]:  # noqa: A002 - the wire's name
        """Return one question whole."""
        return as_json(self._parts.approvals.get(id))

    async def approvals_file(self, id: int, path: str) -> dict[str, Any]:  # noqa: A002
        """Return a file of the package that a question is about."""
        approval = self._parts.approvals.get(id)
        zip_path = self._parts.home.packages / f"{self._parts.approvals.package_of(id)}.zip"
        is_changed = approval.first_time or path in approval.changed_files
        return await asyncio.to_thread(_read_file, zip_path, path, is_changed)

    async def approve(
        self, id: int, scope: str = "once", expires_at: float | None = None  # noqa: A002
    ) -> dict[str, Any]:  # fmt: skip
        """Allow what a question asks."""
        approval = self._parts.approvals.approve(id, scope, self._operator(), expires_at)
        return self._decided(approval)

    async def refuse(self, id: int, reason: str = "") -> dict[str, Any]:  # noqa: A002
        """Refuse what a question asks."""
        return self._decided(self._parts.approvals.refuse(id, reason, self._operator()))

    async def standing(self) -> list[dict[str, Any]]:
        """Return the standing approvals."""
        return self._parts.approvals.standing()

    async def allow(
        self, content_digest: str, by: str = "", expires_at: float | None = None,
        application: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """Give a standing approval beforehand."""
        by = by or self._operator()
        self._parts.approvals.allow(content_digest, by, expires_at, application)
        return {}

    async def disallow(self, content_digest: str) -> dict[str, Any]:
        """Take a standing approval back."""
        self._parts.approvals.disallow(content_digest)
        return {}

    async def jobs_list(self) -> list[dict[str, Any]]:
        """Return the jobs of this machine."""
        return [as_json(job) for job in self._board.jobs()]

    async def jobs_stop(self, job_id: str, reason: str = "") -> dict[str, Any]:
        """Stop one job of this machine."""
        if self._parts.book.get(job_id) is None:
            raise NotFoundError(
                f"There is no job {job_id[:100]} on this machine.",
                next_step="See `silodesk status`.",
            )
        self._dispatcher.stop_job(job_id, self._why(reason))
        return as_json(self._board.local(job_id))

    async def jobs_stop_all(self, reason: str = "") -> list[dict[str, Any]]:
        """Stop every job and prediction server of this machine."""
        stopped = [job.job_id for job in self._parts.book.live()]
        for job_id in stopped:
            self._dispatcher.stop_job(job_id, self._why(reason))
        await self._stop_servings(self._why(reason))
        return [as_json(self._board.local(job_id)) for job_id in stopped]

    def _why(self, reason: str) -> str:
        return f"Stopped by {self._operator()}" + (f": {reason}" if reason else ".")

    def _decided(self, approval: Approval) -> dict[str, Any]:
        self._dispatcher.decided(approval.run_id, approval.epoch)
        self._parts.events.emit("approval", id=approval.id, state=approval.state)
        self._board.mark()
        return as_json(approval)


def _read_file(zip_path: Any, path: str, is_changed: bool) -> dict[str, Any]:
    with open_archive(zip_path) as archive:
        if not archive.has(path):
            raise PackageError(f"The package has no file {path[:200]}.", code="package.file")
        data = archive.read(path, SHOWN_BYTES)
    is_binary = b"\0" in data
    text = "" if is_binary else data.decode("utf-8", "replace")
    return {"text": text, "is_binary": is_binary, "changed": is_changed}
