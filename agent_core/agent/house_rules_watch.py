"""House rules in force: readings taken, jobs held and let go, the day's budget watched."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from agent_core.agent.house_rules import Readings, RuleEngine, forbidding
from agent_core.agent.house_rules_file import RulesFile
from agent_core.agent.house_rules_probe import Probe, cap_cores, midnight
from agent_core.agent.parts import Parts
from agent_core.protocol.records_rules import HouseRules, RulesReport, RuleState

log = logging.getLogger(__name__)

EVERY_S = 2.0
LOOKED_S = 10.0  # how long after the last look readings are still taken


class RulesWatch:
    """Look at the rules every two seconds while a job lives or somebody looks."""

    def __init__(
        self,
        parts: Parts,
        job_pids: Callable[[], list[int]],
        on_change: Callable[[], None],
        probe: Probe | None = None,
    ) -> None:
        self._parts = parts
        self._job_pids = job_pids
        self._on_change = on_change
        self._probe = probe or Probe()
        self._engine = RuleEngine()
        self._file = RulesFile(parts.home.house_rules)
        self._readings: Readings | None = None
        self._states: list[RuleState] = []
        self._looked_at = 0.0
        self._wanted = asyncio.Event()
        self._looking = asyncio.Lock()
        self._capped = False

    @property
    def rules(self) -> HouseRules:
        """Return the rules as they are set."""
        return self._file.rules

    async def change(self, **fields: object) -> HouseRules:
        """Set rules, and act on them at once."""
        changed = self._file.change(**fields)
        await self.look()
        return changed

    def kick(self) -> None:
        """Say that jobs may be live, or that something in the rules changed."""
        self._wanted.set()

    def states(self) -> list[RuleState]:
        """Return what the rules said last, and have them looked at again soon."""
        self._looked_at = time.monotonic()
        self._wanted.set()
        return self._states

    async def report(self) -> RulesReport:
        """Return the rules and what they say now."""
        self._looked_at = time.monotonic()
        await self.look()
        parts, settings = self._parts, self._parts.settings()
        return RulesReport(
            rules=self.rules,
            states=self._states,
            all_paused=parts.pausing.all_paused,
            budget=settings.daily_egress_budget,
            budget_used_up=self.is_budget_used_up,
            job_memory=settings.job_memory,
            cores=self._readings.cores if self._readings else 0,
            quiet_from=settings.quiet_from,
            quiet_to=settings.quiet_to,
        )

    @property
    def is_budget_used_up(self) -> bool:
        """Return whether nothing of today's egress budget is left."""
        budget = self._parts.settings().daily_egress_budget
        return bool(budget) and self._parts.traffic.today().up >= budget

    async def keep_watching(self) -> None:
        """Watch for as long as the agent lives; without jobs and onlookers, rest."""
        parts = self._parts
        while True:
            await self.look()
            if parts.events.is_heard:
                self._on_change()  # readings move on, and somebody sees them
            await asyncio.sleep(EVERY_S)
            is_seen = parts.events.is_heard or time.monotonic() - self._looked_at < LOOKED_S
            if not is_seen and not parts.book.live():
                self._wanted.clear()
                await self._wanted.wait()

    async def look(self) -> None:
        """Take readings, judge them, and hold jobs or let them go."""
        async with self._looking:
            pids, rules = self._job_pids(), self.rules
            taken = await asyncio.to_thread(self._probe.read, rules, pids)
            settings = self._parts.settings()
            self._readings = replace(taken, quiet=(settings.quiet_from, settings.quiet_to))
            before, self._states = self._states, self._engine.look(rules, self._readings)
            if rules.cores_on or self._capped:
                cores = rules.cores if rules.cores_on else None
                await asyncio.to_thread(cap_cores, pids, cores)
                self._capped = rules.cores_on
        self._apply()
        if _verdicts(before) != _verdicts(self._states):
            self._on_change()

    def _apply(self) -> None:
        pausing = self._parts.pausing
        rule, used_up = forbidding(self._states), self.is_budget_used_up
        with self._parts.journal.transaction():
            for job in self._parts.book.live():
                if pausing.all_paused:
                    pausing.hold(job.job_id, "operator", pausing.all_paused)
                if used_up:
                    until = midnight()[1]
                    reason = "Paused by its daily egress budget, which is used up, until midnight."
                    pausing.hold(job.job_id, "budget", reason, until)
                else:
                    pausing.release(job.job_id, "budget")
                if rule is not None and not pausing.is_exempt(job.job_id):
                    pausing.hold(job.job_id, "rules", hold_sentence(rule), rule.until)
                else:
                    pausing.release(job.job_id, "rules")


def _verdicts(states: list[RuleState]) -> list[tuple[str, bool, bool]]:
    return [(state.key, state.is_on, state.allows) for state in states]


def hold_sentence(rule: RuleState) -> str:
    """Return why a rule pauses jobs, for everyone who waits for this silo."""
    if rule.until is None:
        return f"Paused by its house rules: {rule.reason}."
    until = dt.datetime.fromtimestamp(rule.until).astimezone()
    now = dt.datetime.now().astimezone()
    words = f"{until:%H:%M}" if until - now < dt.timedelta(hours=20) else f"{until:%A %H:%M}"
    return f"Paused by its house rules until {words}: {rule.reason}."
