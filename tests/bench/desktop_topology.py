"""What a topology of 2,000 devices costs: frames a second while panning, recolouring 50 nodes."""

from __future__ import annotations

import json
import os
import statistics
import time
from dataclasses import replace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from app.widgets.fonts import load_fonts
from app.widgets.theme import theme
from app.widgets.topology_model import Node, Topology
from app.widgets.topology_view import TopologyView

DEVICES, FRAMES, CHANGED = 2000, 120, 50
STATES = ("IDLE", "TRAINING", "IDLE", "SILENT", "IDLE", "OFFLINE", "RUNNING")


def many(count: int) -> Topology:
    """Return a hub, an aggregator and this many silos in all states."""
    nodes = [
        Node(0, "hub", "Hub", state="ONLINE", detail="hub.example", round_trip_ms=24.0),
        Node(1, "server", "Coordinator", device="agg", state="RUNNING"),
    ]
    for number in range(2, count + 2):
        state = STATES[number % len(STATES)]
        name = f"Hospital {number}"
        nodes.append(
            Node(number, "silo", name, device=f"node-{number}", letters=f"H{number % 10}",
                 slot=number % 6, state=state, last_seen=time.time() - 40)
        )  # fmt: skip
    return Topology(tuple(nodes), 1)


def _pan(app: QApplication, view: TopologyView) -> list[float]:
    across, down = view.horizontalScrollBar(), view.verticalScrollBar()
    spent = []
    for frame in range(FRAMES):
        started = time.perf_counter()
        step = 9 if frame % 60 < 30 else -9
        across.setValue(across.value() + step)
        down.setValue(down.value() + step // 3)
        view.viewport().repaint()
        app.processEvents()
        spent.append((time.perf_counter() - started) * 1000)
    return spent


def _recolour(app: QApplication, view: TopologyView) -> list[float]:
    spent = []
    for turn in range(20):
        nodes = list(view.topology.nodes)
        state = ("TRAINING", "FAILED")[turn % 2]
        for at in range(2 + turn, 2 + turn + CHANGED):
            nodes[at] = replace(nodes[at], state=state)
        started = time.perf_counter()
        view.show_topology(Topology(tuple(nodes), 1))
        view.viewport().repaint()
        spent.append((time.perf_counter() - started) * 1000)
    return spent


def measure() -> dict[str, object]:
    """Return frame times of panning (all in sight, and at true size) and of recolouring."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    load_fonts()
    theme().apply(app, "dark")
    view = TopologyView()
    view.resize(1200, 700)
    view.show()
    started = time.perf_counter()
    view.show_topology(many(DEVICES))
    first = (time.perf_counter() - started) * 1000
    while len(view.nodes) < DEVICES + 2:
        app.processEvents()
    built = (time.perf_counter() - started) * 1000
    overview = _pan(app, view)
    view.zoom(1.0 / view.scale_now)
    app.processEvents()
    close = _pan(app, view)
    view.fit()
    recoloured = _recolour(app, view)
    view.close()
    pan = statistics.median(overview)
    return {
        "what": f"topology, {DEVICES} devices", "first_ms": round(first, 1),
        "build_ms": round(built, 1),
        "pan_frames_s": round(1000 / pan, 1), "pan_ms": round(pan, 2),
        "pan_p95_ms": round(sorted(overview)[int(FRAMES * 0.95)], 2),
        "pan_close_ms": round(statistics.median(close), 2),
        "recolour_50_ms": round(statistics.median(recoloured), 2),
        "target": ">= 30 frames/s", "met": 1000 / pan >= 30, "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
