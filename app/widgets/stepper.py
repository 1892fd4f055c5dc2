"""The steps of a wizard: done, current, to come."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy

from app.i18n import tr
from app.widgets.painted_marks import CENTER
from app.widgets.painting import Canvas, draw_round, draw_text, text_width
from app.widgets.theme import theme


class Stepper(Canvas):
    """Numbered steps with a title and a line under it."""

    def __init__(self, steps: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._steps = list(steps)
        self.current = 0
        self.setFixedHeight(40)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set(0)

    def set(self, current: int) -> None:
        """Show another step as the current one."""
        self.current = current
        title = self._steps[current][0]
        name = tr("Step {k} of {n}: {title}", k=current + 1, n=len(self._steps), title=title)
        self.setAccessibleName(name)
        self.update()

    def draw(self, painter: QPainter) -> None:
        place = self.width() / len(self._steps)
        for number, (title, text) in enumerate(self._steps):
            self._step(painter, number, number * place, place, title, text)

    def _step(
        self, painter: QPainter, number: int, left: float, place: float, title: str, text: str
    ) -> None:
        look = theme()
        circle = QRectF(left, 6, 28, 28)
        if number < self.current:
            draw_round(painter, circle, 14, look.badge_fill("ok"))
            painter.drawPixmap(QPointF(left + 7, 13), look.pixmap("check", "ok", 14))
        else:
            now = number == self.current
            fill, edge = (look.color("accent"), None) if now else (None, look.color("control"))
            draw_round(painter, circle, 14, fill, edge)
            ink = look.color("on_accent" if now else "muted")
            draw_text(painter, circle, str(number + 1), look.font(600, 12), ink, CENTER)
        ink = look.color("text" if number <= self.current else "muted")
        draw_text(painter, QRectF(left + 40, 2, place - 40, 18), title, look.font(500, 13), ink)
        under = QRectF(left + 40, 20, place - 40, 18)
        draw_text(painter, under, text, look.font(400, 12), look.color("faint"))
        if number + 1 < len(self._steps):
            words = max(text_width(title, look.font(500, 13)), text_width(text, look.font(400, 12)))
            line = QRectF(left + 40 + words + 14, 19, place - words - 68, 2)
            if line.width() > 8:
                done = number < self.current
                draw_round(painter, line, 1, look.color("ok" if done else "border_strong"))
