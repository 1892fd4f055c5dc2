"""One plot of many curves: drawn from extremes, live, with a crosshair shared among plots."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPixmap,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.widgets.curve_plot_picture import (
    Drawn,
    Frame,
    area_of,
    blank,
    draw_axes,
    draw_cross,
    draw_curve,
    draw_grid,
    draw_limit,
)
from app.widgets.curve_plot_series import Floats, Series, bounds_of
from app.widgets.curve_plot_ticks import Kind, Scale, log_scale, value_scale, value_text
from app.widgets.curve_plot_tip import CurveTip
from app.widgets.curve_plot_turns import Steps, turns
from app.widgets.painting import Canvas
from app.widgets.theme import theme

FRAME_MS = 33  # at most 30 redraws a second
BINS = 12_000  # of all curves together; among very many nobody sees how finely each is drawn
SMOOTH_LIMIT = 20_000  # drawn points up to which lines are wide and antialiased
RAW_ALPHA = 0.28


@dataclass
class CurveLine:
    """One curve of a plot. `slot` -1 is the global curve, drawn in the ink of text."""

    key: int
    name: str
    series: Series
    slot: int
    width: float = 1.4
    is_dashed: bool = False
    is_visible: bool = True

    @property
    def color(self) -> QColor:
        """Return the line's colour in the current theme."""
        return theme().color("text") if self.slot < 0 else theme().site_color(self.slot)


