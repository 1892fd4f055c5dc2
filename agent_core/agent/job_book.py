"""The jobs of this device, each change a compare-and-set that also writes its status message."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from agent_core.agent.datasets import shown_to_hub
from agent_core.agent.job import Job, job_id_of
from agent_core.agent.journal import Journal
from agent_core.agent.mailbox import Mailbox
from agent_core.errors import StorageError
from agent_core.protocol.messages import StartOrder, StatusMessage
from agent_core.protocol.states import JOB_NEXT, TERMINAL, Stage, State, may_come_from

log = logging.getLogger(__name__)

PACE_S = 0.5
_TERMINAL = ", ".join(f"'{state}'" for state in sorted(TERMINAL))


class JobBook:
    """Read and change jobs; `on_change` hears of every committed change."""

    def __init__(
        self, journal: Journal, mailbox: Mailbox, on_change: Callable[[str], None]
    ) -> None:
        self._journal = journal
        self._mailbox = mailbox
        self._on_change = on_change
        self._orders: dict[str, StartOrder] = {}  # parsed once; plans can be long
        self._told_at: dict[str, float] = {}  # when a job's round was reported last
        self._waiting: set[str] = set()  # jobs whose round is reported soon

    def get(self, job_id: str) -> Job | None:
        """Return a job."""
        row = self._journal.connection.execute(
            "SELECT * FROM jobs WHERE job_id = ?", (job_id,)
        ).fetchone()
        return self._job(row) if row else None

    def of_run(self, run_id: int, epoch: int | None = None) -> Job | None:
        """Return the job of a run's epoch, or of its latest."""
        row = self._journal.connection.execute(
            "SELECT * FROM jobs WHERE run_id = ? AND (? IS NULL OR epoch = ?) "
            "ORDER BY epoch DESC LIMIT 1",
            (run_id, epoch, epoch),
        ).fetchone()
        return self._job(row) if row else None

    def live(self) -> list[Job]:
        """Return the jobs that have not ended, oldest first."""
        rows = self._journal.connection.execute(
            f"SELECT * FROM jobs WHERE state NOT IN ({_TERMINAL}) ORDER BY created_at"  # noqa: S608
        ).fetchall()
        return [self._job(row) for row in rows]

    def recent(self, limit: int = 100) -> list[Job]:
        """Return jobs, newest first."""
        rows = self._journal.connection.execute(
            "SELECT * FROM jobs WHERE start_order != '' ORDER BY created_at DESC LIMIT ?", (limit,)
        ).fetchall()
        return [self._job(row) for row in rows]

    def add(self, order: StartOrder, *, state: State = State.QUEUED, detail: str = "") -> str:
        """Enter the job of an order (ended at once where it is refused); return its id."""
        plan = order.plan
        job_id = job_id_of(plan.run_id, plan.epoch, order.edge_id)
        now = time.time()
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT INTO jobs (job_id, run_id, epoch, edge_id, state, start_order, detail, "
                "rounds, created_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job_id, plan.run_id, plan.epoch, order.edge_id, state, order.model_dump_json(),
                    detail, plan.rounds, now, now if state in TERMINAL else None,
                ),
            )  # fmt: skip
            if state in TERMINAL:
                self._post_status(job_id, Stage.ENDED)
            self._tell(job_id)
        return job_id

    def add_stopped(self, run_id: int, epoch: int, edge_id: int, reason: str) -> None:
        """Remember a stop that came before its order, so that the order cannot start anything."""
        now = time.time()
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO jobs (job_id, run_id, epoch, edge_id, state, detail, "
                "created_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (job_id_of(run_id, epoch, edge_id), run_id, epoch, edge_id, State.KILLED, reason,
                 now, now),
            )  # fmt: skip
            self._post_status(job_id_of(run_id, epoch, edge_id), Stage.ENDED)
            self._tell(job_id_of(run_id, epoch, edge_id))

    def move(
        self,
        job: Job,
        then: State,
        stage: Stage | None = None,
        detail: str = "",
        waiting_until: float | None = None,
    ) -> bool:
        """Change the state if the present one allows it, and report it; False: too late."""
        froms = may_come_from(JOB_NEXT, then)
        now = time.time()
        with self._journal.transaction() as connection:
            changed = connection.execute(
                "UPDATE jobs SET state = ?, detail = ?, waiting_until = ?, "  # noqa: S608
                "started_at = CASE WHEN ? THEN ? ELSE started_at END, "
                "ended_at = CASE WHEN ? THEN ? ELSE ended_at END "
                f"WHERE job_id = ? AND epoch = ? AND state IN ({', '.join('?' * len(froms))})",
                (then, detail, waiting_until, then == job.live_state and not job.started_at, now,
                 then in TERMINAL, now, job.job_id, job.epoch, *sorted(froms)),
            ).rowcount  # fmt: skip
            if changed:
                self._post_status(job.job_id, stage)
                self._tell(job.job_id)
        return changed == 1

    def report(
        self,
        job_id: str,
        stage: Stage | None = None,
        detail: str | None = None,
        round_number: int | None = None,
        rounds: int | None = None,
        waiting_until: float | None = None,
    ) -> None:
        """Report a stage, a round or what is waited for, in the state as it is.

        Of rounds that follow each other quickly, the hub hears the latest every PACE_S.
        """
        with self._journal.transaction() as connection:
            changed = connection.execute(
                "UPDATE jobs SET detail = coalesce(?, detail), round = max(round, coalesce(?, 0)), "  # noqa: S608
                f"rounds = coalesce(?, rounds), waiting_until = ? WHERE job_id = ? "
                f"AND state NOT IN ({_TERMINAL})",
                (detail, round_number, rounds, waiting_until, job_id),
            ).rowcount
            if changed:
                self._post_in_turn(job_id, stage)
                self._tell(job_id)

    def _post_in_turn(self, job_id: str, stage: Stage | None) -> None:
        if stage not in {None, Stage.ROUND}:
            self._post_status(job_id, stage)
            return
        wait = self._told_at.get(job_id, -PACE_S) + PACE_S - time.monotonic()
        if wait <= 0:
            self._told_at[job_id] = time.monotonic()
            self._post_status(job_id, stage)
        elif job_id not in self._waiting:
            self._waiting.add(job_id)
            asyncio.get_running_loop().call_later(wait, self._post_late, job_id)

    def _post_late(self, job_id: str) -> None:
        self._waiting.discard(job_id)
        try:
            job = self.get(job_id)
            if job is None or job.is_over:
                self._told_at.pop(job_id, None)
                return  # its last report has said everything
            self._told_at[job_id] = time.monotonic()
            with self._journal.transaction():
                self._post_status(job_id, Stage.ROUND if job.round else None)
                self._tell(job_id)
        except StorageError as error:
            log.warning("%s", error)  # the next report says it
        except sqlite3.ProgrammingError:
            pass  # the agent ended meanwhile

    def note(self, job_id: str, **columns: Any) -> None:
        """Set columns that need no report: keeper_id, went, frames, stop_reason."""
        names = ", ".join(f"{name} = ?" for name in columns)
        with self._journal.transaction() as connection:
            connection.execute(
                f"UPDATE jobs SET {names} WHERE job_id = ?",  # noqa: S608 - names are ours
                (*columns.values(), job_id),
            )

    def add_bytes(self, run_id: int, up: int = 0, down: int = 0) -> None:
        """Count what went over the wire for a run's latest epoch."""
        with self._journal.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET bytes_up = bytes_up + ?, bytes_down = bytes_down + ? "
                "WHERE run_id = ? AND epoch = (SELECT max(epoch) FROM jobs WHERE run_id = ?)",
                (up, down, run_id, run_id),
            )

    def _tell(self, job_id: str) -> None:
        self._journal.after_commit(lambda: self._on_change(job_id), ("job", job_id))

    def _post_status(self, job_id: str, stage: Stage | None) -> None:
        job = self.get(job_id)
        if job is None:
            return
        self._mailbox.post(
            "status",
            job.run_id,
            lambda sequence: StatusMessage(
                sequence=sequence,
                edge_id=job.edge_id,
                run_id=job.run_id,
                epoch=job.epoch,
                state=job.state,
                stage=stage,
                round=job.round or None,
                rounds=job.rounds,
                detail=job.detail,
                waiting_until=job.waiting_until,
                bytes_up=job.bytes_up,
                bytes_down=job.bytes_down,
                dataset=shown_to_hub(self._journal, job_id) if stage == Stage.APPROVED else None,
                at=time.time(),
            ),
        )

    def _job(self, row: sqlite3.Row) -> Job:
        values = dict(row)
        text = values.pop("start_order")
        order = self._orders.get(values["job_id"])
        if order is None and text:
            order = StartOrder.model_validate_json(text)
            if len(self._orders) > 50:
                self._orders.clear()
            self._orders[values["job_id"]] = order
        values["state"] = State(values["state"])
        values["went"] = bool(values["went"])
        return Job(order=order, **values)
