"""Who holds a job back and why, in the journal: a pause survives the agent's end."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from agent_core.agent.journal import Journal
from agent_core.protocol.records_rules import Cause, JobHold

# Whose word is shown where several hold the same job.
RANK: dict[str, int] = {"operator": 0, "owner": 1, "budget": 2, "rules": 3}
ALL_PAUSED = "all_paused"  # the journal's value with the reason of "pause all"


class Pausing:
    """Holds of jobs; `on_change` hears of every job whose holds changed, after the commit."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.on_change: Callable[[str], None] = lambda _job_id: None
        self.before_begin: Callable[[], Awaitable[None]] = _nothing  # judges the rules afresh

    def hold(
        self,
        job_id: str,
        cause: Cause,
        reason: str,
        until: float | None = None,
        number: int = 0,
    ) -> bool:
        """Withhold a job's next messages; return whether this changed anything.

        Of numbered orders (the owner's) an older one than the last changes nothing.
        """
        return self._set(job_id, cause, is_on=True, reason=reason, until=until, number=number)

    def release(self, job_id: str, cause: Cause, number: int = 0) -> bool:
        """End one cause's hold; return whether this changed anything."""
        return self._set(job_id, cause, is_on=False, reason="", until=None, number=number)

    def of(self, job_id: str) -> JobHold | None:
        """Return what holds a job, the weightiest of several."""
        rows = self._journal.connection.execute(
            "SELECT cause, reason, since, until FROM holds WHERE job_id = ? AND is_on = 1",
            (job_id,),
        ).fetchall()
        found = [JobHold(**dict(row)) for row in rows]
        return min(found, key=lambda hold: RANK[hold.cause], default=None)

    def is_held_by(self, job_id: str, cause: Cause) -> bool:
        """Return whether this cause holds a job."""
        row = self._journal.connection.execute(
            "SELECT 1 FROM holds WHERE job_id = ? AND cause = ? AND is_on = 1", (job_id, cause)
        ).fetchone()
        return row is not None

    def exempt(self, job_id: str, by: str) -> None:
        """Let a job go on whatever the house rules say: the operator wants it so."""
        with self._journal.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO exempt VALUES (?, ?)", (job_id, by))
            self.release(job_id, "rules")

    def is_exempt(self, job_id: str) -> bool:
        """Return whether house rules do not count for a job."""
        row = self._journal.connection.execute(
            "SELECT 1 FROM exempt WHERE job_id = ?", (job_id,)
        ).fetchone()
        return row is not None

    def forget(self, job_id: str) -> None:
        """Forget a job that has ended."""
        with self._journal.transaction() as connection:
            connection.execute("DELETE FROM holds WHERE job_id = ?", (job_id,))
            connection.execute("DELETE FROM exempt WHERE job_id = ?", (job_id,))

    @property
    def all_paused(self) -> str:
        """Return why every job is paused by hand, also those that come, or nothing."""
        return self._journal.get(ALL_PAUSED)

    @all_paused.setter
    def all_paused(self, reason: str) -> None:
        self._journal.put(ALL_PAUSED, reason)

    def _set(
        self, job_id: str, cause: Cause, *, is_on: bool, reason: str, until: float | None,
        number: int,
    ) -> bool:  # fmt: skip
        with self._journal.transaction() as connection:
            row = connection.execute(
                "SELECT is_on, number, reason, until FROM holds WHERE job_id = ? AND cause = ?",
                (job_id, cause),
            ).fetchone()
            if row is None and not is_on and not number:
                return False
            if row is not None and (
                number < row["number"]
                or (bool(row["is_on"]), row["reason"], row["until"]) == (is_on, reason, until)
            ):
                return False
            connection.execute(
                "INSERT INTO holds (job_id, cause, is_on, number, reason, since, until) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job_id, cause) DO UPDATE SET "
                "since = CASE WHEN is_on = excluded.is_on THEN since ELSE excluded.since END, "
                "is_on = excluded.is_on, number = excluded.number, reason = excluded.reason, "
                "until = excluded.until",
                (job_id, cause, is_on, number, reason, time.time(), until),
            )
            self._journal.after_commit(lambda: self.on_change(job_id), ("hold", job_id))
        return True


async def _nothing() -> None:
    """Judge nothing: no rules are watched."""
