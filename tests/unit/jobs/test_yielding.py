"""Jobs give way to the person's own programs, and so does what they start."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from helpers.job_bench import Bench, run
from helpers.waiting import until

from agent_core.jobs import yielding
from agent_core.paths import Home

GROUPS = pytest.mark.skipif(
    not Path("/proc/self/autogroup").exists(), reason="this kernel does not group by sessions"
)
BOUND_S = 10.0


def group_level(pid: int) -> int:
    """Return the nice level of a process's session."""
    return int(Path(f"/proc/{pid}/autogroup").read_text().rpartition(" ")[2])


@pytest.fixture
def sleeper() -> Iterator[int]:
    """Return a process in a session of its own."""
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    yield process.pid
    process.kill()
    process.wait()


def test_keeper_and_job_have_a_lower_priority(home: Home, worker: Path) -> None:
    """Whatever the sandbox, the worker inherits it."""

    async def scenario(bench: Bench) -> None:
        handle = await bench.launch("import time; time.sleep(60)")
        record = json.loads((home.keepers / handle.job_id / "keeper.json").read_text())
        job = psutil.Process(record["job"]["pid"])
        whole = [psutil.Process(record["keeper"]["pid"]), job, *job.children(recursive=True)]
        assert [one.nice() for one in whole if one.nice() < yielding.JOB] == []

    run(home, worker, scenario)


@GROUPS
def test_the_session_of_a_job_is_lowered_too(home: Home, worker: Path) -> None:
    """Each has one of its own, which starts at 0."""

    async def scenario(bench: Bench) -> None:
        handle = await bench.launch("import time; time.sleep(60)")
        record = json.loads((home.keepers / handle.job_id / "keeper.json").read_text())
        job = psutil.Process(record["job"]["pid"])

        def is_lowered() -> bool:
            worker = [job, *job.children(recursive=True)][-1]
            return group_level(worker.pid) >= yielding.JOB

        await asyncio.to_thread(until, is_lowered, BOUND_S)

    run(home, worker, scenario)


def test_a_second_time_changes_nothing(sleeper: int) -> None:
    """Nor does a smaller wish raise anything again."""
    for level in (10, 10, 5):
        yielding.lower(sleeper, level)
        assert psutil.Process(sleeper).nice() == max(10, os.getpriority(os.PRIO_PROCESS, 0))


@GROUPS
def test_a_session_that_is_lower_stays(sleeper: int) -> None:
    """What was lowered to 7 is not raised to 5."""
    for level in (7, 7, 5):
        while not yielding.lower_session(sleeper, level):
            pass  # the kernel takes ten a second
        assert group_level(sleeper) == 7


def test_a_system_that_refuses_is_no_error(monkeypatch: pytest.MonkeyPatch, sleeper: int) -> None:
    """The job runs all the same."""

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "setpriority", refuse)
    monkeypatch.setattr(os, "write", refuse)
    yielding.lower(sleeper, 19)
    assert yielding.lower_session(sleeper, 19)


def test_a_process_that_has_ended_is_no_error() -> None:
    """Nothing is left to be lowered."""
    process = subprocess.Popen(["true"])
    process.wait()
    yielding.lower(process.pid, 10)
    assert yielding.lower_session(process.pid, 10)
    assert not yielding.leads_session(process.pid)


@GROUPS
def test_a_busy_kernel_is_asked_again(monkeypatch: pytest.MonkeyPatch, sleeper: int) -> None:
    """It takes only so many sessions a second from an account."""
    real, refused = os.write, [True]

    def busy(descriptor: int, data: bytes) -> int:
        if refused.pop() if refused else False:
            raise BlockingIOError(errno.EAGAIN, "later")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", busy)
    monkeypatch.setattr(yielding, "AGAIN_S", 0.0)
    watch = yielding.SessionWatch()
    watch.step(0)  # bubblewrap has not said yet which process it is
    watch.step(sleeper)
    assert watch.due_at
    while watch.due_at:
        watch.step(sleeper)
    assert group_level(sleeper) == yielding.JOB


def test_a_kernel_without_groups_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A keeper then has nothing to wake up for."""
    monkeypatch.setattr(os.path, "exists", lambda _: False)
    assert not yielding.SessionWatch().due_at
