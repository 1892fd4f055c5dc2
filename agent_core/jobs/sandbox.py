"""The sandbox of a job: how a worker is started in it, and what it really keeps out here."""

from __future__ import annotations

import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent_core.jobs import bubblewrap
from agent_core.jobs.spec import JobSpec

UNSHARE = ("-r", "-n", "-p", "-i", "-u", "--fork", "--kill-child", "--mount-proc", "--")
PROBE_BOUND_S = 20.0
TRIES = 2  # a busy machine must not cost a job its sandbox
# Runs inside the sandbox and prints which doors stand open.
PROBE = """
import json, os, socket, sys
asked = json.loads(sys.argv[1])
def can(what):
    try:
        what()
    except OSError:
        return False
    return True
def tcp(): socket.create_connection(("127.0.0.1", asked["port"]), 2).close()
def abstract():
    with socket.socket(socket.AF_UNIX) as s: s.connect(chr(0) + asked["abstract"])
def path():
    with socket.socket(socket.AF_UNIX) as s: s.connect(asked["path"])
def home(): open(asked["secret"]).close()
def write(): open(os.path.join(asked["package"], "w"), "w").close()
print(json.dumps({f.__name__: can(f) for f in (tcp, abstract, path, home, write)}))
"""
DOORS = {
    "tcp": "the network",
    "abstract": "local services by abstract sockets",
    "path": "local services such as D-Bus and the keyring",
    "home": "your files",
    "write": "changing the package",
}


@dataclass(frozen=True)
class Wrapped:
    """How the keeper starts a worker: command, environment, extra descriptors."""

    kind: str  # bubblewrap | unshare | none
    argv: list[str]
    env: dict[str, str]
    files: dict[int, bytes] = field(default_factory=dict)  # descriptor -> content
    status_fd: int | None = None


@dataclass(frozen=True)
class SandboxReport:
    """What holds on this machine: the sentence is what an operator agrees to."""

    kind: str  # bubblewrap | unshare | none
    sentence: str
    open_doors: tuple[str, ...] = ()  # keys of DOORS

    @property
    def is_contained(self) -> bool:
        """Return whether a job reaches neither network nor files."""
        return not {"tcp", "home"} & set(self.open_doors)


# Arrays of megabytes come and go in every round. Huge pages, and memory that is kept for the next
# array instead of being given back, spare half of a worker's processor time with a 47 MB model.
MEMORY = ("hugetlb=1", "mmap_threshold=1073741824", "trim_threshold=268435456", "top_pad=67108864")


