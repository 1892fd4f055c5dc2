"""A job of this device, as the journal has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent_core.protocol.messages import RunPlan, StartOrder
from agent_core.protocol.records import LocalJob
from agent_core.protocol.states import TERMINAL, Role, State


def job_id_of(run_id: int, epoch: int, edge_id: int) -> str:
    """Return the name of a device's job in a run."""
    return f"run-{run_id}-{epoch}-{edge_id}"


@dataclass(frozen=True)
class Job:
    """A row of the book."""

    job_id: str
    run_id: int
    epoch: int
    edge_id: int
    state: State
    order: StartOrder | None  # None: a stop came before the order
    keeper_id: str
    went: bool
    frames: int  # the highest committed frame
    detail: str
    round: int
    rounds: int | None
    waiting_until: float | None
    created_at: float
    started_at: float | None
    ended_at: float | None
    stop_reason: str
    bytes_up: int
    bytes_down: int

    @property
    def plan(self) -> RunPlan:
        """Return the signed plan; only jobs that came with an order have one."""
        if self.order is None:
            raise LookupError(f"{self.job_id} has no order")
        return self.order.plan

    @property
    def role(self) -> Role:
        """Return the device's role in the run."""
        return self.plan.edge(self.edge_id).role if self.order else Role.CLIENT

    @property
    def is_over(self) -> bool:
        """Return whether the job ended."""
        return self.state in TERMINAL

    @property
    def live_state(self) -> State:
        """Return the state of this role while its code runs."""
        return State.RUNNING if self.role == Role.SERVER else State.TRAINING

    @property
    def waiting_since(self) -> float | None:
        """Return since when a server job waits for the silos that `detail` names."""
        if self.waiting_until is None or self.state != State.RUNNING or not self.order:
            return None
        return self.waiting_until - self.plan.round_deadline_s

    def local(self, **more: Any) -> LocalJob:
        """Return the job as the desktop shows it."""
        return LocalJob(
            job_id=self.job_id,
            run_id=self.run_id,
            epoch=self.epoch,
            run_name=self.plan.run_name if self.order else "",
            project=self.plan.project if self.order else "",
            role=self.role,
            state=self.state,
            detail=self.detail,
            round=self.round,
            rounds=self.rounds,
            started_at=self.started_at,
            ended_at=self.ended_at,
            waiting_since=self.waiting_since,
            waiting_until=self.waiting_until,
            bytes_up=self.bytes_up,
            bytes_down=self.bytes_down,
            **more,
        )
