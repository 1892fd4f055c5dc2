"""The readings that house rules judge, taken from this machine; what it cannot say stays None."""

from __future__ import annotations

import datetime as dt
import os
import time

import psutil

from agent_core.agent.house_rules import Readings
from agent_core.protocol.records_rules import HouseRules
from agent_core.telemetry.gpus import Gpus

# As Linux names the sensors of processors; others (disks, radios) say nothing of the load.
CPU_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "acpitz")


class Probe:
    """Take readings; loads cover the time since the reading before."""

    def __init__(self, gpus: Gpus | None = None) -> None:
        self._gpus = gpus
        self._machine: tuple[float, float] | None = None  # busy and all seconds
        self._jobs: dict[tuple[int, float], float] = {}
        self._others: float | None = None

    def read(self, rules: HouseRules, job_pids: list[int]) -> Readings:
        """Return what the machine says now; `job_pids` are the jobs' first processes."""
        if self._gpus is None:
            self._gpus = Gpus()
        gpu = self._gpus.read()
        heat = {"CPU": _cpu_temperature(), "GPU": gpu.temperature}
        battery = _battery()
        return Readings(
            at=dt.datetime.now().astimezone(),
            on_battery=None if battery is None else not battery[0],
            battery_percent=None if battery is None else battery[1],
            temperatures={name: value for name, value in heat.items() if value is not None},
            others_cpu=self._others_cpu(job_pids),
            # The driver does not tell whose load it is; only without a job of ours is it others'.
            others_gpu=gpu.percent if not job_pids else None,
            running=_running() if rules.apps_on and rules.apps else frozenset(),
            cores=os.cpu_count() or 1,
        )

    def _others_cpu(self, job_pids: list[int]) -> float | None:
        times = psutil.cpu_times()
        every = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        busy = every - times.idle - getattr(times, "iowait", 0.0)
        spent = _spent(job_pids)
        before, self._machine = self._machine, (busy, every)
        ours = sum(value - self._jobs.get(key, value) for key, value in spent.items())
        self._jobs = spent
        if before is not None and every - before[1] >= 0.5:
            share = 100 * (busy - before[0] - ours) / (every - before[1])
            self._others = min(100.0, max(0.0, share))
        return self._others


def _spent(pids: list[int]) -> dict[tuple[int, float], float]:
    """Return the processor seconds of jobs by process."""
    spent: dict[tuple[int, float], float] = {}
    for pid in pids:
        try:
            root = psutil.Process(pid)
            members = [root, *root.children(recursive=True)]
        except psutil.Error:
            continue
        for member in members:
            try:
                times = member.cpu_times()
                spent[member.pid, member.create_time()] = times.user + times.system
            except psutil.Error:
                continue  # it ended while we looked
    return spent


def _battery() -> tuple[bool, float] | None:
    sensor = getattr(psutil, "sensors_battery", None)
    found = sensor() if sensor is not None else None
    # A battery whose plug is not known (None) counts as plugged: nothing is invented.
    return None if found is None else (found.power_plugged is not False, float(found.percent))


def _cpu_temperature() -> float | None:
    sensors = getattr(psutil, "sensors_temperatures", None)
    found = sensors() if sensors is not None else {}
    for name in CPU_SENSORS:
        values = [item.current for item in found.get(name, []) if item.current]
        if values:
            return float(max(values))
    return None


def _running() -> frozenset[str]:
    names = (process.info["name"] for process in psutil.process_iter(["name"]))
    return frozenset(name.lower() for name in names if name)


def cap_cores(pids: list[int], cores: int | None) -> None:
    """Bind jobs' processes and threads to the machine's last cores, or let them use all again."""
    if not hasattr(os, "sched_setaffinity"):
        return
    every = sorted(os.sched_getaffinity(0))
    allowed = set(every[-cores:]) if cores is not None else set(every)
    for pid in pids:
        try:
            root = psutil.Process(pid)
            members = [root, *root.children(recursive=True)]
            threads = [thread.id for member in members for thread in member.threads()]
        except psutil.Error:
            continue
        for thread in threads:
            try:
                if os.sched_getaffinity(thread) != allowed:
                    os.sched_setaffinity(thread, allowed)
            except OSError:
                continue  # it ended while we looked


def midnight(now: float | None = None) -> tuple[float, float]:
    """Return when this local day began and when the next one begins."""
    moment = dt.datetime.fromtimestamp(time.time() if now is None else now).astimezone()
    began = moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    # Each by the wall's clock: a day of the change of summer time has 23 or 25 hours.
    return began.astimezone().timestamp(), (began + dt.timedelta(days=1)).astimezone().timestamp()