def environment(spec: JobSpec, *, worker: str, job: str, data: str) -> dict[str, str]:
    """Return the whole environment of a worker; nothing of the agent's own goes into it."""
    cores = os.cpu_count() or 1
    threads = spec.threads or max(1, cores // 4 if cores < 16 else cores // 2)
    found = {
        "PATH": f"{spec.python.parent}:/usr/bin:/bin",
        "HOME": job,
        "TMPDIR": "/tmp",  # noqa: S108 - inside the sandbox it is the job's own
        "LANG": "C.UTF-8",
        "PYTHONPATH": worker,
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "FLWR_TELEMETRY_ENABLED": "0",
        "FLWR_DISABLE_UPDATE_CHECK": "1",
        "OMP_NUM_THREADS": str(threads),
        "GLIBC_TUNABLES": ":".join(f"glibc.malloc.{name}" for name in MEMORY),
        "SILODESK_JOB": spec.job_id,
        "SILODESK_PACKAGE": "/package" if worker == "/worker" else str(spec.package_dir),
    }
    if data:
        found["SILODESK_DATA"] = data
    return found


def wrap(
    spec: JobSpec, worker_dir: Path, kind: str = "bubblewrap", command: list[str] | None = None
) -> Wrapped:
    """Return how to start a worker inside the named kind of sandbox.

    `worker_dir` is a folder that holds the package `silodesk_worker`.
    """
    command = command or [str(spec.python), "-m", "silodesk_worker"]
    if kind == "bubblewrap":
        data = "/data" if spec.data_dir else ""
        env = environment(spec, worker="/worker", job="/job", data=data)
        argv, files = bubblewrap.line(spec, worker_dir / "silodesk_worker", command, env)
        return Wrapped(kind, argv, {}, files, bubblewrap.STATUS_FD)
    data = str(_data_folder(spec.data_dir, spec.workspace)) if spec.data_dir else ""
    env = environment(spec, worker=str(worker_dir), job=str(spec.workspace), data=data)
    if kind == "unshare":
        command = [shutil.which("unshare") or "/usr/bin/unshare", *UNSHARE, *command]
    return Wrapped(kind, command, env)


def _data_folder(data: Path, workspace: Path) -> Path:
    """Return the folder with a job's data; a single file gets one of its own."""
    if not data.is_file():
        return data
    folder = workspace / "data"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / data.name
    link.unlink(missing_ok=True)
    link.symlink_to(data)
    return folder


@functools.cache
def describe() -> SandboxReport:
    """Return which sandbox holds on this machine; tried once, with a real process inside it."""
    if sys.platform != "linux":
        return report("none", tuple(DOORS))
    for kind, program in (("bubblewrap", bubblewrap.program()), ("unshare", _which("unshare"))):
        for _ in range(TRIES if program else 0):
            doors = probe(kind)
            if doors is not None:
                return report(kind, doors)
    return report("none", tuple(DOORS))


def report(kind: str, doors: tuple[str, ...]) -> SandboxReport:
    """Put into words what a kind of sandbox leaves open."""
    words = [DOORS[door] for door in doors]
    reached = " and ".join(", ".join(words).rsplit(", ", 1))
    if kind == "none":
        sentence = (
            "There is no sandbox on this machine: this job can reach the network and your files; "
            "what leaves that way is not counted."
        )
    elif not words:
        sentence = (
            "The job runs in a sandbox (bubblewrap): no network, your files and other jobs "
            "hidden, dataset and package read-only."
        )
    else:
        name = "bubblewrap" if kind == "bubblewrap" else "unshare; bubblewrap is not available"
        sentence = f"The job runs in a weaker sandbox ({name}): it can reach {reached}."
    return SandboxReport(kind, sentence, doors)


def probe(kind: str) -> tuple[str, ...] | None:
    """Return the doors that stand open inside a kind of sandbox; None where it cannot be made."""
    with _doors() as (root, asked):
        spec = JobSpec("probe", probe_python(), root / "job", root / "package")
        asked["package"] = "/package" if kind == "bubblewrap" else str(spec.package_dir)
        command = [str(spec.python), "-I", "-S", "-c", PROBE, json.dumps(asked)]
        try:
            answer = json.loads(run_inside(kind, spec, root, command, PROBE_BOUND_S))
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None
    return tuple(door for door in DOORS if answer.get(door))


def run_inside(
    kind: str, spec: JobSpec, worker_dir: Path, command: list[str], bound_s: float
) -> bytes:
    """Run a short command as a worker would run and return what it printed.

    Raises OSError, or subprocess.TimeoutExpired past the bound.
    """
    wrapped = wrap(spec, worker_dir, kind, command)
    with ExitStack() as stack:
        numbers: dict[str, int] = {}
        for number, content in wrapped.files.items():
            file = stack.enter_context(tempfile.TemporaryFile())
            file.write(content)
            file.seek(0)
            numbers[str(number)] = file.fileno()
        if wrapped.status_fd is not None:
            nowhere = stack.enter_context(Path(os.devnull).open("wb"))
            numbers[str(wrapped.status_fd)] = nowhere.fileno()
        done = subprocess.run(
            _renumber(wrapped.argv, numbers), env=wrapped.env, pass_fds=numbers.values(),
            capture_output=True, check=False, timeout=bound_s, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    return done.stdout


def probe_python() -> Path:
    """Return an interpreter for the probe: our own, or the system's where we are frozen."""
    return Path("/usr/bin/python3" if getattr(sys, "frozen", False) else sys.executable)


@contextmanager
def _doors() -> Iterator[tuple[Path, dict[str, object]]]:
    with tempfile.TemporaryDirectory(prefix="silodesk-probe-") as name, ExitStack() as stack:
        root = Path(name)
        for part in ("job", "package", "silodesk_worker"):
            (root / part).mkdir()
        (root / "secret").write_text("secret")
        abstract = f"silodesk-probe-{os.getpid()}-{root.name}"
        listeners = []
        for family, address in (
            (socket.AF_INET, ("127.0.0.1", 0)),
            (socket.AF_UNIX, f"\0{abstract}"),
            (socket.AF_UNIX, str(root / "s")),
        ):
            listener = stack.enter_context(socket.socket(family))
            listener.bind(address)
            listener.listen(8)
            listeners.append(listener)
        yield (
            root,
            {
                "port": listeners[0].getsockname()[1],
                "abstract": abstract,
                "path": str(root / "s"),
                "secret": str(root / "secret"),
            },
        )


def _renumber(argv: list[str], numbers: dict[str, int]) -> list[str]:
    # Only what stands between bubblewrap's options names descriptors, never the command.
    end = argv.index("--") if "--" in argv else 0
    return [str(numbers.get(word, word)) for word in argv[:end]] + argv[end:]


def _which(name: str) -> str:
    return shutil.which(name) or ""
