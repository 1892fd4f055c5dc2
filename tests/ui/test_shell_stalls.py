"""Stalls of the GUI thread are found with their place; a free thread has none written."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer

from app.bridge.stalls import StallWatch
from app.main import arguments

BOUND_MS = 10_000


def sit_still(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def watched(file: Path, block: Callable[[], object], qtbot) -> tuple[StallWatch, list[dict]]:
    """Block the thread once while it is watched; return the stalls and the sum."""
    watch, done = StallWatch(file), []
    QTimer.singleShot(30, lambda: done.append(block()))
    qtbot.waitUntil(lambda: bool(done) and watch.worst_s > 0.5, timeout=BOUND_MS)
    watch.close()
    watch.close()
    return watch, [json.loads(line) for line in file.read_text().splitlines()]


def test_a_blocked_thread_is_told_with_its_place(qapp: object, tmp_path: Path, qtbot) -> None:
    watch, lines = watched(tmp_path / "stalls.jsonl", lambda: sit_still(1.0), qtbot)
    *stalls, summary = lines
    ours = [one for one in stalls if any("sit_still" in place for place in one["stack"])]
    assert ours
    assert max(one["ms"] for one in ours) > 500
    assert max(one["computed_ms"] for one in ours) > 0
    assert summary["summary"]
    assert summary["stalls"] == len(stalls) == watch.count


def test_waiting_costs_no_computing(qapp: object, tmp_path: Path, qtbot) -> None:
    _, lines = watched(tmp_path / "stalls.jsonl", lambda: time.sleep(1.0), qtbot)
    worst = max((one for one in lines if "ms" in one), key=lambda one: one["ms"])
    assert worst["computed_ms"] < worst["ms"]


def test_it_is_off_unless_asked_for() -> None:
    assert arguments([]).stalls is None
    assert arguments(["--stalls", "x.jsonl"]).stalls == Path("x.jsonl")
