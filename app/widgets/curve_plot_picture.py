"""The picture of a plot: where its values lie, its grid, its curves, its axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPen, QPixmap, QPolygonF

from app.widgets.curve_plot_numbers import Floats
from app.widgets.curve_plot_ticks import Ticks
from app.widgets.theme import theme

LEFT, TOP, RIGHT, BOTTOM = 65, 1, 1, 29  # around the curves: fixed, so that plots line up
OVER = 15.0  # how far a label may reach beyond the end of its axis
OFFSET = 8.0  # of labels from their axis
TICK = 4.0
FEW = 64  # points up to which a wide line is drawn as one, with its corners joined


class Drawn(NamedTuple):
    """One line as it is drawn: its points in values, its pen."""

    x: Floats
    y: Floats
    pen: QPen


class Frame(NamedTuple):
    """The place of the curves in a widget, and the values at its edges."""

    area: QRectF
    left: float
    right: float
    low: float
    high: float

    @property
    def across(self) -> float:
        """Return how many pixels one unit of x takes."""
        return self.area.width() / ((self.right - self.left) or 1.0)

    @property
    def up(self) -> float:
        """Return how many pixels one unit of y takes."""
        return self.area.height() / ((self.high - self.low) or 1.0)

    def x_of(self, value: float) -> float:
        """Return where an x stands."""
        return self.area.left() + (value - self.left) * self.across

    def y_of(self, value: float) -> float:
        """Return where a y stands."""
        return self.area.bottom() - (value - self.low) * self.up

    def x_at(self, place: float) -> float:
        """Return the x that stands at a place."""
        return self.left + (place - self.area.left()) / self.across


def area_of(width: float, height: float) -> QRectF:
    """Return the place of the curves in a widget of a size."""
    return QRectF(LEFT, TOP, max(1.0, width - LEFT - RIGHT), max(1.0, height - TOP - BOTTOM))


def blank(width: int, height: int, ratio: float) -> QPixmap:
    """Return an empty picture."""
    picture = QPixmap(max(1, round(width * ratio)), max(1, round(height * ratio)))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    return picture


def draw_grid(
    painter: QPainter, frame: Frame, ticks: Ticks, spans: Sequence[tuple[float, float]]
) -> None:
    """Draw lines at the ticks of y, and shade spans of x."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    area = frame.area
    shade = theme().color("warn", 0.16)
    for start, stop in spans:
        left, right = frame.x_of(start), frame.x_of(stop)
        span = QRectF(left, area.top(), max(2.0, right - left), area.height())
        painter.fillRect(span.intersected(area), shade)
    color = theme().color("grid")
    for value, _ in ticks:
        painter.fillRect(QRectF(area.left(), round(frame.y_of(value)), area.width(), 1), color)


def draw_curve(painter: QPainter, frame: Frame, line: Drawn, *, smooth: bool) -> None:
    """Draw a line; a smooth one costs much more."""
    area = frame.area
    painter.save()
    painter.setClipRect(area)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
    # Far beyond the view Qt's painter slows down; a line leaves the picture all the same.
    far = 4.0 * max(area.width(), area.height(), 1.0)
    # Laid into pixels by hand: quicker than letting the painter transform them.
    x = area.left() + (line.x - frame.left) * frame.across
    y = np.clip(area.bottom() - (line.y - frame.low) * frame.up, -far, far)
    _draw_line(painter, line.pen, x, y)
    painter.restore()


def _draw_line(painter: QPainter, pen: QPen, x: Floats, y: Floats) -> None:
    """Draw one line; where a value is missing it has a gap.

    Qt's painter fills a wide line as one shape, which takes a hundred milliseconds for a few
    hundred points that go up and down. Stroke by stroke it takes four, and looks the same.
    """
    is_long = len(x) > FEW
    if is_long and pen.widthF() > 1 and pen.style() == Qt.PenStyle.SolidLine:
        painter.setPen(pen)
        painter.drawLines(_strokes(x, y))
        return
    if is_long:
        pen = QPen(pen)
        pen.setWidthF(1.0)  # dashes go on over the points, so that strokes are no way for them
    painter.setPen(pen)
    for part in _parts(x, y):
        painter.drawPolyline(part)


