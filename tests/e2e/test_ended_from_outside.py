"""A rehearsal whose process is ended from outside leaves no process and no folder behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from agent_core.cli.output import EXIT_INTERRUPTED
from agent_core.jobs.process import is_lock_held
from agent_core.rehearsal import leftover

ROOT = Path(__file__).resolve().parents[2]
BEGIN_BOUND_S = 90.0
GONE_BOUND_S = 30.0
TRAINS = "RUNNING"
pytestmark = [pytest.mark.runtime, pytest.mark.timeout(200)]


def until(is_so: Callable[[], bool], bound_s: float, what: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + bound_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {bound_s:.0f} s: {what()}"
        time.sleep(0.1)


def processes_of(folder: Path) -> dict[int, str]:
    """Return the processes that name a folder in their command line."""
    found = {}
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if str(folder) in line and process.pid != os.getpid():
            found[process.pid] = line
    return found


@contextmanager
def demo(root: Path, reaches: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a demo whose temporary folder lies in `root`, and wait until it says something."""
    with (root / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "agent_core.cli", "demo", "--headless", "--silos", "1",
             "--rounds", "600", *options],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=said, stderr=said,
            env={**os.environ, "TMPDIR": str(root)},
        )  # fmt: skip
    try:
        until(
            lambda: reaches in (root / "said").read_text(), BEGIN_BOUND_S,
            (root / "said").read_text,
        )  # fmt: skip
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)
        for pid in processes_of(root):
            try:
                psutil.Process(pid).kill()
            except psutil.Error:
                pass  # it has just ended


def jobs_of(root: Path) -> list[Path]:
    """Return the locks that keepers of jobs hold."""
    return [lock for lock in root.rglob("keeper.lock") if is_lock_held(lock)]


def test_a_killed_demo_takes_its_processes_along(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder, with credentials in it, goes when the next one starts."""
    monkeypatch.setattr(tempfile, "tempdir", str(root))
    with demo(root, TRAINS) as process:
        assert jobs_of(root)
        leftover.clear()
        assert jobs_of(root), "a folder whose owner lives is not cleared"
        process.kill()
        process.wait(10)
        until(lambda: not processes_of(root), GONE_BOUND_S, lambda: processes_of(root))
    leftover.clear()
    assert not list(root.glob("silodesk-*/hub"))


def test_a_terminated_demo_ends_everything_in_order(root: Path) -> None:
    """Nothing is left once it is through, and it says that it was interrupted."""
    with demo(root, TRAINS) as process:
        assert jobs_of(root)
        process.send_signal(signal.SIGTERM)
        assert process.wait(GONE_BOUND_S) == EXIT_INTERRUPTED
        assert not processes_of(root)
        assert not list(root.glob("silodesk-*/hub"))


def test_a_demo_with_a_parent_ends_with_it(root: Path) -> None:
    """A bench that is killed takes its demo along, even one that is just starting."""
    with demo(root, "starting 1 silo agents", "--with-parent") as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(GONE_BOUND_S) == EXIT_INTERRUPTED
        assert not processes_of(root)
