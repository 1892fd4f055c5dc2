"""How much memory a rehearsal's processes take."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Self

import psutil


class MemoryWatch:
    """Keep the peak resident memory of every process below a rehearsal's root, by name."""

    EVERY_S = 1.0

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._peaks: dict[tuple[str, int], float] = {}
        self._names: dict[int, str | None] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory watch", daemon=True)

    def __enter__(self) -> Self:
        """Start watching."""
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Look a last time and stop."""
        self._end.set()
        self._thread.join(5)

    def peaks(self) -> dict[str, float]:
        """Return peak MB by process name; several processes of a name get a number."""
        by_name: dict[str, list[float]] = {}
        for (name, _), peak in sorted(self._peaks.items()):
            by_name.setdefault(name, []).append(peak)
        return {
            name if len(peaks) == 1 else f"{name}-{number}": round(peak, 1)
            for name, peaks in sorted(by_name.items())
            for number, peak in enumerate(peaks, start=1)
        }

    def _watch(self) -> None:
        while True:
            self._look()
            if self._end.wait(self.EVERY_S):
                self._look()
                return

    def _look(self) -> None:
        for process in psutil.process_iter():
            if process.pid not in self._names:
                self._names[process.pid] = self._name_of(process)
            name = self._names[process.pid]
            if name:
                peak = peak_rss_mb(process.pid)
                key = (name, process.pid)
                self._peaks[key] = max(self._peaks.get(key, 0.0), peak)

    def _name_of(self, process: psutil.Process) -> str | None:
        try:
            words = process.cmdline()
            environment = process.environ() if words else {}
        except psutil.Error:
            return None
        line = " ".join(words)
        if "silodesk_worker" in line and "bwrap" not in words[0] and "python" in words[0]:
            parents = [parent.cmdline() for parent in process.parents()]
            if any(self._root in " ".join(parent) for parent in parents) or (
                self._root in " ".join(environment.values())
            ):
                return "job"
            return None
        if self._root not in line:
            return None
        for mark, name in (
            ("keeper", "keeper"), ("bwrap", "sandbox"), ("nats-server", "broker"),
            ("weed", "store"), (" hub ", "hub"), (" agent ", "agent"),
        ):  # fmt: skip
            if mark in line:
                return name
        return None


def peak_rss_mb(pid: int) -> float:
    """Return the peak resident memory of a process in MB (the present one off Linux), else 0."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        return 0.0
    except OSError:
        try:
            return float(psutil.Process(pid).memory_info().rss) / 1e6
        except psutil.Error:
            return 0.0
