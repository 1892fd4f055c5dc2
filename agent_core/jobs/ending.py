"""How a job is ended, its whole tree reaped, and what is recorded of it; standard library only."""
# ruff: noqa: PTH106, PTH123, PTH208
# (pathlib would cost every keeper its memory)

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from typing import Any

from agent_core.jobs.limits import oom_kills
from agent_core.jobs.spawn import Launch

PR_SET_CHILD_SUBREAPER = 36
SWEEP_S = 0.05
SHELL_SIGNAL = 128  # bubblewrap, like a shell, reports a signal as 128 + its number


def become_subreaper() -> None:
    """Inherit orphans of the job, so that a daemon cannot slip away from it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Ending:
    """The job's end: asked for, enforced, proven."""

    def __init__(self, pid: int, launch: Launch) -> None:
        self.pid = pid
        self.due_at = 0.0  # monotonic; the tree is killed from here
        self.cause = ""  # why the keeper ends or ended the job
        self.detail = ""
        self.done: dict[str, Any] = {}
        self._launch = launch
        self._first = 0  # the first process inside the sandbox
        self._status_text = b""
        self._status: int | None = None
        self._is_killed = False
        self._peak_rss = 0
        self._cpu_seconds = 0.0
        self._oom_before = oom_kills()

    @property
    def first(self) -> int:
        """Return the job's first process; 0 while bubblewrap has not said which it is."""
        return self.pid if self._launch.status_fd is None else self._first

    @property
    def is_stopping(self) -> bool:
        """Return whether the job was asked to end."""
        return bool(self.cause)

    def stop(self, cause: str, detail: str, grace_s: float) -> None:
        """Let the job end within the grace time; first cause and earliest time count."""
        if not self.cause:
            self.cause, self.detail = cause, detail
        due = time.monotonic() + grace_s
        self.due_at = min(self.due_at, due) if self.due_at else due

    def enforce(self) -> None:
        """Kill what is due."""
        if self.due_at and time.monotonic() >= self.due_at:
            self._is_killed = self._status is None or self._is_killed
            self.kill()
            self.due_at = time.monotonic() + SWEEP_S

    def kill(self) -> None:
        """Kill the sandbox's first process, the job's session, and every child of ours."""
        if self._status is None:
            for target in (self._first, self.pid):
                if target:
                    send(target)
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        for child in children():
            send(child)

    def read_status(self, descriptor: int) -> None:
        """Learn from bubblewrap which process is the first inside."""
        if self._first or self._launch.status_fd is None:
            return
        try:
            self._status_text += os.read(descriptor, 4096)
        except BlockingIOError:
            return
        line, newline, _ = self._status_text.partition(b"\n")
        if newline:
            self._first = int(json.loads(line).get("child-pid", 0))

    def reap(self) -> bool:
        """Return whether every process of the job is gone and waited for."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return self._status is not None
            if not pid:
                break
            self._cpu_seconds += usage.ru_utime + usage.ru_stime
            self._peak_rss = max(self._peak_rss, usage.ru_maxrss * 1024)
            if pid == self.pid:
                self._status = status
        if self._status is not None and not self.due_at:
            self.due_at = time.monotonic()  # what the worker left behind is swept
        return False

    def clear(self) -> None:
        """Remove the job's control groups; they are empty."""
        for folder in self._launch.cgroups:
            try:
                os.rmdir(folder)
            except OSError:
                pass

    def record(self) -> dict[str, Any]:
        """Return the content of `exit.json`."""
        code = os.waitstatus_to_exitcode(self._status or 0)
        if self._launch.status_fd is not None and code > SHELL_SIGNAL:
            code = SHELL_SIGNAL - code
        is_oom = code == -signal.SIGKILL and not self._is_killed
        return {
            "exit_code": code,
            "cause": self.cause,
            "detail": self.detail[:2000],
            "was_killed": self._is_killed,
            "oom_killed": is_oom and oom_kills() > self._oom_before,
            "done": self.done,
            "ended_at": time.time(),
            "peak_rss": self._peak_rss,
            "cpu_seconds": round(self._cpu_seconds, 3),
        }


def send(pid: int) -> None:
    """Send SIGKILL to a process that may be gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def children() -> list[int]:
    """Return our direct children; all of them belong to the job."""
    own = os.getpid()
    found = []
    for name in os.listdir("/proc") if sys.platform == "linux" else []:
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                content = file.read()
        except OSError:
            continue
        if int(content[content.rindex(b")") + 2 :].split()[1]) == own:
            found.append(int(name))
    return found
