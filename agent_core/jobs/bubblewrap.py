"""The command line of bubblewrap that holds a job: what it sees, and nothing else."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

from agent_core.jobs import seccomp
from agent_core.jobs.spec import JobSpec

PROGRAM_FD, PASSWD_FD, HOSTS_FD, STATUS_FD = 9, 10, 11, 12
SHARED_MEMORY = 512 * 1024 * 1024
SCRATCH = 2 * 1024 * 1024 * 1024  # of /tmp, which lies in memory
PROCESS_LIMIT = 512
SYSTEM = [
    *("--ro-bind", "/usr", "/usr"),
    *("--symlink", "usr/bin", "/bin", "--symlink", "usr/sbin", "/sbin"),
    *("--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"),
    *("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"),
    *("--ro-bind-try", "/etc/localtime", "/etc/localtime"),
    *("--ro-bind-try", "/etc/alternatives", "/etc/alternatives"),
]
WALLS = [
    *("--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"),
    *("--cap-drop", "ALL", "--clearenv", "--hostname", "silo-job"),
]


@functools.cache
def program() -> str:
    """Return bubblewrap's path, or "" where it is not installed."""
    return shutil.which("bwrap") or ""


@functools.cache
def options() -> frozenset[str]:
    """Return the options that the installed bubblewrap knows."""
    done = subprocess.run(
        [program(), "--help"], capture_output=True, text=True, timeout=20, check=False
    )
    words = (done.stdout + done.stderr).split()
    return frozenset(word for word in words if word.startswith("--"))


def line(
    spec: JobSpec, worker: Path, command: list[str], env: dict[str, str]
) -> tuple[list[str], dict[int, bytes]]:
    """Return the command line that runs `command` in the sandbox, and the descriptors it reads."""
    files = {PASSWD_FD: passwd(), HOSTS_FD: b"127.0.0.1 localhost silo-job\n::1 localhost\n"}
    argv = [program(), *WALLS, "--json-status-fd", str(STATUS_FD)]
    if "--disable-userns" in options():
        argv.append("--disable-userns")
    argv += SYSTEM
    argv += ["--ro-bind-data", str(PASSWD_FD), "/etc/passwd"]
    argv += ["--ro-bind-data", str(HOSTS_FD), "/etc/hosts"]
    argv += ["--proc", "/proc", "--dev", "/dev"]
    for size, folder in ((SHARED_MEMORY, "/dev/shm"), (SCRATCH, "/tmp")):  # noqa: S108
        argv += ["--size", str(size)] if "--size" in options() else []
        argv += ["--tmpfs", folder]
    argv += ["--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu"]
    for entry in interpreter_folders(spec.python):  # after /tmp, which would hide them
        argv += ["--ro-bind", str(entry), str(entry)]
    for device in sorted(Path("/dev").glob("nvidia*")):
        argv += ["--dev-bind-try", str(device), str(device)]
    argv += ["--ro-bind", str(worker.resolve()), "/worker/silodesk_worker"]
    argv += ["--ro-bind", str(spec.package_dir), "/package"]
    if spec.data_dir:
        place = f"/data/{spec.data_dir.name}" if spec.data_dir.is_file() else "/data"
        argv += ["--ro-bind", str(spec.data_dir), place]
    argv += ["--bind", str(spec.workspace), "/job", "--chdir", "/job"]
    for name, value in env.items():
        argv += ["--setenv", name, value]
    filtering = seccomp.program()
    if filtering:
        files[PROGRAM_FD] = filtering
        argv += ["--seccomp", str(PROGRAM_FD)]
    prlimit = shutil.which("prlimit", path="/usr/bin:/bin")
    if prlimit and counts_per_namespace():  # inside, so that only the job's own processes count
        command = [prlimit, f"--nproc={PROCESS_LIMIT}:{PROCESS_LIMIT}", "--", *command]
    return [*argv, "--", *command], files


def counts_per_namespace(release: str = "") -> bool:
    """Return whether the kernel counts processes per user namespace (5.14), not per account."""
    numbers = (release or os.uname().release).split(".")[:2]
    return tuple(int("".join(filter(str.isdigit, number)) or 0) for number in numbers) >= (5, 14)


def passwd() -> bytes:
    """Return an /etc/passwd that names the job's own account and nobody else."""
    return f"job:x:{os.getuid()}:{os.getgid()}:job:/job:/usr/sbin/nologin\n".encode()


def interpreter_folders(python: Path) -> list[Path]:
    """Return the folders an interpreter needs: its environment, its base, what it adds."""
    root = python.parent.parent
    found = [root]
    for key, value in read_pyvenv(root).items():
        if key == "home":
            found += [Path(value).parent, Path(value).resolve().parent]
        elif key == "silodesk-base":
            found += interpreter_folders(Path(value) / "bin" / "python")
    found.append(python.resolve().parent.parent)
    kept: list[Path] = []
    for folder in found:
        is_there = folder == Path("/usr") or any(folder.is_relative_to(other) for other in kept)
        if not is_there:
            kept.append(folder)
    return kept


def read_pyvenv(root: Path) -> dict[str, str]:
    """Return the settings in a virtual environment's pyvenv.cfg."""
    try:
        lines = (root / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {key.strip(): value.strip() for key, _, value in pairs}
