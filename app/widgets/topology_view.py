"""The picture of who works with whom: zoomed, panned, walked by keys, live."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsRectItem, QGraphicsScene, QGraphicsView

from app.i18n import tr, trn
from app.widgets.theme import theme
from app.widgets.topology_flow import Flow
from app.widgets.topology_ground import Ground, Squares, dotted, draw_dots, draw_lines
from app.widgets.topology_items import (
    CROWD,
    SERVER_SIDE,
    SIDE,
    Edges,
    Layers,
    NodeItems,
    curve,
    side_of,
)
from app.widgets.topology_model import HUB, IN_A_ROW, Node, Topology, places_of, spoken

LEAST, MOST_ZOOM, WHEEL = 0.02, 2.5, 1.0015
LETTERS_FROM, LABELS_FROM = 0.28, 0.62  # of the true size
SLICE = 60  # nodes made at once; the next ones follow when the window has painted
CLICK = 5  # pixels a press may move and still be a click


class TopologyView(QGraphicsView):
    """Hub, aggregator and silos; `opened` carries an edge id, `zoomed` the scale."""

    opened = Signal(int)
    chosen = Signal(int)
    zoomed = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHints(QPainter.RenderHint.Antialiasing)
        self.setOptimizationFlag(self.OptimizationFlag.DontSavePainterState)
        self.setViewportUpdateMode(self.ViewportUpdateMode.SmartViewportUpdate)
        self.setDragMode(self.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(self.ViewportAnchor.AnchorUnderMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(320, 240)
        self.setAccessibleName(tr("Topology"))
        self.topology = Topology()
        self.nodes: dict[int, NodeItems] = {}
        self.current = HUB
        self._places: dict[int, tuple[float, float]] = {}
        self._fits = True
        self._pressed = QPointF()
        self._missing: list[Node] = []
        self._is_crowd = False
        self._later = QTimer(self, singleShot=True, interval=4)
        self._later.timeout.connect(self._make_nodes)
        self._make_scene()
        self.flow = Flow(self, lambda: self._layers.dots)
        theme().changed.connect(self._repaint)

    def _make_scene(self) -> None:
        scene = QGraphicsScene(self)
        scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self._layers, self._edges = Layers(scene), Edges(scene)
        self._ring = QGraphicsRectItem()
        self._ring.setZValue(9)
        self._ring.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        scene.addItem(self._ring)
        self.setScene(scene)
        self._tile = dotted()
        self._ground = Ground(self._paint_ground)
        self._squares = Squares((), {})
        self._ways: dict[int, QPainterPath] = {}

    # --- what is shown ---
    def show_topology(self, shown: Topology) -> None:
        """Show a topology; of the same nodes only those are drawn anew that changed."""
        before, self.topology = self.topology, shown
        same = [node.key for node in before.nodes] == [node.key for node in shown.nodes]
        if not same or before.server != shown.server:
            self._rebuild()
            return
        newest = {node.key: node for node in shown.nodes}
        self._missing = [newest[node.key] for node in self._missing]
        lines_changed = False
        changed: list[int] = []
        for was, node in zip(before.nodes, shown.nodes, strict=True):
            if was is node:
                continue
            items = self.nodes.get(node.key)  # not yet made while slices follow
            if items is not None:
                items.node = node
                self._send(was, node)
            if was.looks != node.looks:
                lines_changed |= was.line != node.line
                changed.append(node.key)
                if items is not None:
                    items.show(node)
        if lines_changed:
            self._draw_edges()
        self._forget_ground(changed, lines_changed)
        self._describe()

    def _forget_ground(self, changed: list[int], with_lines: bool) -> None:
        if not changed or not self._is_crowd:
            return
        ends = [HUB, self.topology.server] if with_lines else []
        self._ground.forget_around(_room_of({key: self._places[key] for key in changed + ends}))
        self.viewport().update()

    def tick(self, now: float | None = None) -> None:
        """Draw the ages of silent and absent devices anew."""
        if self._layers.labels.isVisible():
            for items in self.nodes.values():
                if items.node.line in {"silent", "offline"}:
                    items.show_age(now)

    def _rebuild(self) -> None:
        self.flow.clear()
        self._make_scene()
        self._places = places_of(self.topology)
        self.nodes = {}
        self._missing = list(reversed(self.topology.nodes))
        if self.current not in self._places:
            self.current = HUB
        self._is_crowd = len(self.topology.nodes) > CROWD
        self._squares = Squares(self.topology.nodes, self._places)
        self.setRenderHint(QPainter.RenderHint.Antialiasing, not self._is_crowd)
        self._make_nodes()
        if self._is_crowd:
            QTimer.singleShot(0, self, self._draw_all_edges)
        else:
            self._draw_edges()
        room = _room_of(self._places)
        self.scene().setSceneRect(room.adjusted(-room.width(), -room.height(), *_far(room)))
        self._room = room
        if self._fits:
            self.fit()
        self._show_details()
        self._describe()

    def _make_nodes(self) -> None:
        """Make the items of the next nodes; of thousands, slice by slice."""
        for _ in range(min(SLICE, len(self._missing))):
            node = self._missing.pop()
            place = QPointF(*self._places[node.key])
            self.nodes[node.key] = NodeItems(node, place, self._layers, self._is_crowd)
        if self._missing:
            self._later.start()
        else:
            self._mark()

    def _draw_edges(self) -> None:
        silos = [node for node in self.topology.nodes if node.part != "hub"]
        self._edges.show([(node.line, self.path_to(node)) for node in silos], len(silos))

    def _draw_all_edges(self) -> None:
        self._draw_edges()
        self._ground.forget()
        self.viewport().update()

    def path_to(self, node: Node) -> QPainterPath:
        """Return the line that leads to a node from above."""
        found = self._ways.get(node.key)
        if found is None:
            found = self._ways[node.key] = self._way_to(node)
        return found

    def _way_to(self, node: Node) -> QPainterPath:
        ring = len(self.topology.nodes) > IN_A_ROW + 2
        above = HUB if node.key == self.topology.server else self.topology.server
        start, end = QPointF(*self._places[above]), QPointF(*self._places[node.key])
        if not ring:  # lines begin under the upper node's words and end over the lower one
            start += QPointF(0, (SERVER_SIDE if above != HUB else SIDE) / 2 + 46)
            end -= QPointF(0, side_of(node) / 2 + 2)
        return curve(start, end, ring, self._is_crowd)

    def _send(self, before: Node, now: Node) -> None:
        if now.part == "hub":
            return
        if now.bytes_up > before.bytes_up:
            self.flow.send(self.path_to(now), upwards=now.part == "silo")
        if now.bytes_down > before.bytes_down:
            self.flow.send(self.path_to(now), upwards=now.part != "silo")

    def _repaint(self) -> None:
        self._tile = dotted()
        for items in self.nodes.values():
            items.show(items.node)
        if self.nodes:
            self._draw_all_edges()
        self._mark()

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        """Draw what lies under the items, in pixels: dots keep their size at every scale."""
        painter.save()
        try:
            painter.resetTransform()
            if self._is_crowd:
                self._ground.draw(painter, self.viewportTransform(), self.viewport().size())
            else:
                origin = self.mapFromScene(0, 0)
                exposed = self.mapFromScene(QRectF(rect)).boundingRect()
                painter.translate(origin)
                draw_dots(painter, exposed.translated(-origin), self._tile)
        finally:
            painter.restore()

    def _paint_ground(self, painter: QPainter, area: QRect, scale: float) -> None:
        draw_dots(painter, area, self._tile)
        draw_lines(painter, self._edges, scale)
        if scale < LETTERS_FROM:
            self._squares.draw(painter, area, scale, self.topology.nodes)

    # --- looking around ---
    @property
    def scale_now(self) -> float:
        """Return the present scale."""
        return self.transform().m11()

    def fit(self) -> None:
        """Show everything, never larger than life."""
        self._fits = True
        if self.nodes and self.viewport().width() > 20:
            self.fitInView(self._room, Qt.AspectRatioMode.KeepAspectRatio)
            if self.scale_now > 1.0:
                self.resetTransform()
                self.centerOn(self._room.center())
            self._show_details()

    def zoom(self, factor: float) -> None:
        """Come closer or go away."""
        wanted = min(MOST_ZOOM, max(LEAST, self.scale_now * factor))
        self._fits = False
        self.scale(wanted / self.scale_now, wanted / self.scale_now)
        self._show_details()

    def _show_details(self) -> None:
        scale = self.scale_now
        # From afar a crowd is part of the ground.
        self._layers.bodies.setVisible(scale >= LETTERS_FROM or not self._is_crowd)
        self._layers.letters.setVisible(scale >= LETTERS_FROM)
        self._layers.badges.setVisible(scale >= LETTERS_FROM)
        self._layers.labels.setVisible(scale >= LABELS_FROM)
        self.zoomed.emit(scale)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(WHEEL ** event.angleDelta().y())
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fits:
            self.fit()

    # --- choosing ---
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if (event.position() - self._pressed).manhattanLength() <= CLICK:
            key = self.key_at(event.position())
            if key is not None:
                self.choose(key)
                self._open()
        else:
            self._fits = False

    def key_at(self, place: QPointF) -> int | None:
        """Return the node under a point of the view."""
        at = self.mapToScene(place.toPoint())
        for key, items in self.nodes.items():
            away, half = at - items.place, side_of(items.node) / 2
            if abs(away.x()) <= half and abs(away.y()) <= half:
                return key
        return None

    def choose(self, key: int) -> None:
        """Mark a node."""
        if key in self.nodes:
            self.current = key
            self._mark()
            self._describe()
            self.chosen.emit(key)

    def _open(self) -> None:
        if self.current != HUB:
            self.opened.emit(self.current)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ways = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
        }  # fmt: skip
        key = Qt.Key(event.key())
        if key in ways:
            self._walk(*ways[key])
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self._open()
        elif key in {Qt.Key.Key_Plus, Qt.Key.Key_Equal}:
            self.zoom(1.25)
        elif key == Qt.Key.Key_Minus:
            self.zoom(0.8)
        elif key in {Qt.Key.Key_0, Qt.Key.Key_Home}:
            self.fit()
        else:
            event.ignore()

    def _walk(self, dx: int, dy: int) -> None:
        """Go to the nearest node in a direction."""
        if not self.nodes:
            return
        x, y = self._places[self.current]
        best, least = None, math.inf
        for key, (other_x, other_y) in self._places.items():
            ahead = (other_x - x) * dx + (other_y - y) * dy
            aside = abs((other_x - x) * dy) + abs((other_y - y) * dx)
            if key in self.nodes and key != self.current and ahead > 1:
                cost = ahead + 2 * aside
                if cost < least:
                    best, least = key, cost
        if best is not None:
            self.choose(best)
            self.ensureVisible(self.nodes[best].body, 80, 80)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._mark()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._mark()

    def _mark(self) -> None:
        items = self.nodes.get(self.current)
        self._ring.setVisible(items is not None and self.hasFocus())
        if items is not None:
            side = side_of(items.node) + 14
            pen = QPen(theme().color("focus"), 2.0)
            pen.setCosmetic(True)
            self._ring.setPen(pen)
            self._ring.setRect(QRectF(-side / 2, -side / 2, side, side))
            self._ring.setPos(items.place)

    def _describe(self) -> None:
        node = self.topology.find(self.current)
        count = len(self.topology.nodes) - 1
        whole = trn("{count} device", "{count} devices", count)
        self.setAccessibleDescription(f"{spoken(node)}. {whole}" if node else whole)


def _room_of(places: dict[int, tuple[float, float]]) -> QRectF:
    """Return the rectangle around all nodes and their words."""
    across = [x for x, _ in places.values()]
    down = [y for _, y in places.values()]
    left, top = min(across) - 90, min(down) - 60
    return QRectF(left, top, max(across) + 90 - left, max(down) + 100 - top)


def _far(room: QRectF) -> tuple[float, float]:
    return room.width(), room.height()
