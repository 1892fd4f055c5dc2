"""The doctor's checks of this machine: disk, sandbox, job runtime, GPU, place for secrets."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

from agent_core import keys
from agent_core.agent.doctor_case import Case, found
from agent_core.errors import SiloDeskError
from agent_core.jobs import installer, runtime, sandbox
from agent_core.paths import cache_dir
from agent_core.protocol.records_doctor import DoctorCheck

LEAST = 512 * 1024**2
ASK = (
    "import sys, importlib.metadata as m; "
    "print('%d.%d.%d' % sys.version_info[:3], m.version('torch'), m.version('flwr'))"
)
NVIDIA = Path("/proc/driver/nvidia")


async def check_disk(case: Case) -> DoctorCheck:
    """Compare free space with what a run needs."""
    made = await asyncio.to_thread(_peek)
    needed = LEAST if made else LEAST + runtime.BASE_NEEDED
    places = [case.home.root] if made else [case.home.root, cache_dir()]
    worst, free = min(
        ((place, shutil.disk_usage(_existing(place)).free) for place in places),
        key=lambda pair: pair[1],
    )
    if free < needed:
        return found(
            "disk", "fail", f"{_gb(free)} are free at {worst}, {_gb(needed)} are needed.",
            "Packages, tensors and the job runtime lie there.",
            "Free some space, or move SiloDesk's folders to a larger disk.",
        )  # fmt: skip
    return found("disk", "pass", f"{_gb(free)} free, {_gb(needed)} needed")


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


def _peek() -> runtime.Runtime | None:
    try:
        return runtime.peek()
    except SiloDeskError:
        return None


async def check_sandbox(_case: Case) -> DoctorCheck:
    """Start a process in the sandbox and let it try every door."""
    if sys.platform != "linux":
        report = sandbox.describe()
    else:
        kind = (await asyncio.to_thread(sandbox.describe)).kind
        doors = None if kind == "none" else await asyncio.to_thread(sandbox.probe, kind)
        report = (
            sandbox.report(kind, doors) if doors is not None
            else sandbox.report("none", tuple(sandbox.DOORS))
        )  # fmt: skip
    if report.kind == "none" or not report.is_contained:
        return found(
            "sandbox", "note", report.sentence,
            "bubblewrap is missing, or this system forbids user namespaces.",
            "Install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap).",
        )  # fmt: skip
    return found("sandbox", "note" if report.open_doors else "pass", report.sentence)


async def check_python(_case: Case) -> DoctorCheck:
    """Find the runtime that jobs run in, and ask what it holds."""
    try:
        ready = await asyncio.to_thread(runtime.peek)
        python, version = await asyncio.to_thread(installer.find_python)
    except SiloDeskError as error:
        return found("python", "fail", error.sentence, "", error.next_step)
    if ready is None:
        return found(
            "python", "note", f"Python {version}; the job runtime is not made yet.",
            "It is made before the first run and takes about 1.2 GB.",
            "Run `silodesk runtime make` beforehand to save the first run's time.",
        )  # fmt: skip
    done = await asyncio.to_thread(_ask, ready.python)
    if done is None:
        return found(
            "python", "fail", f"The job runtime {ready.key} does not work.",
            f"{ready.python} does not start or lacks torch or flwr.",
            f"Remove {ready.python.parent.parent}; the next run makes it anew with {python}.",
        )  # fmt: skip
    own, torch, flwr = done
    return found("python", "pass", f"Python {own} with torch {torch} and flwr {flwr}")


def _ask(python: Path) -> list[str] | None:
    try:
        done = subprocess.run(
            [str(python), "-I", "-c", ASK],
            capture_output=True, text=True, timeout=8, check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    words = done.stdout.split()
    return words if len(words) == 3 else None


async def check_gpu(_case: Case) -> DoctorCheck:
    """Ask NVIDIA's driver for graphics processors."""
    names, problem = await asyncio.to_thread(_gpus)
    if names:
        return found("gpu", "pass", ", ".join(names))
    if problem:
        return found(
            "gpu", "note", "There is an NVIDIA driver, but it does not answer.", problem,
            "Restart the machine after a driver update; `nvidia-smi` says more.",
        )  # fmt: skip
    return found("gpu", "pass", "No NVIDIA graphics processor; jobs use the processor.")


def _gpus() -> tuple[list[str], str]:
    try:
        import pynvml  # few machines have its driver

        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]
        names = [
            f"{_text(pynvml.nvmlDeviceGetName(handle))}, "
            f"{pynvml.nvmlDeviceGetMemoryInfo(handle).total / 1024**3:.0f} GB"
            for handle in handles
        ]
        return names, _text(pynvml.nvmlSystemGetDriverVersion())
    except Exception as error:  # noqa: BLE001 - no library, driver or GPU: all are findings
        return [], str(error) if NVIDIA.exists() else ""


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


async def check_keyring(case: Case) -> DoctorCheck:
    """Open the place where this machine's secrets lie."""
    named = Path(case.credentials) if case.credentials else None
    try:
        store = await asyncio.to_thread(keys.open_store, case.home, case.settings, named)
    except SiloDeskError as error:
        return found("keyring", "fail", error.sentence, "", error.next_step)
    return found("keyring", "pass", f"The secrets lie in {store.place}.")
