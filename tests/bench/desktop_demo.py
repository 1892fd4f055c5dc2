"""A live federation watched in a real window: first paint, stops of the window, memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from desktop_parts import Stalls, application, pump, row, until
from PySide6.QtWidgets import QApplication, QDialog

from agent_core.client import AgentClient, EventStream
from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.packing import pack_flower

ROOT = Path(__file__).resolve().parents[2]
STALL_MINUTES = 10.0  # stops are counted over these, memory over all minutes
SEEN_S = 2.0
WARM_S = 90.0  # pages are imported and made: memory before says nothing about leaks
TABS = ("overview", "curves", "system", "logs", "models")
ROUNDS = 100_000  # a page that shows every round grows with their number


def measure(minutes: float, round_s: float) -> list[dict[str, Any]]:
    """Measure first paint, then watch a live run page by page; its rounds take `round_s`."""
    application()
    root = Path(tempfile.mkdtemp(prefix="sd"))
    with Federation(silos=3, root=root / "f", say=lambda _: None) as running:
        package = pack_flower(ROOT / "tests/e2e/apps/slow", root / "b")
        steady = running.add_application("Steady rounds", [package])
        running.allow(steady, by="bench")
        run_id, project_id = _start(running, steady, round_s)
        approval_id = _ask(running, project_id, root)
        rows = [_painted(running)]
        rows += _watch(running, run_id, project_id, approval_id, minutes)
        rows[-1]["what"] += f", rounds of {round_s:g} s"
        running.coordinator.client.call("runs.stop", run_id=run_id, reason="the bench ends")
    return rows


def _start(running: Federation, application: dict[str, Any], round_s: float) -> tuple[int, int]:
    call = running.coordinator.client.call
    project = call("projects.create", name="Bench", group_id=running.group_id)
    run = call(
        "runs.create", project_id=project["id"], application_id=application["id"], name="live",
        rounds=ROUNDS, round_deadline_s=120.0, quorum=2, parameters={"seconds": round_s},
        server_edge=running.coordinator.edge_id,
        client_edges=[member.edge_id for member in running.members[1:]],
    )  # fmt: skip
    call("runs.start", run_id=run["id"])
    return int(run["id"]), int(project["id"])


def _ask(running: Federation, project_id: int, root: Path) -> int:
    """Start a run that waits for the operators; return the number of the question here."""
    call = running.coordinator.client.call
    package = pack_flower(ROOT / "resources/samples/breast_cancer", root / "asked")
    application = running.add_application("Asked first", [package])
    run = call(
        "runs.create", project_id=project_id, application_id=application["id"], name="asked",
        rounds=2, server_edge=running.coordinator.edge_id,
        client_edges=[member.edge_id for member in running.members[1:]],
    )  # fmt: skip
    call("runs.start", run_id=run["id"])
    until(lambda: bool(call("approvals.list", state="pending")))
    return int(call("approvals.list", state="pending")[0]["id"])


def _painted(running: Federation) -> dict[str, Any]:
    """Return when the window of a process of its own was painted, the median of three."""
    seconds = []
    for _ in range(3):
        started = time.time()
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "--home", str(running.coordinator.home.root)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "SILODESK_TRACE": "1"},
        )  # fmt: skip
        assert process.stdout is not None
        try:
            seconds.append(json.loads(process.stdout.readline())["painted_at"] - started)
        finally:
            process.terminate()
            process.wait(10)
    return row("window painted, s", round(statistics.median(seconds), 2), 1.0)


def _watch(
    running: Federation, run_id: int, project_id: int, approval_id: int, minutes: float
) -> list[dict[str, Any]]:
    from app.main import make_desktop
    from app.shell.preload import preload

    home = running.coordinator.home
    desktop = make_desktop(home, AgentClient(home), lambda on: EventStream(home, on))
    window = desktop.window
    window.resize(1440, 900)
    window.navigate("home")
    window.show()
    desktop.start_agent(lambda: None)
    pump(0.05)  # painted: what blocks it from here on is seen
    stalls = Stalls()
    stalls.start()
    until(lambda: bool(window.status))
    preload(desktop.tasks, window.coming.start)  # as the program does it once its window stands
    until(lambda: not desktop.tasks.is_busy)
    places = _places(window, run_id, project_id, running.group_id, approval_id)
    memory: list[tuple[float, float]] = []
    started = time.monotonic()
    counted: dict[str, Any] = {}
    turn = 0
    while (passed := time.monotonic() - started) < minutes * 60:
        places[turn % len(places)]()
        turn += 1
        pump(SEEN_S)
        _leave(window)
        memory.append((passed, psutil.Process().memory_info().rss / 1e6))
        if not counted and passed >= STALL_MINUTES * 60:
            counted = _counted(stalls)
    counted = counted or _counted(stalls)
    stalls.stop()
    window.close()
    desktop.close()
    return [*_stall_rows(counted, min(minutes, STALL_MINUTES), turn), *_memory_rows(memory)]


def _leave(window: Any) -> None:
    """Close what is open over the window, deciding nothing."""
    window.tools.palette.leave()
    for one in QApplication.topLevelWidgets():
        if isinstance(one, QDialog) and one.isVisible():
            one.reject()


def _places(
    window: Any, run_id: int, project_id: int, group_id: int, approval_id: int
) -> list[Callable[[], None]]:
    from app.shell.navigation import PAGES

    keys = [one.key for one in PAGES if one.section]
    places: list[Callable[[], None]] = [lambda key=key: window.navigate(key) for key in keys]
    places.append(lambda: window.navigate("project", project_id=project_id))
    places += [lambda tab=tab: window.navigate("run", run_id=run_id, tab=tab) for tab in TABS]
    places.append(lambda: window.navigate("compare", run_ids=[run_id]))
    places.append(lambda: window.navigate("group", group_id=group_id))
    places.append(lambda: window.navigate("project", project_id=project_id, new_run=True))
    places.append(window.tools.open_palette)
    places.append(lambda: window.navigate("approvals", approval=approval_id))
    return places


def _counted(stalls: Stalls) -> dict[str, Any]:
    worst = ", ".join(f"{place} ({count})" for place, count in stalls.places.most_common(3))
    return {
        "longest": stalls.longest, "over": stalls.over_50, "worst": worst,
        "own": stalls.longest_own, "own_over": stalls.own_over_50,
    }  # fmt: skip


def _stall_rows(counted: dict[str, Any], minutes: float, turns: int) -> list[dict[str, Any]]:
    return [
        row(f"longest stop of the window in {minutes:g} min, ms", round(counted["longest"], 1), 50),
        row(f"  stops over 50 ms, {turns} pages seen", counted["over"], 0),
        row("  longest by the thread's own processor time, ms", round(counted["own"], 1), 50),
        row("  stops over 50 ms by that", counted["own_over"], 0),
        row("  where", counted["worst"] or "-"),
    ]


def _memory_rows(memory: list[tuple[float, float]]) -> list[dict[str, Any]]:
    """Return how memory grows after the first minutes, in which pages are made."""
    warm = [one for one in memory if one[0] >= min(WARM_S, memory[-1][0] / 3)]
    times, sizes = [at for at, _ in warm], [size for _, size in warm]
    slope = 0.0
    if len(set(times)) > 2:
        slope = statistics.linear_regression(times, sizes).slope * 60
    return [
        row(f"memory after {memory[-1][0] / 60:.1f} min of a live run, MB", round(sizes[-1], 1)),
        row("  once pages are made, MB", round(sizes[0], 1)),
        row("  growth, MB a minute", round(slope, 2), 0.2),
    ]
