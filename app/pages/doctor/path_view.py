"""The way from this machine to what it needs, as a row of stops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen

from app.i18n import tr
from app.pages.doctor.model import STOPS
from app.widgets.painting import Canvas, draw_round, draw_text
from app.widgets.theme import theme

_TOKENS = {"ok": "ok", "note": "warn", "fail": "danger", "unknown": "gray"}
CENTER = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
ROUND = 38.0


class PathView(Canvas):
    """Stops with icons, joined by lines: whole as far as the way goes, dashed after it."""

    def __init__(self) -> None:
        super().__init__()
        self.stops: list[dict[str, Any]] = []
        self.setFixedHeight(84)
        self.setMinimumWidth(420)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.show_path([])

    def show_path(self, stops: Sequence[dict[str, Any]]) -> None:
        """Show another way."""
        self.stops = [stop for stop in stops if stop["kind"] in STOPS]
        words = {
            "ok": tr("reached"), "note": tr("reached, with a note"), "fail": tr("the fault"),
            "unknown": tr("not reached"),
        }  # fmt: skip
        said = [f"{tr(STOPS[s['kind']][1])} {s['name']}: {words[s['state']]}" for s in self.stops]
        self.setAccessibleName(tr("The way to the hub"))
        self.setAccessibleDescription("; ".join(said))
        self.setVisible(bool(self.stops))
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for all stops."""
        return QSize(120 * max(1, len(self.stops)), 84)

    def draw(self, painter: QPainter) -> None:
        if not self.stops:
            return
        width = self.width() / len(self.stops)
        look = theme()
        for number, stop in enumerate(self.stops):
            x = width * (number + 0.5)
            if number:
                self._line(painter, x - width + ROUND / 2 + 6, x - ROUND / 2 - 6, stop["state"])
            token = _TOKENS[stop["state"]]
            icon, name = STOPS[stop["kind"]]
            disc = QRectF(x - ROUND / 2, 1, ROUND, ROUND)
            draw_round(painter, disc, ROUND / 2, look.badge_fill(token), look.color(token))
            pixmap = look.pixmap(icon, token, 18, self.devicePixelRatioF())
            painter.drawPixmap(QPointF(x - 9, 11), pixmap)
            ink = "muted" if stop["state"] == "unknown" else "text"
            place = QRectF(x - width / 2 + 4, 44, width - 8, 18)
            draw_text(painter, place, tr(name), look.font(600, 12), look.color(ink), CENTER)
            below = stop["name"] or tr("not known yet")
            if stop["state"] == "unknown" and not stop["name"]:
                below = tr("not reached")
            tone = "danger" if stop["state"] == "fail" else "faint"
            place.translate(0, 18)
            draw_text(painter, place, below, look.font(400, 11), look.color(tone), CENTER)
        if self.hasFocus():
            draw_round(painter, self.rect().toRectF(), 8, None, look.color("focus"))

    def _line(self, painter: QPainter, left: float, right: float, state: str) -> None:
        is_reached = state != "unknown"
        pen = QPen(theme().color("ok" if is_reached else "border_strong"), 2.0)
        if not is_reached:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawLine(QPointF(left, ROUND / 2 + 1), QPointF(right, ROUND / 2 + 1))
