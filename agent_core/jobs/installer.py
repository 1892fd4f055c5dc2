"""Make virtual environments and let pip fill them, with progress and errors in words."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from agent_core.errors import RuntimeSetupError, SiloDeskError, StorageError
from agent_core.jobs.following import GoOn, always, follow

Progress = Callable[[str, int, int], None]

OLDEST = (3, 11)
NAMES = ("python3.11", "python3.12", "python3.13", "python3.14", "python3", "python")
VENV_BOUND_S = 180.0
INSTALL_BOUND_S = 60 * 60.0  # 1.2 GB over a slow line
DRY_RUN_BOUND_S = 45.0
COLLECTING = re.compile(r"^Collecting ([A-Za-z0-9._-]+)")
DOWNLOADING = re.compile(r"^Downloading (?:\S*/)?([A-Za-z0-9_.]+?)-\S+ \(([\d.]+ \w+)\)")
PROCESSING = re.compile(r"^Processing \S*/([A-Za-z0-9_.]+?)-\d")
INSTALLING = re.compile(r"^Installing collected packages: (.*)")
CHECK = "import sys, venv, ensurepip; print(*sys.version_info[:3], sep='.')"
NO_NETWORK = (
    "NewConnectionError", "NameResolutionError", "ProxyError", "ConnectTimeoutError",
    "ReadTimeoutError", "Could not fetch URL", "connection broken by",
)  # fmt: skip


def find_python() -> tuple[Path, str]:
    """Return an interpreter for job runtimes and its version; raises RuntimeSetupError."""
    candidates = [] if getattr(sys, "frozen", False) else [sys.executable]
    candidates += [found for name in NAMES if (found := shutil.which(name))]
    for candidate in candidates:
        version = _version(candidate)
        if version and tuple(int(part) for part in version.split(".")[:2]) >= OLDEST:
            return Path(candidate), version
    raise RuntimeSetupError(
        "No Python 3.11 or newer with venv was found; jobs need one of their own.",
        next_step="Install it (Debian, Ubuntu: apt-get install python3 python3-venv), "
        "then start the run again.",
        code="runtime.python",
    )


_versions: dict[tuple[str, int], str] = {}  # asking costs a process; every job start asks


def _version(python: str) -> str:
    try:
        key = (python, Path(python).stat().st_mtime_ns)
        if key not in _versions:
            done = subprocess.run(
                [python, "-I", "-c", CHECK], capture_output=True, text=True, timeout=20, check=True
            )
            _versions[key] = done.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
    return _versions[key]


def has_pip(python: Path) -> bool:
    """Return whether an interpreter has a pip that can install for another one (22.3)."""
    try:
        done = subprocess.run(
            [str(python), "-m", "pip", "--version"],
            capture_output=True, text=True, timeout=60, check=False, cwd="/",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    found = re.match(r"pip (\d+)\.(\d+)", done.stdout)
    return found is not None and (int(found[1]), int(found[2])) >= (22, 3)


def make_venv(python: Path, folder: Path, *, with_pip: bool, go_on: GoOn = always) -> None:
    """Make an environment, unless `go_on` raises; raises RuntimeSetupError, StorageError."""
    options = ["--clear"] if with_pip else ["--clear", "--without-pip"]
    command = [str(python), "-m", "venv", *options, str(folder)]
    try:
        code, said = follow(command, os.environ, lambda _line: None, go_on, VENV_BOUND_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeSetupError(
            f"The environment {folder} cannot be made with {python}: {error}.",
            next_step="Check that this Python works, then try again.",
        ) from error
    if code:
        raise _failure(said, f"The environment {folder} cannot be made")


def install(
    pip: Path,
    python: Path,
    arguments: Sequence[str],
    what: str,
    progress: Progress,
    go_on: GoOn = always,
) -> None:
    """Run the `pip` of one interpreter for another; pip's configuration and proxies hold.

    Packages come as wheels only: a source package would run its own code here, outside any
    sandbox. Raises RuntimeSetupError or StorageError; an error that `progress` or `go_on` raises
    ends pip.
    """
    command = [
        str(pip), "-m", "pip", "--python", str(python), "install", "--no-input",
        "--disable-pip-version-check", "--progress-bar", "off", "--only-binary", ":all:",
        *arguments,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONNOUSERSITE": "1"}
    environment.pop("PYTHONPATH", None)
    try:
        code, said = follow(
            command, environment, Follow(what, progress).line, go_on, INSTALL_BOUND_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeSetupError(
            f"{what} cannot be installed with {pip}: {error}.",
            next_step="Check that this Python works, then try again.",
        ) from error
    if code:
        raise _failure(said, f"{what} cannot be installed")


def dry_run(pip: Path, python: Path, wanted: Sequence[str]) -> list[str]:
    """Return what pip would add for another interpreter; raises as `install` does."""
    command = [
        str(pip), "-m", "pip", "--python", str(python), "install", "--dry-run", "--no-input",
        "--disable-pip-version-check", "--progress-bar", "off", "--only-binary", ":all:", *wanted,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONNOUSERSITE": "1"}
    environment.pop("PYTHONPATH", None)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=environment,
            stdin=subprocess.DEVNULL, timeout=DRY_RUN_BOUND_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeSetupError(
            f"pip did not say within {DRY_RUN_BOUND_S:.0f} s whether the requirements can be met.",
            next_step="Check the network or proxy, then look again.",
            code="runtime.network",
        ) from error
    if done.returncode:
        raise _failure(done.stdout + done.stderr, "The requirements cannot be met")
    found = re.search(r"^Would install (.*)$", done.stdout, re.MULTILINE)
    return found[1].split() if found else []


class Follow:
    """Turn pip's lines into progress: what is fetched, how large, how many so far."""

    def __init__(self, what: str, progress: Progress) -> None:
        self._what = what
        self._progress = progress
        self._seen: set[str] = set()

    def line(self, line: str) -> None:
        """Take one line of pip's output."""
        if match := COLLECTING.match(line) or PROCESSING.match(line):
            self._seen.add(match[1].replace("_", "-").lower())
            self._tell(f"Collecting {match[1]}")
        elif match := DOWNLOADING.match(line):
            self._tell(f"Downloading {match[1].replace('_', '-')} ({match[2]})")
        elif match := INSTALLING.match(line):
            count = len(match[1].split(","))
            packages = "package" if count == 1 else "packages"
            self._progress(f"{self._what}: Installing {count} {packages}", count, count)

    def _tell(self, text: str) -> None:
        self._progress(f"{self._what}: {text}", len(self._seen), 0)


