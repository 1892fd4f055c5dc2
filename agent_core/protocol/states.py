"""The states of runs and devices, with the allowed next states, in one place.

The names are FedML's, plus PENDING_APPROVAL and PAUSED. A change is a compare-and-set in a
database together with the run's epoch, so a late or repeated message cannot revive a run.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The state of a run, of a device, or of a device in a run."""

    OFFLINE = "OFFLINE"
    IDLE = "IDLE"
    UPGRADING = "UPGRADING"
    QUEUED = "QUEUED"
    INITIALIZING = "INITIALIZING"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    TRAINING = "TRAINING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPING = "STOPPING"
    KILLED = "KILLED"
    FAILED = "FAILED"
    FINISHED = "FINISHED"
    EXCEPTION = "EXCEPTION"


TERMINAL = frozenset({State.KILLED, State.FAILED, State.FINISHED, State.EXCEPTION})

_ENDINGS = frozenset({State.STOPPING, State.KILLED, State.FAILED, State.EXCEPTION})

# A run: IDLE means created and not yet started.
RUN_NEXT: dict[State, frozenset[State]] = {
    State.IDLE: frozenset({State.QUEUED}),
    State.QUEUED: _ENDINGS | {State.INITIALIZING, State.PENDING_APPROVAL, State.RUNNING},
    State.INITIALIZING: _ENDINGS | {State.PENDING_APPROVAL, State.RUNNING},
    State.PENDING_APPROVAL: _ENDINGS | {State.INITIALIZING, State.RUNNING},
    State.RUNNING: _ENDINGS | {State.PAUSED, State.FINISHED},
    State.PAUSED: _ENDINGS | {State.RUNNING},
    State.STOPPING: frozenset({State.KILLED, State.FAILED, State.EXCEPTION, State.FINISHED}),
    State.KILLED: frozenset(),
    State.FAILED: frozenset(),
    State.FINISHED: frozenset(),
    State.EXCEPTION: frozenset(),
}

# A device's part in one run (its job). Clients are TRAINING, the server job is RUNNING.
JOB_NEXT: dict[State, frozenset[State]] = {
    State.QUEUED: _ENDINGS | {State.INITIALIZING},
    State.INITIALIZING: _ENDINGS
    | {State.PENDING_APPROVAL, State.TRAINING, State.RUNNING, State.PAUSED},
    State.PENDING_APPROVAL: _ENDINGS | {State.INITIALIZING},
    State.TRAINING: _ENDINGS | {State.PAUSED, State.FINISHED},
    State.RUNNING: _ENDINGS | {State.PAUSED, State.FINISHED},
    State.PAUSED: _ENDINGS | {State.TRAINING, State.RUNNING, State.INITIALIZING},
    State.STOPPING: frozenset({State.KILLED, State.FAILED, State.EXCEPTION, State.FINISHED}),
    State.KILLED: frozenset(),
    State.FAILED: frozenset(),
    State.FINISHED: frozenset(),
    State.EXCEPTION: frozenset(),
}


class Stage(StrEnum):
    """A step on a device's way through a run, as its timeline shows it."""

    SENT = "sent"
    FETCHED = "fetched"
    VERIFIED = "verified"
    APPROVED = "approved"
    RUNTIME_READY = "runtime_ready"
    STARTED = "started"
    ROUND = "round"
    ENDED = "ended"


class Role(StrEnum):
    """What a device does in a run."""

    CLIENT = "client"
    SERVER = "server"


def may_follow(table: dict[State, frozenset[State]], now: State, then: State) -> bool:
    """Return whether `then` is an allowed next state of `now`; no state follows itself."""
    return then in table.get(now, frozenset())


def may_come_from(table: dict[State, frozenset[State]], then: State) -> frozenset[State]:
    """Return the states from which `then` may be entered, for a compare-and-set."""
    return frozenset(now for now, nexts in table.items() if then in nexts)
