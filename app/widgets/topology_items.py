"""The items of a topology's picture: built-in ones only, in layers that hide together."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainterPath, QPen
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsPathItem,
    QGraphicsPixmapItem,
    QGraphicsRectItem,
    QGraphicsScene,
    QGraphicsSimpleTextItem,
)

from app.widgets.theme import theme
from app.widgets.tokens import look
from app.widgets.topology_model import Line, Node, caption

SIDE, SERVER_SIDE, RADIUS = 50.0, 60.0, 11.0
LABEL_WIDTH = 124.0
CROWD = 300  # nodes; above, what is drawn is plainer
LINES: dict[Line, tuple[str, float, bool]] = {  # token, width, dashed
    "working": ("info", 1.8, False),
    "idle": ("control", 1.4, False),
    "silent": ("warn", 1.6, True),
    "offline": ("border_strong", 1.4, True),
}


def side_of(node: Node) -> float:
    """Return how large a node is drawn."""
    return SERVER_SIDE if node.part == "server" else SIDE


def edge_token(node: Node) -> str:
    """Return the colour of a node's edge."""
    return "border_strong" if node.line == "offline" else look(node.state).token


def _square(side: float) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(-side / 2, -side / 2, side, side), RADIUS, RADIUS)
    return path


class Layers:
    """Parents without a picture of their own, from the bottom to the top."""

    def __init__(self, scene: QGraphicsScene) -> None:
        self.bodies = self._layer(scene, 2)
        self.letters = self._layer(scene, 3)
        self.badges = self._layer(scene, 4)
        self.labels = self._layer(scene, 5)
        self.dots = self._layer(scene, 6)

    def _layer(self, scene: QGraphicsScene, height: float) -> QGraphicsItem:
        item = QGraphicsRectItem()
        item.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)
        item.setZValue(height)
        scene.addItem(item)
        return item


class NodeItems:
    """The parts of one node's picture."""

    _paths: dict[float, QPainterPath] = {}  # noqa: RUF012 - a cache of two shapes

    def __init__(self, node: Node, place: QPointF, layers: Layers, is_plain: bool) -> None:
        self.node = node
        self.place = place
        side = side_of(node)
        self.body: QGraphicsPathItem | QGraphicsRectItem
        if is_plain:  # among many the corners are not seen, and cost four times as much
            self.body = QGraphicsRectItem(-side / 2, -side / 2, side, side, layers.bodies)
        else:
            path = self._paths.setdefault(side, _square(side))
            self.body = QGraphicsPathItem(path, layers.bodies)
        self.body.setPos(place)
        self.sign: QGraphicsSimpleTextItem | QGraphicsPixmapItem
        if node.part == "silo":
            self.sign = QGraphicsSimpleTextItem(layers.letters)
        else:
            self.sign = QGraphicsPixmapItem(layers.letters)
        self.badge = QGraphicsPixmapItem(layers.badges)
        self.badge_back = QGraphicsPathItem(_circle(), layers.badges)
        self.badge_back.setFlag(QGraphicsItem.GraphicsItemFlag.ItemStacksBehindParent)
        self.badge_back.setZValue(-1)
        self.title = QGraphicsSimpleTextItem(layers.labels)
        self.caption = QGraphicsSimpleTextItem(layers.labels)
        for item in (self.sign, self.badge, self.badge_back, self.title, self.caption):
            item.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.show(node)

    def show(self, node: Node, now: float | None = None) -> None:
        """Draw a node as it is now."""
        self.node = node
        colors, state = theme(), look(node.state)
        is_off = node.line == "offline"
        pen = QPen(colors.color(edge_token(node)), 2.0)
        pen.setCosmetic(True)
        self.body.setPen(pen)
        self.body.setBrush(QBrush(colors.color("raised")))
        self._show_sign(is_off)
        self._show_badge(state.icon, state.token)
        self._show_text(self.title, node.title, 600, colors.color("faint" if is_off else "text"))
        self.show_age(now)

    def show_age(self, now: float | None = None) -> None:
        """Draw the line under the name anew; it may carry an age."""
        token = {"silent": "warn", "offline": "faint", "idle": "faint"}.get(self.node.line, "info")
        token = "faint" if self.node.part == "hub" else token
        self._show_text(self.caption, caption(self.node, now), 400, theme().color(token))

    def _show_sign(self, is_off: bool) -> None:
        if isinstance(self.sign, QGraphicsSimpleTextItem):
            self.sign.setFont(theme().font(600, 15))
            self.sign.setText(self.node.letters)
            color = theme().color("faint") if is_off else theme().site_text(self.node.slot)
            self.sign.setBrush(color)
            size = self.sign.boundingRect()
        else:
            icon = "server" if self.node.part == "hub" else "boxes"
            self.sign.setPixmap(theme().pixmap(icon, "muted" if is_off else "text", 24))
            size = QRectF(0, 0, 24, 24)
        self.sign.setPos(self.place - QPointF(size.width() / 2, size.height() / 2))

    def _show_badge(self, icon: str, token: str) -> None:
        corner = self.place + QPointF(side_of(self.node), side_of(self.node)) / 2 - QPointF(3, 3)
        self.badge.setPixmap(theme().pixmap(icon, token, 12))
        self.badge.setPos(corner - QPointF(6, 6))
        self.badge_back.setPos(corner)
        self.badge_back.setBrush(theme().badge_fill(token))
        self.badge_back.setPen(QPen(theme().color("surface"), 2.0))

    def _show_text(
        self, item: QGraphicsSimpleTextItem, text: str, weight: int, color: QColor
    ) -> None:
        font = theme().font(weight, 12)
        metrics = QFontMetricsF(font)
        room = LABEL_WIDTH * (1 if self.node.part == "silo" else 2)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        item.setFont(font)
        item.setText(shown)
        item.setBrush(color)
        below = side_of(self.node) / 2 + (8 if item is self.title else 25)
        item.setPos(self.place + QPointF(-metrics.horizontalAdvance(shown) / 2, below))


