"""Bound what a job may write, and find out how much it did; standard library only."""
# ruff: noqa: PTH123
# (pathlib would cost every keeper its memory)

from __future__ import annotations

import os
import stat
import time
from typing import Any

LOG_RATE, LOG_BURST = 512 * 1024, 8 * 1024 * 1024  # bytes a second of log, and at once
FRAME_RATE, FRAME_BURST = 4 * 1024 * 1024, 64 * 1024 * 1024  # of other frames, tensors aside
BACKLOG_LIMIT = 256 * 1024 * 1024  # not acknowledged: then the job waits
BLOB_BACKLOG_LIMIT = 16 * 1024 * 1024 * 1024
FREE_LIMIT = 256 * 1024 * 1024  # the disk is never filled further
LINE_LIMIT = 8 * 1024
LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}


class Bucket:
    """A rate with a burst, in bytes."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._at = time.monotonic()

    def take(self, count: int) -> float:
        """Take bytes, into debt if need be; return the seconds until the debt is paid."""
        now = time.monotonic()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate) - count
        self._at = now
        return max(0.0, -self._level / self._rate)

    def may_take(self, count: int) -> bool:
        """Take bytes if they are there."""
        if self.take(count) > 0:
            self._level += count
            return False
        return True


class LogLimit:
    """Let log lines through up to a rate and count the rest."""

    def __init__(self) -> None:
        self._bucket = Bucket(LOG_RATE, LOG_BURST)
        self.dropped = 0

    def pass_on(self, lines: Any) -> list[dict[str, Any]]:
        """Return the lines that may go on, cut to their length; a note tells of dropped ones."""
        passed: list[dict[str, Any]] = []
        for line in lines if isinstance(lines, list) else []:
            if not isinstance(line, dict) or not isinstance(line.get("text"), str):
                continue
            text = line["text"][:LINE_LIMIT]
            if not self._bucket.may_take(len(text) + 64):
                self.dropped += 1
                continue
            if self.dropped:
                passed.append(self.note())
            level = line.get("level")
            at = line.get("at")
            passed.append({
                "at": at if isinstance(at, int | float) else time.time(),
                "level": level if level in LEVELS else "INFO",
                "text": text,
            })  # fmt: skip
        return passed

    def note(self) -> dict[str, Any]:
        """Return the line that tells how many were dropped, and count anew."""
        text = f"{self.dropped} log lines were dropped: the job writes more than is kept."
        self.dropped = 0
        return {"at": time.time(), "level": "WARNING", "text": text}


def used_bytes(folder: str, stop_at: int) -> int:
    """Return the bytes that files below a folder occupy, following no link; stops early."""
    total = 0
    waiting = [folder]
    while waiting and total <= stop_at:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    found = entry.stat(follow_symlinks=False)
                    total += found.st_blocks * 512 + 256
                    if stat.S_ISDIR(found.st_mode):
                        waiting.append(entry.path)
        except OSError:
            continue  # removed meanwhile
    return total


def free_bytes(folder: str) -> int:
    """Return the bytes that may still be written where a folder lies."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def oom_kills() -> int:
    """Return how many processes this machine has ended for memory since its start."""
    try:
        with open("/proc/vmstat", encoding="ascii") as file:
            for line in file:
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0
