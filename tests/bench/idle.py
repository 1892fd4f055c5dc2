"""What an idle agent and an idle desktop cost, and how soon the window is painted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import psutil
from measure import ROOT, show

from agent_core.rehearsal.federation import Federation

IDLE_S = 30.0


def idle_agent(federation: Federation) -> dict[str, object]:
    """Return memory and processor share of a bound, connected agent that does nothing."""
    process = psutil.Process(federation.members[1].child.process.pid)
    time.sleep(5)  # let start-up work end
    before, started = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(IDLE_S)
    share = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - started) * 100
    rss = process.memory_info().rss / 1e6
    return {
        "what": "idle agent", "rss_mb": round(rss, 1), "cpu_percent": round(share, 2),
        "painted_s": "-", "target": "90 MB, 0.5 %", "met": rss <= 90 and share < 0.5,
    }  # fmt: skip


def idle_desktop(federation: Federation) -> dict[str, object]:
    """Return when the window was painted and what it holds ten seconds later."""
    home = federation.members[0].home.root
    started = time.time()
    process = federation.family.open_window(
        home, cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "SILODESK_TRACE": "1",
             "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        painted = json.loads(process.stdout.readline())["painted_at"] - started
        time.sleep(5)
        inner = psutil.Process(process.pid)
        before, begun = sum(inner.cpu_times()[:2]), time.monotonic()
        time.sleep(10)
        share = (sum(inner.cpu_times()[:2]) - before) / (time.monotonic() - begun) * 100
        rss = inner.memory_info().rss / 1e6
    finally:
        process.terminate()
        process.wait(10)
    return {
        "what": "idle desktop", "rss_mb": round(rss, 1), "cpu_percent": round(share, 2),
        "painted_s": round(painted, 2), "target": "250 MB, 1.0 s",
        "met": rss <= 250 and painted <= 1.0,
    }  # fmt: skip


def main() -> int:
    """Measure and print; return how many rows miss their target."""
    with Federation(silos=1, say=lambda _: None) as federation:
        rows = [idle_agent(federation), idle_desktop(federation)]
    return show("idle", rows)


if __name__ == "__main__":
    sys.exit(main())