class CurvePlot(Canvas):
    """Draw curves over a common x axis; it asks `x_scale` for the axis as points arrive.

    What stands still between two points is one picture; the crosshair is drawn over it.
    """

    hovered = Signal(object)  # the x under the pointer, or None
    zoomed = Signal(object)  # (lowest, highest), or None for everything

    def __init__(self, kind: Kind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind: Kind = kind
        self._lines: list[CurveLine] = []
        self._cursor: float | None = None
        self.frames = 0  # redraws so far
        self._dragged_at: float | None = None
        self._shows_tip = False
        self._is_due = False  # out of sight when it was to be drawn
        self._picture: QPixmap | None = None
        self._frame = Frame(area_of(self.width(), self.height()), 0.0, 1.0, 0.0, 1.0)
        self._marks: list[tuple[float, QColor, float]] = []  # value, colour, size
        self.drawn: list[Drawn] = []
        self.spans: list[tuple[float, float]] = []
        self.x_scale: Callable[[], Scale] = lambda: Scale(0, 1, [])
        self.x_title: Callable[[float], str] = lambda x: f"{x:g}"
        self.missing: Callable[[CurveLine, float], str] = lambda _line, _x: "–"
        self.zoom: tuple[float, float] | None = None
        self.shows_raw = True
        self.is_log = False
        self.limit: tuple[float, str] | None = None
        self._tip = CurveTip(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(lambda: turns().add(self, self._drawing))
        theme().changed.connect(self.redraw)

    # --- content ---
    @property
    def lines(self) -> list[CurveLine]:
        """Return the curves."""
        return self._lines

    def set_lines(self, lines: list[CurveLine]) -> None:
        """Show other curves."""
        self._lines = lines
        self.refresh()

    def refresh(self) -> None:
        """Redraw soon; many calls within a frame draw once."""
        if not self._timer.isActive():
            self._timer.start()

    def redraw(self) -> None:
        """Draw what changed now; a plot out of sight waits until it is seen."""
        turns().drop(self)
        for _ in self._drawing():
            pass

    def _drawing(self) -> Steps:
        self._timer.stop()
        if not self.isVisible() or self.visibleRegion().isEmpty():
            self._is_due = True
            return
        cost, begun = 0.0, time.thread_time()
        for _ in self._picturing():
            cost += time.thread_time() - begun
            yield
            begun = time.thread_time()
        self.update()
        cost += time.thread_time() - begun
        # A slow plot is drawn less often, so that the window keeps its time for the person.
        self._timer.setInterval(int(min(400.0, max(FRAME_MS, cost * 3000))))

    def draw_picture(self) -> None:
        """Draw the curves as they stand, seen or not."""
        for _ in self._picturing():
            pass

    def _picturing(self) -> Steps:
        """Draw line by line; what is seen changes at the end."""
        self._is_due = False
        scale = self.x_scale()
        low, high = self.zoom or (scale.lowest, scale.highest)
        area = area_of(self.width(), self.height())
        shown = [line for line in self._lines if line.is_visible]
        raw = [line for line in shown if self._draws_raw(line)]
        count = max(1, len(shown) + len(raw))
        finest = max(100, min(600, int(area.width())))
        bins = max(100, min(finest, BINS // count))
        # The global curve is drawn last, over all others.
        ordered = sorted(shown, key=lambda one: one.slot < 0)
        parts = []
        for line, is_raw in [*((one, True) for one in raw), *((one, False) for one in ordered)]:
            parts.append((line, line.series.drawn(low, high, bins, raw=is_raw), is_raw))
            yield
        # Of many long curves, drawn coarser, at least BINS points are left: never smooth ones.
        limit = SMOOTH_LIMIT if bins == finest else SMOOTH_LIMIT // 2
        heavy = sum(len(points[0]) for _, points, _ in parts) > limit
        drawn = [
            Drawn(points[0], self._scaled(points[1]), self._pen(line, is_raw, heavy))
            for line, points, is_raw in parts
        ]
        values = self._values(bounds_of([points for _, points, _ in parts], low, high))
        frame = Frame(area, low, high, values.lowest, values.highest)
        picture = blank(self.width(), self.height(), self.devicePixelRatioF())
        painter = QPainter(picture)
        try:
            painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
            draw_grid(painter, frame, values.ticks, self.spans)
            if self.limit is not None:
                draw_limit(painter, frame, self.limit[0])
            for one in drawn:
                draw_curve(painter, frame, one, smooth=not heavy)
                yield
            draw_axes(painter, frame, scale.ticks, values.ticks)
        finally:
            painter.end()
        self.drawn, self._frame, self._picture = drawn, frame, picture
        self.frames += 1
        self._place_cursor()

    def draw(self, painter: QPainter) -> None:
        if self._is_due:
            self.refresh()
        if self._picture is not None:
            painter.drawPixmap(0, 0, self._picture)
        if self._cursor is not None:
            draw_cross(painter, self._frame, self._cursor, self._marks)

    def repaint_now(self) -> None:
        """Paint at once, without waiting for the window's turn."""
        self.repaint()

    def _pen(self, line: CurveLine, is_raw: bool, heavy: bool) -> QPen:
        color = QColor(line.color)
        if is_raw:
            color.setAlphaF(RAW_ALPHA)
            return QPen(color, 1)
        style = Qt.PenStyle.DashLine if line.is_dashed else Qt.PenStyle.SolidLine
        # Wide pens are many times slower; with very many points nobody sees their width.
        return QPen(color, 1.0 if heavy else line.width, style)

    def _draws_raw(self, line: CurveLine) -> bool:
        return self.shows_raw and line.series.weight > 0

    def _scaled(self, values: Floats) -> Floats:
        if not self.is_log:
            return values
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(values > 0, np.log10(values), np.nan)

    def _values(self, bounds: tuple[float, float] | None) -> Scale:
        """Return the axis of the values that are seen."""
        lowest, highest = bounds or (0.0, 1.0)
        if self.limit is not None:
            highest = max(highest, self.limit[0])
        return self._value_scale(lowest, highest)

    def _value_scale(self, lowest: float, highest: float) -> Scale:
        if not self.is_log:
            return value_scale(lowest, highest, self._kind, max(2, min(5, self.height() // 45)))
        positive = [
            least
            for line in self._lines
            if line.is_visible and np.isfinite(least := line.series.raw.lowest_positive)
        ]
        return log_scale(min(positive, default=0.1), max(highest, min(positive, default=1.0)))

    def set_limit(self, limit: tuple[float, str] | None) -> None:
        """Draw a line at a value, with words for who cannot see it; None takes it away."""
        self.limit = limit
        if limit is not None:
            self.setAccessibleDescription(f"{limit[1]}: {value_text(limit[0], self._kind)}")
        self.refresh()

    def set_spans(self, spans: list[tuple[float, float]]) -> None:
        """Shade spans of x in which something is missing."""
        if spans != self.spans:
            self.spans = list(spans)
            self.refresh()

    # --- crosshair ---
    def set_cursor(self, x: float | None, *, tip: bool) -> None:
        """Stand the crosshair at an x, or take it away."""
        self._cursor, self._shows_tip = x, tip
        self._place_cursor()
        self.update()

    def snap(self, x: float) -> float | None:
        """Return the x of the nearest point of any visible curve."""
        found = [
            float(line.series.x[place])
            for line in self._lines
            if line.is_visible and (place := line.series.nearest(x)) is not None
        ]
        return min(found, key=lambda at: abs(at - x), default=None)

    def reading(self, x: float) -> list[tuple[CurveLine, float | None]]:
        """Return each visible curve's value at an x; None where it has no point there."""
        values: list[tuple[CurveLine, float | None]] = []
        for line in self._lines:
            if not line.is_visible:
                continue
            place = line.series.nearest(x)
            value = None
            if place is not None and abs(line.series.x[place] - x) <= self._tolerance():
                value = float(line.series.smoothed.values[place])
            values.append((line, value if value is None or np.isfinite(value) else None))
        return values

    def _tolerance(self) -> float:
        return max(1e-9, (self._frame.right - self._frame.left) * 0.004)

    def _place_cursor(self) -> None:
        """Find the dots of the crosshair, and show the values beside it."""
        x = self._cursor
        if x is None:
            self._marks = []
            self._tip.hide()
            return
        reading = self.reading(x)
        self._marks = [
            (float(self._scaled(np.array([value]))[0]), line.color, 11 if line.slot < 0 else 8)
            for line, value in reading
            if value is not None
        ]
        self._say(x, reading)
        if not self._shows_tip:
            self._tip.hide()
            return
        rows = [self._row(line, value, x) for line, value in reading]
        top = QPointF(self._frame.x_of(x), self.height() * 0.35)
        self._tip.show_at(top, self.x_title(x), rows)

    def _row(
        self, line: CurveLine, value: float | None, x: float
    ) -> tuple[QColor, str, str, bool, bool]:
        text = self.missing(line, x) if value is None else value_text(value, self._kind)
        return line.color, line.name, text, line.slot < 0, value is None

    def _say(self, x: float, reading: list[tuple[CurveLine, float | None]]) -> None:
        words = [f"{line.name} {self._row(line, value, x)[2]}" for line, value in reading]
        self.setAccessibleDescription(f"{self.x_title(x)}: " + ", ".join(words))

    # --- input ---
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        turns().drop(self)  # shown again, it is drawn anew

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.zoomed.emit(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the keyboard; a zoomed view is panned with the left button held."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._dragged_at = event.position().x() if self.zoom is not None else None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged_at = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._dragged_at is not None:
            moved, self._dragged_at = self._dragged_at - at.x(), at.x()
            self._pan_by(moved / self._frame.area.width())
        elif self._frame.area.contains(at):
            self.hovered.emit(self.snap(self._frame.x_at(at.x())))
        else:
            self.hovered.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom with Ctrl held, so that the page still scrolls without it."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        factor = 0.8 if event.angleDelta().y() > 0 else 1.25
        self._zoom_by(factor, self._frame.x_at(event.position().x()))

    def _window(self) -> tuple[float, float]:
        scale = self.x_scale()
        return self.zoom or (scale.lowest, scale.highest)

    def _zoom_by(self, factor: float, at: float | None = None) -> None:
        scale = self.x_scale()
        low, high = self._window()
        if at is None:
            at = self._cursor if self._cursor is not None else (low + high) / 2
        start = max(scale.lowest, at - (at - low) * factor)
        stop = min(scale.highest, at + (high - at) * factor)
        whole = start <= scale.lowest and stop >= scale.highest
        self.zoomed.emit(None if whole else (start, stop))

    def _pan_by(self, share: float) -> None:
        """Move a zoomed view by a share of its width, never beyond the points."""
        if self.zoom is None:
            return
        scale = self.x_scale()
        low, high = self.zoom
        by = (high - low) * share
        by = min(max(by, scale.lowest - low), scale.highest - high)
        self.zoomed.emit((low + by, high + by))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the crosshair by arrows; zoom by + and -, pan with Shift, 0 shows everything."""
        key = Qt.Key(event.key())
        by = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(key)
        if by and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._pan_by(by * 0.25)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._zoom_by(0.5)
        elif key == Qt.Key.Key_Minus:
            self._zoom_by(2.0)
        elif key == Qt.Key.Key_0:
            self.zoomed.emit(None)
        elif by is None or not self._step(by):
            super().keyPressEvent(event)

    def _step(self, by: int) -> bool:
        """Move the crosshair to the next point of the first curve."""
        line = next((one for one in self._lines if one.is_visible and len(one.series)), None)
        if line is None:
            return False
        place = line.series.nearest(self._cursor) if self._cursor is not None else None
        place = len(line.series) - 1 if place is None else place + by
        self.hovered.emit(float(line.series.x[max(0, min(len(line.series) - 1, place))]))
        return True
