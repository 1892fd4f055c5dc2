"""The agent's status as the desktop shows it, and the events that say it changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from agent_core.agent.account import HubAccount
from agent_core.agent.connection import HubLine
from agent_core.agent.dispatcher import Dispatcher
from agent_core.agent.machine import agent_version
from agent_core.agent.parts import Parts
from agent_core.protocol.records import AgentStatus, Hardware, LocalJob, SystemSample
from agent_core.protocol.records_rules import RuleState

EVENT_EVERY_S = 1.0
ENDED_SHOWN_S = 24 * 3600.0


class StatusBoard:
    """Put the status together, and tell listeners at most once a second that it changed."""

    def __init__(
        self,
        parts: Parts,
        account: HubAccount,
        line: HubLine,
        dispatcher: Dispatcher,
        hardware: Hardware,
        sample: Callable[[], SystemSample | None],
        rules: Callable[[], list[RuleState]],
        notice: str,
    ) -> None:
        self._parts = parts
        self._account = account
        self._line = line
        self._dispatcher = dispatcher
        self._hardware = hardware
        self._sample = sample
        self._rules = rules
        self._notice = notice
        self._changed = asyncio.Event()

    def status(self) -> AgentStatus:
        """Return the whole status."""
        parts, line = self._parts, self._line
        binding, today = parts.binding.current, parts.traffic.today()
        return AgentStatus(
            version=agent_version(),
            home=str(parts.home.root),
            state=line.state,
            detail=line.detail or self._notice,
            hub_url=parts.settings().hub_url,
            hub_name=parts.journal.get("hub_name"),
            account=self._account.account,
            device=binding.device if binding else None,
            heartbeat_age_s=line.heartbeat_age_s,
            heartbeat_ms=line.heartbeat_ms,
            approvals_waiting=parts.approvals.count_waiting(),
            jobs=self.jobs(recent_only=True),
            hardware=self._hardware,
            system=self._sample(),
            bytes_up_today=today.up,
            bytes_down_today=today.down,
            bytes_by_kind=today.by_kind,
            rules=self._rules(),
            all_paused=parts.pausing.all_paused,
            subscribed=list(line.subscribed),
            prewarmed=parts.warm.has_imported,
        )

    def jobs(self, *, recent_only: bool = False) -> list[LocalJob]:
        """Return the jobs of this machine, newest first."""
        found = self._parts.book.recent(50 if recent_only else 500)
        since = time.time() - ENDED_SHOWN_S
        return [
            self.local(job.job_id)
            for job in found
            if not recent_only or not job.is_over or (job.ended_at or 0) > since
        ]

    def local(self, job_id: str) -> LocalJob:
        """Return one job as the desktop shows it."""
        job = self._parts.book.get(job_id)
        if job is None:
            raise LookupError(job_id)
        path = self._dispatcher.paths.get(job_id)
        hold = None if job.is_over else self._parts.pausing.of(job_id)
        return job.local(pid=path.pid if path else None, hold=hold)

    def mark(self) -> None:
        """Say that something in the status changed."""
        self._changed.set()

    async def keep_telling(self) -> None:
        """Tell listeners of changes for as long as the agent lives."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._parts.events.is_heard:
                self._parts.events.emit("status", **as_json(self.status()))
            await asyncio.sleep(EVENT_EVERY_S)


def as_json(record: Any) -> dict[str, Any]:
    """Return a record as plain JSON values."""
    return dict(record.model_dump(mode="json"))