def _circle() -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(0, 0), 9, 9)
    return path


class Edges:
    """All lines of a kind as one path."""

    def __init__(self, scene: QGraphicsScene) -> None:
        self.items: dict[Line, QGraphicsPathItem] = {}
        for kind in LINES:
            self.items[kind] = QGraphicsPathItem()
            self.items[kind].setZValue(1)
            self.items[kind].setAcceptedMouseButtons(Qt.MouseButton.NoButton)
            scene.addItem(self.items[kind])

    def show(self, lines: Iterable[tuple[Line, QPainterPath]], crowd: int) -> None:
        """Draw lines; among many they are faint, so that the nodes stay readable.

        Those of a crowd are not drawn as items: they are part of the ground.
        """
        paths = {kind: QPainterPath() for kind in LINES}
        for kind, path in lines:
            paths[kind].addPath(path)
        for kind, item in self.items.items():
            token, width, dashed = LINES[kind]
            faint = theme().mix(token, "surface", 0.35)  # opaque: see-through lines cost much
            pen = QPen(theme().color(token) if crowd <= 60 else faint, width)
            pen.setCosmetic(True)
            if crowd > CROWD:
                pen.setWidthF(1.0)
            elif dashed:
                pen.setDashPattern([4, 3])
            item.setPen(pen)
            item.setPath(paths[kind])
            item.setVisible(crowd <= CROWD)


def curve(start: QPointF, end: QPointF, is_ring: bool, is_plain: bool) -> QPainterPath:
    """Return the line from an upper node to a lower one; among very many it is straight."""
    path = QPainterPath(start)
    if is_plain:
        path.lineTo(end)
    elif is_ring:
        bend = QPointF(-(end - start).y(), (end - start).x()) * 0.08
        path.cubicTo(start + (end - start) * 0.35 + bend, end - (end - start) * 0.3 + bend, end)
    else:
        half = QPointF(0, (end.y() - start.y()) * 0.5)
        path.cubicTo(start + half, end - half, end)
    return path
