"""Start one process with its pipes and limits, and say who it is; standard library only."""
# ruff: noqa: PTH123
# (pathlib would cost every keeper its memory)

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
from dataclasses import dataclass, field
from typing import Any

from agent_core.jobs.spool import open_regular

PIPE_BYTES = 1024 * 1024
F_SETPIPE_SZ = 1031  # Linux: larger pipes mean fewer wake-ups for tensors
ABOVE_ALL_TARGETS = 64


@dataclass
class Launch:
    """What the keeper starts: the supervisor's `launch.json`."""

    argv: list[str]
    env: dict[str, str]
    cwd: str = "/"
    files: dict[str, str] = field(default_factory=dict)  # descriptor -> file in the keeper's folder
    status_fd: int | None = None  # where bubblewrap reports the sandbox's first process
    memory: int | None = None
    cpu_seconds: int | None = None
    disk: int | None = None
    workspace: str = ""
    cgroups: list[str] = field(default_factory=list)
    has_lifeline: bool = False  # as the input: when it ends, so does the job of a rehearsal

    @staticmethod
    def from_json(content: dict[str, Any]) -> Launch:
        """Return the launch that a JSON object describes."""
        known = Launch.__dataclass_fields__
        return Launch(**{key: value for key, value in content.items() if key in known})


@dataclass
class Spawned:
    """A started process and our ends of its pipes; none of them blocks."""

    pid: int
    stdin: int
    stdout: int
    stderr: int
    status: int


def spawn(launch: Launch, folder: str) -> Spawned:
    """Start the process in a session of its own; raises OSError where it cannot be executed."""
    stdin, stdout, stderr, status, failed = (os.pipe() for _ in range(5))
    for pair in (stdin, stdout):
        widen(pair[0])
    files = {int(number): open_regular(f"{folder}/{name}") for number, name in launch.files.items()}
    targets = {**files, 0: stdin[0], 1: stdout[1], 2: stderr[1]}
    if launch.status_fd is not None:
        targets[launch.status_fd] = status[1]
    pid = os.fork()
    if pid == 0:
        _become(launch, targets, failed[1])
    for descriptor in (stdin[0], stdout[1], stderr[1], status[1], failed[1], *files.values()):
        os.close(descriptor)
    report = os.read(failed[0], 64)
    os.close(failed[0])
    ends = (stdin[1], stdout[0], stderr[0], status[0])
    if report:
        os.waitpid(pid, 0)
        for descriptor in ends:
            os.close(descriptor)
        code = int(report)
        raise OSError(code, os.strerror(code), launch.argv[0])
    for descriptor in ends:
        os.set_blocking(descriptor, False)
    return Spawned(pid, *ends)


def _become(launch: Launch, targets: dict[int, int], failed: int) -> None:
    # Runs in the child between fork and exec; reports an errno and leaves.
    try:
        os.setsid()
        for name in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT):
            signal.signal(name, signal.SIG_DFL)
        for folder in launch.cgroups:
            enter(folder)
        _limit(launch)
        lifted = {
            number: fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, ABOVE_ALL_TARGETS)
            for number, source in targets.items()
        }
        failed = fcntl.fcntl(failed, fcntl.F_DUPFD_CLOEXEC, ABOVE_ALL_TARGETS)
        for number, source in lifted.items():
            os.dup2(source, number)
        os.chdir(launch.cwd)
        os.execve(launch.argv[0], launch.argv, launch.env)  # noqa: S606
    except OSError as error:
        os.write(failed, str(error.errno or errno.EINVAL).encode())
    finally:
        os._exit(127)


def enter(folder: str) -> None:
    """Move this process into a control group; where that is refused, other limits still hold."""
    try:
        descriptor = os.open(f"{folder}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.write(descriptor, b"0")
    except OSError:
        pass
    finally:
        os.close(descriptor)


def _limit(launch: Launch) -> None:
    lower(resource.RLIMIT_CORE, 0)
    if launch.memory is not None:
        lower(resource.RLIMIT_DATA, launch.memory)
    if launch.cpu_seconds is not None:
        lower(resource.RLIMIT_CPU, launch.cpu_seconds, launch.cpu_seconds + 5)
    try:  # where memory runs out, the job goes before the desktop does
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.write(descriptor, b"500")
    except OSError:
        pass
    finally:
        os.close(descriptor)


def lower(what: int, limit: int, hard: int | None = None) -> None:
    """Lower one resource limit; a limit that is lower already stays."""
    _, highest = resource.getrlimit(what)
    wanted = limit if hard is None else hard
    top = wanted if highest == resource.RLIM_INFINITY else min(wanted, highest)
    resource.setrlimit(what, (min(limit, top), top))


def widen(descriptor: int) -> None:
    """Enlarge a pipe where the system can."""
    try:
        fcntl.fcntl(descriptor, F_SETPIPE_SZ, PIPE_BYTES)
    except OSError:
        pass


def boot_id() -> str:
    """Return what changes with every start of the machine."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def start_ticks(pid: int) -> int | None:
    """Return the raw start time of a process, or None when it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            content = file.read()
    except OSError:
        return None
    fields = content[content.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])
