"""House rules, pauses and traffic of the fake agent: the real engine over invented readings."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent_core.agent.house_rules import Readings, RuleEngine
from agent_core.agent.house_rules_file import RulesFile
from agent_core.protocol.records_rules import RulesReport
from agent_core.settings import Settings

AT = dt.datetime(2026, 11, 25, 21, 5).astimezone()


class FakeRules:
    """Keep rules in the home, judge invented readings, hold and release jobs."""

    def __init__(self, path: Path, jobs: list[dict[str, Any]]) -> None:
        self.file = RulesFile(path)
        self.jobs = jobs
        self.all_paused = ""
        self.readings = Readings(
            at=AT, on_battery=False, battery_percent=97.0, temperatures={"CPU": 58.0, "GPU": 66.0},
            others_cpu=12.0, cores=12,
        )  # fmt: skip

    def states(self) -> list[dict[str, Any]]:
        """Return what the rules say of the invented readings."""
        looked = RuleEngine().look(self.file.rules, self.readings)
        return [state.model_dump(mode="json") for state in looked]

    def report(self, settings: Settings) -> dict[str, Any]:
        """Return the RulesReport."""
        quiet = (settings.quiet_from, settings.quiet_to)
        looked = RuleEngine().look(self.file.rules, replace(self.readings, quiet=quiet))
        made = RulesReport(
            rules=self.file.rules, states=looked, all_paused=self.all_paused,
            budget=settings.daily_egress_budget, job_memory=settings.job_memory, cores=12,
            quiet_from=quiet[0], quiet_to=quiet[1],
        )  # fmt: skip
        return made.model_dump(mode="json")

    def hold(self, job_id: str, cause: str, reason: str, until: float | None = None) -> Any:
        """Hold a job that is alive and return it."""
        job = next(job for job in self.jobs if job["job_id"] == job_id)
        job["hold"] = {"cause": cause, "reason": reason, "since": time.time(), "until": until}
        job["state"], job["detail"] = "PAUSED", reason
        return job

    def release(self, job_id: str) -> Any:
        """Let a job go on and return it."""
        job = next(job for job in self.jobs if job["job_id"] == job_id)
        job.update(hold=None, state="TRAINING", detail="")
        return job

    def turn_all(self, reason: str) -> list[Any]:
        """Pause all jobs with a reason, or resume them without one."""
        self.all_paused = reason
        live = [job["job_id"] for job in self.jobs if not job["ended_at"]]
        return [self.hold(i, "operator", reason) if reason else self.release(i) for i in live]


def history(hours: int) -> dict[str, Any]:
    """Return invented bytes by the hour."""
    hour = int(time.time()) // 3600 * 3600
    points = [
        {"at": float(hour - 3600 * (hours - 1 - i)), "up": (i * 7919) % 97_000, "down": i * 1000}
        for i in range(hours)
    ]
    return {"points": points, "day_began": float(hour - 3600 * 14)}
