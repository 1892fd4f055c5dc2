"""The folders of a job: its own, its package's, its keeper's; made, measured, removed."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from agent_core.errors import StorageError, UserInputError
from agent_core.paths import Home

JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
FREE_NEEDED = 512 * 1024 * 1024  # bytes: below, a job would fail half-way


@dataclass(frozen=True)
class Workspace:
    """What a job sees of the disk."""

    job_dir: Path  # its own, /job
    package_dir: Path  # the unpacked package, /package


def check_id(job_id: str) -> str:
    """Return a job id that can be a folder's name; raises UserInputError."""
    if not JOB_ID.fullmatch(job_id):
        raise UserInputError(f"{job_id[:120]!r} cannot name a job.", code="input.job_id")
    return job_id


def prepare(home: Home, job_id: str, *, needed: int = FREE_NEEDED) -> Workspace:
    """Make a job's folders; raises StorageError where the disk has not `needed` bytes left."""
    root = home.jobs / check_id(job_id)
    workspace = Workspace(root / "job", root / "package")
    try:
        home.jobs.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(home.jobs).free
        if free < needed:
            raise StorageError(
                f"The disk that holds {home.jobs} has {in_words(free)} left; "
                f"a job needs {in_words(needed)}.",
                next_step="Free some space, then start the run again.",
                code="storage.full",
                free=free,
                needed=needed,
            )
        for folder in (root, workspace.job_dir, workspace.package_dir):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {root} of job {job_id} cannot be made: {error.strerror}.",
            next_step="Check the folder's permissions and the space left on its disk.",
        ) from error
    return workspace


def remove(home: Home, job_id: str) -> None:
    """Remove a job's workspace; links are removed, never followed."""
    root = home.jobs / check_id(job_id)
    if root.is_symlink():
        root.unlink()
    elif root.exists():
        open_up(root)
        shutil.rmtree(root, ignore_errors=True)


def open_up(root: Path) -> None:
    """Give back the right to write to folders from which a job took it."""
    for folder in (root, root / "job", root / "package"):
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o700)


def in_words(count: float) -> str:
    """Return a number of bytes as people write it."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
