"""System figures: measured where they can be, gaps where they cannot."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers.services import wait_for

from agent_core.protocol.records import SystemSample
from agent_core.telemetry.gpus import Gpus
from agent_core.telemetry.system import SystemSampler

BUSY = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "b = bytearray(30_000_000)\\nwhile True: pass"])
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def busy_job() -> Iterator[tuple[int, int]]:
    """Yield the pid of a process whose child computes, and the child's."""
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        yield process.pid, child
        subprocess.run(["kill", "-9", str(child)], check=False)
        process.kill()


def figure(sampler: SystemSampler, *place: int, **more: Any) -> SystemSample:
    """Sample until there is a percentage, at most five seconds."""
    deadline = time.monotonic() + 5
    sample = sampler.sample(*place, **more)
    while sample.cpu_percent is None and time.monotonic() < deadline:
        time.sleep(0.02)
        sample = sampler.sample(*place, **more)
    return sample


def test_a_busy_machine_is_busy_from_whichever_thread_it_is_asked(
    tmp_path: Path, busy_job: tuple[int, int]
) -> None:
    sampler = SystemSampler(tmp_path)
    sampler.sample(201)
    figure(sampler, 201)
    with ThreadPoolExecutor(max_workers=8) as pool:
        percents = [one.cpu_percent for one in pool.map(sampler.sample, range(1, 33))]
    assert all(percent is not None and percent > 0 for percent in percents)


def test_the_first_percentage_is_a_gap_and_the_next_a_figure(tmp_path: Path) -> None:
    sampler = SystemSampler(tmp_path)
    first = sampler.sample(201)
    second = figure(sampler, 201, run_id=5, now=12.5)
    assert first.cpu_percent is None
    assert second.cpu_percent is not None
    assert (second.edge_id, second.run_id, second.at) == (201, 5, 12.5)
    assert 0 < (second.memory_used or 0) < (second.memory_total or 0)
    assert (second.disk_free or 0) > 0
    assert second.job_rss is None
    assert second.job_cpu_percent is None


def test_a_jobs_children_count(tmp_path: Path, busy_job: tuple[int, int]) -> None:
    pid, _ = busy_job
    sampler = SystemSampler(tmp_path)
    assert sampler.sample(1, job_pid=pid).job_cpu_percent is None
    seen: list[float] = []

    def computes() -> bool:
        sample = sampler.sample(1, job_pid=pid)
        seen.append(sample.job_cpu_percent or 0.0)
        return max(seen) > 5 and (sample.job_rss or 0) > 30_000_000

    wait_for(computes, "the child's work and memory are seen")


def test_a_job_that_ended_is_a_gap(tmp_path: Path, busy_job: tuple[int, int]) -> None:
    pid, child = busy_job
    sampler = SystemSampler(tmp_path)
    sampler.sample(1, job_pid=pid)
    subprocess.run(["kill", "-9", str(child)], check=True)
    gone = 2**22 - 3  # above Linux' largest pid of most machines
    sample = sampler.sample(1, job_pid=gone)
    assert sample.job_rss is None
    assert sample.job_cpu_percent is None
    sampler.forget(pid)
    assert sampler.sample(1, job_pid=pid).job_cpu_percent is None, "nothing to compare with"


class FakeNvml:
    """Two GPUs, one of which does not say its load."""

    class NVMLError(Exception):
        """What the library raises."""

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:
        if handle == 0:
            raise self.NVMLError
        return SimpleNamespace(gpu=73)

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:
        return SimpleNamespace(used=100 + handle)

    def nvmlDeviceGetTemperature(self, handle: int, _sensor: int) -> int:
        return 50 + handle


def test_gpus_are_read_together_and_without_any_there_are_gaps(tmp_path: Path) -> None:
    gpus = Gpus()
    gpus._library, gpus._handles = FakeNvml(), [0, 1]
    sample = SystemSampler(tmp_path, gpus).sample(1)
    assert sample.gpu_percent == 73
    assert sample.gpu_memory_used == 201
    assert sample.gpu_temperature == 51
    gpus._handles = []
    assert SystemSampler(tmp_path, gpus).sample(1).gpu_percent is None
    assert gpus.count == 0
