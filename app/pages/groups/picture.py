"""The card with a group's topology: as a picture, or the same as a table."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.i18n import mark, tr
from app.widgets.badges import Tag
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.cells import Cell
from app.widgets.labels import Icon, Label
from app.widgets.layouts import row
from app.widgets.switches import Segmented
from app.widgets.tables import Column, RowModel, Table
from app.widgets.tokens import look
from app.widgets.topology_model import HUB, Node, Topology, caption
from app.widgets.topology_view import TopologyView
from app.widgets.words import age, size

LEGEND = ("TRAINING", "RUNNING", "IDLE", "SILENT", "FAILED", "OFFLINE")
_PARTS = {"hub": mark("hub"), "server": mark("aggregator"), "silo": mark("silo")}


class TopologyCard(Card):
    """Who works with whom; a click or Enter on a device opens it."""

    def __init__(self, on_device: Callable[[int], object]) -> None:
        self.live = Tag(tr("live"), "ok", icon="radio")
        self.side = Segmented([("picture", tr("Picture")), ("table", tr("Table"))])
        closer = Button(icon="zoom-in", kind="ghost", sz="sm", tip=tr("Closer (+)"))
        away = Button(icon="minus", kind="ghost", sz="sm", tip=tr("Away (-)"))
        whole = Button(icon="maximize-2", kind="ghost", sz="sm", tip=tr("Show all (0)"))
        super().__init__(tr("Topology"), actions=(closer, away, whole, self.live, self.side), gap=8)
        self.view = TopologyView()
        closer.clicked.connect(lambda: self.view.zoom(1.25))
        away.clicked.connect(lambda: self.view.zoom(0.8))
        whole.clicked.connect(self.view.fit)
        self._looking = (closer, away, whole)
        self.view.opened.connect(on_device)
        self.rows: RowModel[Node] = RowModel(_columns(), lambda node: node.key)
        self.table = Table(self.rows, row_height=44)
        self.table.setAccessibleName(tr("Topology as a table"))
        self.table.opened.connect(lambda node: node.key != HUB and on_device(node.key))
        self.sheets = QStackedWidget()
        self.sheets.addWidget(self.view)
        self.sheets.addWidget(self.table)
        self.side.chosen.connect(self._switch)
        self.add((self.sheets, 1), self._legend())

    def _legend(self) -> QWidget:
        parts: list[QWidget] = []
        for state in LEGEND:
            shown = look(state)
            one = QWidget()
            words = Label(shown.word, "small", "muted")
            one.setLayout(row(Icon(shown.icon, shown.token, 14), words, gap=6))
            parts.append(one)
        line = Label(tr("Line: solid = heartbeat seen, dashed = not seen"), "small", "faint",
                     wrap=True, align=Qt.AlignmentFlag.AlignRight)  # fmt: skip
        legend = QWidget()
        legend.setLayout(row(*parts, (line, 1), gap=14))
        return legend

    def _switch(self, key: str) -> None:
        self.sheets.setCurrentIndex(0 if key == "picture" else 1)
        for button in self._looking:
            button.setVisible(key == "picture")

    def show_topology(self, shown: Topology, is_calm: bool) -> None:
        """Show a topology in both forms."""
        self.view.flow.is_calm = is_calm
        self.view.show_topology(shown)
        self.rows.set_rows(list(shown.nodes))

    def tick(self, is_live: bool) -> None:
        """Show ages anew, and whether they still come."""
        self.view.tick(time.time())
        self.rows.refresh()
        words = tr("live") if is_live else tr("not live")
        self.live.set(words, "ok" if is_live else "warn", "radio")


def _columns() -> list[Column[Node]]:
    return [
        Column(tr("Site"), _site, 0, sort=lambda n: n.title.lower()),
        Column(tr("Part"), lambda n: Cell(tr(_PARTS[n.part]), tok="muted"), 92,
               sort=lambda n: n.part),
        Column(tr("State"), lambda n: Cell(kind="state", state=n.state), 122,
               sort=lambda n: n.state),
        Column(tr("Now"), lambda n: Cell(caption(n), tok="muted"), 176),
        Column(tr("Heartbeat"), _beat, 84, sort=lambda n: -(n.last_seen or 0.0)),
        Column(tr("Sent"), lambda n: Cell(
            size(n.bytes_up) if n.bytes_up else "–", right=True, tok="muted"), 80, right=True,
            sort=lambda n: n.bytes_up),
    ]  # fmt: skip


def _site(node: Node) -> Cell:
    if node.part == "hub":
        return Cell(node.title, kind="icon", icon="server", sub=node.detail, weight=500)
    return Cell(node.title, kind="site", sub=node.device, weight=500, letters=node.letters,
                slot=node.slot)  # fmt: skip


def _beat(node: Node) -> Cell:
    if node.part == "hub":
        return Cell("–", tok="faint")
    return Cell(age(node.last_seen), tok="warn" if node.state == "SILENT" else "muted")
