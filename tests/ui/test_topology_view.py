"""The topology's picture: keys, zoom, motion on real messages only, words for screen readers."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication

from app.widgets.theme import theme
from app.widgets.topology_model import HUB, Node, Topology
from app.widgets.topology_view import TopologyView

BOUND_MS = 15_000


def topology(silos: int = 3, **first: object) -> Topology:
    nodes = [
        Node(HUB, "hub", "Hub", state="ONLINE", detail="hub.example", round_trip_ms=24.0),
        Node(1, "server", "Aggregator · Lab", device="agg", state="RUNNING"),
    ]
    nodes += [
        Node(k, "silo", f"Site {k}", device=f"n{k}", letters=f"S{k % 10}", state="TRAINING",
             last_seen=time.time())
        for k in range(2, silos + 2)
    ]  # fmt: skip
    if first:
        nodes[2] = replace(nodes[2], **first)  # type: ignore[arg-type]
    return Topology(tuple(nodes), 1)


@pytest.fixture
def view(themed: QApplication, qtbot) -> TopologyView:
    made = TopologyView()
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show()
    made.show_topology(topology())
    made.setFocus()
    return made


def test_arrows_walk_the_nodes_and_enter_opens_one(view: TopologyView, qtbot) -> None:
    assert view.current == HUB
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.current == 1
    qtbot.keyClick(view, Qt.Key.Key_Down)
    first = view.current
    assert first in {2, 3, 4}
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.current == 2
    assert "Site 2, n2, training" in view.accessibleDescription()
    assert "4 devices" in view.accessibleDescription()
    with qtbot.waitSignal(view.opened, timeout=BOUND_MS) as opened:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert opened.args == [2]
    assert view._ring.isVisible() == view.hasFocus()


def test_a_click_opens_a_device_and_a_drag_does_not(view: TopologyView, qtbot) -> None:
    place = view.mapFromScene(view.nodes[3].place)
    assert view.key_at(QPointF(place)) == 3
    with qtbot.waitSignal(view.opened, timeout=BOUND_MS) as opened:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened.args == [3]
    seen: list[int] = []
    view.opened.connect(seen.append)
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    moved = place + view.viewport().rect().topLeft()
    moved.setX(moved.x() + 60)
    qtbot.mouseMove(view.viewport(), moved)
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=moved)
    assert seen == []


def test_words_leave_when_they_would_be_too_small(view: TopologyView, qtbot) -> None:
    assert view._layers.labels.isVisible()
    for _ in range(6):
        qtbot.keyClick(view, Qt.Key.Key_Minus)
    assert not view._layers.labels.isVisible()
    assert view.scale_now < 0.5
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view._layers.labels.isVisible()
    assert view.scale_now <= 1.0


def test_dots_travel_for_real_messages_only_and_never_where_motion_is_unwanted(
    view: TopologyView, qtbot
) -> None:
    view.show_topology(topology(state="RUNNING"))
    assert view.flow.count == 0
    view.show_topology(topology(state="RUNNING", bytes_up=10))
    assert view.flow.count == 1
    view.show_topology(topology(state="RUNNING", bytes_up=10))
    assert view.flow.count == 1
    qtbot.waitUntil(lambda: view.flow.count == 0, timeout=BOUND_MS)
    view.flow.is_calm = True
    view.show_topology(topology(state="RUNNING", bytes_up=20, bytes_down=20))
    assert view.flow.count == 0


def test_only_what_changed_is_drawn_anew(view: TopologyView) -> None:
    before = dict(view.nodes)
    view.show_topology(topology(state="SILENT", last_seen=time.time() - 20))
    assert view.nodes[2] is before[2]
    assert view.nodes[2].body.pen().color() == theme().color("warn")
    assert view.nodes[2].caption.text().startswith("silent")
    view.tick(time.time() + 10)
    assert view.nodes[2].caption.text() in {"silent 30 s", "silent 31 s", "silent 29 s"}
    view.show_topology(topology(4))
    assert view.nodes[2] is not before[2]


def test_a_change_of_theme_draws_everything_anew(view: TopologyView, qapp) -> None:
    try:
        theme().apply(qapp, "light")
        assert view.nodes[2].body.brush().color() == theme().color("raised")
    finally:
        theme().apply(qapp, "dark")


def test_two_thousand_devices_are_made_in_slices(view: TopologyView, qtbot) -> None:
    view.show_topology(topology(2000))
    assert len(view.nodes) < 2002  # the window is not kept waiting for all of them
    view.show_topology(topology(2000, state="FAILED"))
    qtbot.waitUntil(lambda: len(view.nodes) == 2002, timeout=BOUND_MS)
    assert view.nodes[2].node.state == "FAILED"
    assert view.nodes[1500].node.key == 1500
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.current != HUB


def test_a_crowd_from_afar_shows_states_and_can_be_clicked(view: TopologyView, qtbot) -> None:
    """From afar devices are no items, but squares on the ground."""
    view.show_topology(topology(400))
    view.viewport().grab()
    early = topology(400)
    assert 401 not in view.nodes
    last = replace(early.nodes[-1], state="SILENT")
    view.show_topology(Topology((*early.nodes[:-1], last), 1))
    qtbot.waitUntil(lambda: len(view.nodes) == 402, timeout=BOUND_MS)
    view.zoom(0.2 / view.scale_now)
    assert not view._layers.bodies.isVisible()

    def edge(key: int = 2) -> object:
        view.centerOn(view.nodes[key].place)
        place = view.mapFromScene(view.nodes[key].place)
        assert view.key_at(QPointF(place)) == key
        shown = view.viewport().grab().toImage()
        return shown.pixelColor(place.x(), place.y() - 5)

    assert edge(401) == theme().color("warn")
    assert edge() == theme().color("info")
    view.show_topology(topology(400, state="FAILED"))
    assert edge() == theme().color("danger")
    theme().apply(QApplication.instance(), "light")  # type: ignore[arg-type]
    try:
        assert edge() == theme().color("danger")
    finally:
        theme().apply(QApplication.instance(), "dark")  # type: ignore[arg-type]
    view.zoom(1 / view.scale_now)
    assert view._layers.bodies.isVisible()