def _strokes(x: Floats, y: Floats) -> list[QLineF]:
    known = np.isfinite(y[:-1]) & np.isfinite(y[1:])
    ends = (x[:-1][known], y[:-1][known], x[1:][known], y[1:][known])
    return list(map(QLineF, *(one.tolist() for one in ends)))


def _parts(x: Floats, y: Floats) -> list[QPolygonF]:
    """Return a line in pieces without a missing value; a single point is no line."""
    known = np.isfinite(y)
    if known.all():
        return [pg.functions.arrayToQPolygonF(x, y)] if len(x) > 1 else []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    pieces = zip(edges[::2], edges[1::2], strict=True)
    return [
        pg.functions.arrayToQPolygonF(x[start:stop], y[start:stop])
        for start, stop in pieces
        if stop - start > 1
    ]


def draw_axes(painter: QPainter, frame: Frame, x_ticks: Ticks, y_ticks: Ticks) -> None:
    """Draw the line under the curves with its ticks, and the words at both axes."""
    look, area = theme(), frame.area
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(look.color("border_strong"), 1))
    base = area.bottom() + 1
    marks = [QLineF(area.left() - 1, base, area.right() + 1, base)]
    shown = [(frame.x_of(value), text) for value, text in x_ticks]
    shown = [one for one in shown if area.left() - 0.5 <= one[0] <= area.right() + 0.5]
    marks += [QLineF(x, area.bottom(), x, area.bottom() - TICK) for x, _ in shown]
    painter.drawLines(marks)
    font = look.font(400, 11)
    metrics = QFontMetricsF(font)
    height = metrics.height() * 0.8
    painter.setFont(font)
    painter.setPen(look.color("faint"))
    flags = Qt.TextFlag.TextDontClip | Qt.TextFlag.TextSingleLine
    below = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | flags)
    for x, text in shown:
        width = metrics.horizontalAdvance(text)
        if x - width / 2 >= area.left() - OVER and x + width / 2 <= area.right() + OVER:
            left = min(x - width / 2, area.right() + RIGHT - width)  # the picture ends there
            place = QRectF(left, area.bottom() + OFFSET, width, height)
            painter.drawText(place, below, text)
    beside = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | flags)
    for value, text in y_ticks:
        y = frame.y_of(value)
        if area.top() - 0.5 <= y <= area.bottom() + 0.5:
            place = QRectF(0, y - height / 2, area.left() - OFFSET, height)
            painter.drawText(place, beside, text)


def draw_limit(painter: QPainter, frame: Frame, value: float) -> None:
    """Draw a dashed line at a value."""
    y = frame.y_of(value)
    if frame.area.top() <= y <= frame.area.bottom():
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(theme().color("warn"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(frame.area.left(), y, frame.area.right(), y))


def draw_cross(
    painter: QPainter, frame: Frame, x: float, marks: Sequence[tuple[float, QColor, float]]
) -> None:
    """Draw the crosshair, and a dot (value, colour, size) on each curve that has a point there."""
    place = frame.x_of(x)
    if not frame.area.left() - 1 <= place <= frame.area.right() + 1:
        return
    painter.save()
    painter.setClipRect(frame.area)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(theme().color("muted"), 1, Qt.PenStyle.DashLine))
    painter.drawLine(QLineF(place, frame.area.bottom(), place, frame.area.top()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(theme().color("surface"), 1.5))
    for value, color, size in marks:
        painter.setBrush(QBrush(color))
        painter.drawEllipse(QPointF(place, frame.y_of(value)), size / 2, size / 2)
    painter.restore()
