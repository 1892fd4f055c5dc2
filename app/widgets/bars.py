"""Bars, stacked bars, sparklines and skeletons."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QSizePolicy

from app.i18n import tr
from app.widgets.painted_marks import draw_bar, draw_sparkline
from app.widgets.painting import Canvas, draw_round
from app.widgets.theme import theme


class ProgressBar(Canvas):
    """How far something is, 0 to 1."""

    def __init__(self, value: float = 0.0, tok: str = "info", height: int = 6) -> None:
        super().__init__()
        self.value = value
        self.tok = tok
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set(self, value: float, tok: str = "") -> None:
        """Show another value."""
        tok = tok or self.tok
        if (value, tok) != (self.value, self.tok):
            self.value, self.tok = value, tok
            self.setAccessibleName(f"{value:.0%}")
            self.update()

    def draw(self, painter: QPainter) -> None:
        color = theme().color(self.tok)
        draw_bar(painter, self.rect().toRectF(), self.value, color, self.height())


class StackedBar(Canvas):
    """Shares of a whole, side by side: (value, token) in order."""

    def __init__(self, height: int = 10) -> None:
        super().__init__()
        self._parts: list[tuple[float, str]] = []
        self._total = 1.0
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set(self, parts: Sequence[tuple[float, str]], total: float = 0.0) -> None:
        """Show other shares; a total of 0 is their sum."""
        self._parts = list(parts)
        self._total = total or sum(value for value, _ in parts) or 1.0
        self.update()

    def draw(self, painter: QPainter) -> None:
        path = QPainterPath()
        radius = self.height() / 2
        path.addRoundedRect(self.rect().toRectF(), radius, radius)
        painter.setClipPath(path)
        painter.fillRect(self.rect(), theme().color("hover"))
        left = 0.0
        for value, tok in self._parts:
            width = self.width() * value / self._total
            if width > 0:
                part = QRectF(left, 0, max(2.0, width - 2), self.height())
                painter.fillRect(part, theme().color(tok))
            left += width


class Sparkline(Canvas):
    """A small curve without axes; None is a gap."""

    def __init__(
        self,
        values: Sequence[float | None] = (),
        tok: str = "info",
        *,
        low: float | None = None,
        high: float | None = None,
        height: int = 36,
    ) -> None:
        super().__init__()
        self._values = list(values)
        self._tok = tok
        self._low = low
        self._high = high
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set(self, values: Sequence[float | None]) -> None:
        """Show other values."""
        self._values = list(values)
        self.update()

    def draw(self, painter: QPainter) -> None:
        rect = self.rect().toRectF().adjusted(1, 3, -1, -2)
        draw_sparkline(painter, rect, self._values, theme().color(self._tok), self._low, self._high)


class Skeleton(Canvas):
    """Grey rows in the place of a list that is still loading."""

    def __init__(self, rows: int = 3) -> None:
        super().__init__()
        self._rows = rows
        self.setFixedHeight(rows * 48)
        self.setAccessibleName(tr("Loading"))

    def draw(self, painter: QPainter) -> None:
        color = theme().color("hover")
        for i in range(self._rows):
            top = i * 48 + 8
            draw_round(painter, QRectF(0, top, 28, 28), 6, color)
            first = self.width() * (0.38 + 0.06 * (i % 3))
            draw_round(painter, QRectF(40, top + 2, first, 9), 4, color)
            draw_round(painter, QRectF(40, top + 18, self.width() * 0.25, 8), 4, color)
