"""Which process a child is, on record, so that what a killed hub left over can be ended by id."""

from __future__ import annotations

import contextlib
import json
import logging
from pathlib import Path

import psutil

log = logging.getLogger(__name__)

END_BOUND_S = 5.0


def identity(pid: int) -> str | None:
    """Return what tells this process from a later one with the same id, or None."""
    try:
        # Field 22 of stat, counted behind the name, which may hold blanks and brackets.
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{ticks}"
    except OSError:
        pass
    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return None


def write_record(path: Path, pid: int) -> None:
    """Note which process a child is."""
    path.write_text(json.dumps({"pid": pid, "identity": identity(pid)}), "utf-8")


def end_left_over(record: Path) -> None:
    """End the process of a record if it still is that process, and forget the record."""
    try:
        content = json.loads(record.read_text("utf-8"))
        pid, known = int(content["pid"]), content["identity"]
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError):
        known, pid = None, 0  # a record that a crash cut: nothing to go by
    if known and identity(pid) == known:
        log.warning("Ending process %s, left over from a hub that was killed.", pid)
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            process.terminate()
            try:
                process.wait(END_BOUND_S)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(END_BOUND_S)
    record.unlink(missing_ok=True)
