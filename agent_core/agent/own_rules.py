"""The agent's own methods about house rules, pauses and what left this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent_core.agent.house_rules_watch import RulesWatch
from agent_core.agent.job import Job
from agent_core.agent.parts import Parts
from agent_core.agent.status import StatusBoard, as_json
from agent_core.errors import ConflictError, NotFoundError, UserInputError

HISTORY_LIMIT = 24 * 31  # hours


class RuleMethods:
    """What the operator decides about when jobs may work here."""

    def __init__(
        self, parts: Parts, board: StatusBoard, watch: RulesWatch, operator: Callable[[], str]
    ) -> None:
        self._parts = parts
        self._board = board
        self._watch = watch
        self._operator = operator

    def methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by name."""
        return {
            "rules.get": self.get,
            "rules.set": self.set,
            "jobs.pause": self.pause,
            "jobs.resume": self.resume,
            "jobs.pause_all": self.pause_all,
            "jobs.resume_all": self.resume_all,
            "traffic.history": self.history,
        }

    async def get(self) -> dict[str, Any]:
        """Return the house rules and what they say now."""
        return as_json(await self._watch.report())

    async def set(self, **fields: Any) -> dict[str, Any]:
        """Change house rules; jobs are paused or let go at once."""
        await self._watch.change(**fields)
        self._board.mark()
        # Whoever shows settings shows rules as well.
        self._parts.events.emit("settings", **as_json(self._parts.settings()))
        return as_json(await self._watch.report())

    async def pause(self, job_id: str, reason: str = "") -> dict[str, Any]:
        """Pause one job at the end of its round."""
        job = self._live(job_id)
        self._parts.pausing.hold(job.job_id, "operator", self._why(reason))
        return as_json(self._board.local(job_id))

    async def resume(self, job_id: str) -> dict[str, Any]:
        """Let one job go on, whatever the house rules say."""
        pausing, job = self._parts.pausing, self._live(job_id)
        with self._parts.journal.transaction():
            pausing.release(job.job_id, "operator")
            if pausing.is_held_by(job.job_id, "rules"):
                pausing.exempt(job.job_id, self._operator())
        if pausing.is_held_by(job.job_id, "budget"):
            raise ConflictError(
                "Today's egress budget is used up; the job goes on at midnight.",
                next_step="Raise the budget to let it go on now.",
                code="conflict.budget",
            )
        hold = pausing.of(job.job_id)
        if hold is not None and hold.cause == "owner":
            raise ConflictError(
                f"The run's owner has paused it. {hold.reason}",
                next_step="Its owner can resume it on the run's page.",
                code="conflict.owner",
            )
        return as_json(self._board.local(job_id))

    async def pause_all(self, reason: str = "") -> list[dict[str, Any]]:
        """Pause every job of this machine, also those that come, until they are resumed."""
        pausing, why = self._parts.pausing, self._why(reason)
        live = self._parts.book.live()
        with self._parts.journal.transaction():
            pausing.all_paused = why
            for job in live:
                pausing.hold(job.job_id, "operator", why)
        self._board.mark()
        return [as_json(self._board.local(job.job_id)) for job in live]

    async def resume_all(self) -> list[dict[str, Any]]:
        """Let every job go on that was paused by hand; house rules still hold."""
        pausing, live = self._parts.pausing, self._parts.book.live()
        with self._parts.journal.transaction():
            pausing.all_paused = ""
            for job in live:
                pausing.release(job.job_id, "operator")
        self._board.mark()
        return [as_json(self._board.local(job.job_id)) for job in live]

    async def history(self, hours: int = 24) -> dict[str, Any]:
        """Return the bytes of the last hours, one point for each."""
        if not 1 <= hours <= HISTORY_LIMIT:
            raise UserInputError(
                f"Between 1 and {HISTORY_LIMIT} hours of traffic can be asked for.",
                next_step="Name fewer hours.",
                code="input.hours",
                field="hours",
            )
        return as_json(self._parts.traffic.history(hours))

    def _live(self, job_id: str) -> Job:
        job = self._parts.book.get(job_id)
        if job is None:
            raise NotFoundError(
                f"There is no job {job_id[:100]} on this machine.",
                next_step="See `silodesk status`.",
            )
        if job.is_over:
            raise ConflictError(
                f"This job has ended as {job.state.value}.",
                next_step="There is nothing to pause or resume.",
                code="conflict.state",
            )
        return job

    def _why(self, reason: str) -> str:
        return f"Paused by {self._operator()}" + (f": {reason[:500]}." if reason else ".")
