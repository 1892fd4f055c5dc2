"""Say for certain whether a process is the one that was meant, and end what it left behind."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from agent_core.jobs.spawn import boot_id, start_ticks

JOB_VARIABLE = "SILODESK_JOB"
WAIT_S = 5.0


@dataclass(frozen=True)
class Identity:
    """A process on this machine, told apart from a later one with the same number."""

    pid: int
    ticks: int | None
    boot: str

    @staticmethod
    def read(content: dict[str, Any], name: str) -> Identity:
        """Return the identity of `keeper` or `job` in a keeper's `keeper.json`."""
        entry = content.get(name) or {}
        return Identity(int(entry.get("pid") or 0), entry.get("ticks"), str(content.get("boot_id")))

    @property
    def is_running(self) -> bool:
        """Return whether this very process still runs; a zombie does not."""
        if self.pid <= 0 or self.ticks is None or self.boot != boot_id():
            return False
        return start_ticks(self.pid) == self.ticks


def is_lock_held(path: Path) -> bool:
    """Return whether a living process holds a keeper's lock."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(
            descriptor,
            fcntl.LOCK_SH | fcntl.LOCK_NB,  # shared: two who look do not see each other
        )
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def sweep(job: Identity, job_id: str) -> int:
    """End what a job without a keeper left behind, daemons too; return how many were ended.

    Inside a sandbox there is nothing: it died with its keeper.
    """
    found = [process for process in psutil.process_iter() if _belongs(process, job, job_id)]
    for process in found:
        try:
            process.kill()
        except psutil.Error:
            pass  # gone meanwhile
    psutil.wait_procs(found, timeout=WAIT_S)
    return len(found)


def _belongs(process: psutil.Process, job: Identity, job_id: str) -> bool:
    if process.pid == job.pid:
        return job.is_running
    try:
        return process.environ().get(JOB_VARIABLE) == job_id
    except (psutil.Error, OSError):
        return False  # another account's, or gone
