"""The agent's own methods about this machine: status, settings, jobs, hosting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from agent_core.agent.dispatcher import Dispatcher
from agent_core.agent.parts import Parts
from agent_core.agent.status import StatusBoard, as_json
from agent_core.agent.warm import data_dir
from agent_core.errors import NotFoundError
from agent_core.settings import Settings


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
        if "data_dir" in fields:
            await self._parts.reading.register_default(data_dir(changed))
        if "prewarm" in fields and not changed.prewarm:
            await self._parts.warm.drop()
        elif changed.prewarm and not self._dispatcher.paths:
            self._warming = asyncio.ensure_future(self._parts.warm.make())
        return as_json(changed)

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