def _failure(output: str, sentence: str) -> SiloDeskError:
    errors = [
        line.removeprefix("ERROR:").strip()
        for line in output.splitlines()
        if line.startswith("ERROR:")
    ]
    if "No space left on device" in output or "Errno 28" in output:
        return StorageError(
            f"{sentence}: the disk is full.",
            next_step="Free some space (a runtime takes about 1.2 GB), then try again.",
            code="storage.full",
        )
    if "ensurepip is not available" in output or "No module named ensurepip" in output:
        return RuntimeSetupError(
            f"{sentence}: this Python has no venv.",
            next_step="Install it (Debian, Ubuntu: apt-get install python3-venv).",
            code="runtime.python",
        )
    if any(word in output for word in NO_NETWORK):
        return RuntimeSetupError(
            f"{sentence}: the package index does not answer.",
            next_step="Check the network or proxy, or name a wheelhouse in pip's configuration.",
            code="runtime.network",
        )
    if wanted := re.search(r"No matching distribution found for (\S.*)", output):
        name = re.sub(r" \(from .*", "", wanted[1]).strip()
        reason = next((line for line in errors if "from versions" in line), "")
        known = re.search(r"\(from versions: (.*)\)", reason)
        versions = known[1] if known else "none"
        why = (
            "no wheel of it is offered for this machine"
            if versions == "none"
            else f"the versions offered are {', '.join(versions.split(', ')[-6:])}"
        )
        return RuntimeSetupError(
            f"The requirement {name} cannot be installed: {why}.",
            next_step="Correct the name or version in the package, or have it offered to pip at "
            "that site.",
            code="runtime.requirement",
            requirement=name,
        )
    if "conflict" in output:
        reason = next(
            (line for line in errors if "conflict" in line), "they need different versions"
        )
        return RuntimeSetupError(
            f"The requirements contradict each other: {reason}",
            next_step="Loosen a version in the package's requirements.",
            code="runtime.conflict",
        )
    last = errors[-1] if errors else (output.strip().splitlines() or ["no reason was given"])[-1]
    return RuntimeSetupError(
        f"{sentence}: {last[:300].rstrip('.')}.",
        next_step="Look at the agent's log for the whole output of pip.",
    )
