"""Figures of the machine and of a job's processes; what cannot be measured stays a gap."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import psutil

from agent_core.protocol.records import SystemSample
from agent_core.telemetry.gpus import Gpus


class _Tree:
    """The processor time of a job's processes between two looks."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._before: dict[tuple[int, float], float] = {}
        self._at: float | None = None

    def look(self, now: float) -> tuple[float | None, int | None]:
        """Return percent of one core since the last look, and resident memory."""
        try:
            root = psutil.Process(self.pid)
            members = [root, *root.children(recursive=True)]
        except psutil.Error:
            self._before, self._at = {}, None
            return None, None
        spent: dict[tuple[int, float], float] = {}
        rss = 0
        for member in members:
            try:
                with member.oneshot():
                    times = member.cpu_times()
                    key = (member.pid, member.create_time())
                    spent[key] = times.user + times.system
                    rss += member.memory_info().rss
            except psutil.Error:
                continue  # it ended while we looked
        percent = None
        if self._at is not None and now > self._at:
            used = sum(value - self._before.get(key, 0.0) for key, value in spent.items())
            percent = max(0.0, 100.0 * used / (now - self._at))
        self._before, self._at = spent, now
        return percent, rss or None


CPU_STEP_S = 0.2


class SystemSampler:
    """Take samples now and then; percentages cover the time since the sample before."""

    def __init__(self, folder: Path, gpus: Gpus | None = None) -> None:
        """Remember whose disk counts."""
        self._folder = folder
        self._gpus = gpus
        self._trees: dict[int, _Tree] = {}
        self._cpu_before: tuple[float, float] | None = None  # busy and all seconds
        self._cpu_percent: float | None = None

    def sample(
        self, edge_id: int, run_id: int = 0, job_pid: int | None = None, now: float | None = None
    ) -> SystemSample:
        """Return the figures of the machine and, with a pid, of that process and its children."""
        if self._gpus is None:
            self._gpus = Gpus()
        gpu = self._gpus.read()
        memory = psutil.virtual_memory()
        network = psutil.net_io_counters()
        job_cpu, job_rss = self._job(job_pid)
        return SystemSample(
            edge_id=edge_id,
            run_id=run_id,
            at=time.time() if now is None else now,
            cpu_percent=self._cpu(),
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            disk_free=self._disk_free(),
            net_sent=network.bytes_sent if network else None,
            net_received=network.bytes_recv if network else None,
            job_cpu_percent=job_cpu,
            job_rss=job_rss,
            gpu_percent=gpu.percent,
            gpu_memory_used=gpu.memory_used,
            gpu_temperature=gpu.temperature,
        )

    def forget(self, job_pid: int) -> None:
        """Forget a job that has ended."""
        self._trees.pop(job_pid, None)

    def _cpu(self) -> float | None:
        # Not psutil.cpu_percent: it compares per thread, and samples come from a pool of threads.
        times = psutil.cpu_times()
        every = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        busy = every - times.idle - getattr(times, "iowait", 0.0)
        if self._cpu_before is None:
            self._cpu_before = (busy, every)
            return None
        passed = every - self._cpu_before[1]
        if passed >= CPU_STEP_S:  # a shorter step would say more about the clock than the load
            self._cpu_percent = min(100.0, max(0.0, 100 * (busy - self._cpu_before[0]) / passed))
            self._cpu_before = (busy, every)
        return self._cpu_percent

    def _job(self, pid: int | None) -> tuple[float | None, int | None]:
        if pid is None:
            return None, None
        tree = self._trees.get(pid)
        if tree is None:
            tree = self._trees[pid] = _Tree(pid)
        return tree.look(time.monotonic())

    def _disk_free(self) -> int | None:
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return None
