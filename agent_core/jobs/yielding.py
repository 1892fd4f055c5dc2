"""Let processes give way to the person's own programs; standard library only.

Nice is inherited. Where Linux shares processors out by session first (sched_autogroup), it counts
within a session only and every new session starts at 0: there the session is lowered as well.
"""
# ruff: noqa: PTH110
# (pathlib would cost every keeper its memory)

from __future__ import annotations

import os
import time

JOB = 10  # the nice level of every job
AGAIN_S = 0.12  # the kernel lets an account lower ten sessions a second
BOUND_S = 10.0


def lower(pid: int, level: int) -> None:
    """Lower a process (0: this one), and all it starts from now on; one that is lower stays."""
    try:
        if os.getpriority(os.PRIO_PROCESS, pid) < level:
            os.setpriority(os.PRIO_PROCESS, pid, level)
    except OSError:
        pass  # it has ended, or the system does not let us: it runs all the same


def lower_session(pid: int, level: int) -> bool:
    """Lower the session of a process likewise; return False where that is to be tried again."""
    try:
        descriptor = os.open(f"/proc/{pid}/autogroup", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        if int(os.read(descriptor, 256).rpartition(b" ")[2]) < level:
            os.write(descriptor, str(level).encode())
    except BlockingIOError:
        return False
    except (OSError, ValueError):
        pass
    finally:
        os.close(descriptor)
    return True


class SessionWatch:
    """Lower a job's session once it is there: bubblewrap makes one of its own for the worker."""

    def __init__(self) -> None:
        now = time.monotonic()
        self.due_at = now if os.path.exists("/proc/self/autogroup") else 0.0
        self._until = now + BOUND_S

    def step(self, pid: int) -> None:
        """Try what is due; `pid` is the job's first process, 0 while it is not known."""
        now = time.monotonic()
        if not self.due_at or now < self.due_at:
            return
        is_done = leads_session(pid) and lower_session(pid, JOB)
        self.due_at = 0.0 if is_done or now > self._until else now + AGAIN_S


def leads_session(pid: int) -> bool:
    """Return whether a process has begun a session of its own."""
    try:
        return bool(pid) and os.getsid(pid) == pid
    except OSError:
        return False
