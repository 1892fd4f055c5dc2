"""System figures: every two seconds for the runs of live jobs, now and then for the status."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time

from agent_core.agent.dispatcher import Dispatcher
from agent_core.agent.parts import Parts
from agent_core.protocol.records import SystemSample
from agent_core.protocol.vitals import Vitals
from agent_core.telemetry.system import SystemSampler

log = logging.getLogger(__name__)

EVERY_S = 2.0
STATUS_FRESH_S = 2.0
_CARRIED = {
    "at", "cpu_percent", "memory_used", "memory_total", "disk_free", "gpu_percent",
    "gpu_memory_used", "gpu_temperature",
}  # fmt: skip


class Sampling:
    """Take samples where someone will look at them, and none otherwise."""

    def __init__(self, parts: Parts, dispatcher: Dispatcher, sampler: SystemSampler) -> None:
        self._parts = parts
        self._dispatcher = dispatcher
        self._sampler = sampler
        self._last: SystemSample | None = None
        self._last_at = 0.0
        self._wanted = asyncio.Event()

    def kick(self) -> None:
        """Say that jobs may be live."""
        self._wanted.set()

    def for_status(self) -> SystemSample | None:
        """Return fresh figures of the machine."""
        if self._last is None or time.monotonic() - self._last_at > STATUS_FRESH_S:
            self._keep(self._sampler.sample(self._parts.edge_id))
        return self._last

    def for_heartbeat(self, round_trip_ms: float | None) -> Vitals | None:
        """Return the machine's figures as a heartbeat carries them."""
        sample = self.for_status()
        if sample is None:
            return None
        figures = sample.model_dump(include=_CARRIED)
        return Vitals(**figures, disk_total=self._disk_total(), round_trip_ms=round_trip_ms)

    def _disk_total(self) -> int | None:
        try:
            return shutil.disk_usage(self._parts.home.root).total
        except OSError:
            return None

    def job_pids(self) -> list[int]:
        """Return the first processes of live jobs."""
        pids = (path.pid for path in list(self._dispatcher.paths.values()))
        return [pid for pid in pids if pid]

    async def keep_sampling(self) -> None:
        """Sample live jobs for as long as the agent lives."""
        pids: set[int] = set()
        while True:
            live = [
                (path.job.run_id, path.pid)
                for path in list(self._dispatcher.paths.values())
                if path.pid is not None
            ]
            for gone in pids - {pid for _, pid in live if pid}:
                self._sampler.forget(gone)
            pids = {pid for _, pid in live if pid}
            if not live:
                self._wanted.clear()
                await self._wanted.wait()
                await asyncio.sleep(0.5)
                continue
            for run_id, pid in live:
                sample = await asyncio.to_thread(
                    self._sampler.sample, self._parts.edge_id, run_id, pid
                )
                self._keep(sample)
                self._parts.uplink.append_system(sample.model_dump(mode="json"))
            await asyncio.sleep(EVERY_S)

    def _keep(self, sample: SystemSample) -> None:
        self._last, self._last_at = sample, time.monotonic()
