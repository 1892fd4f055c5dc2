"""A plot is one picture; plots are drawn one a turn; gaps stay gaps and pointers find points."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.slices import SLICE_S
from app.widgets.curve_plot import CurveLine, CurvePlot
from app.widgets.curve_plot_picture import Drawn, Frame, area_of, draw_axes, draw_curve
from app.widgets.curve_plot_series import Series
from app.widgets.curve_plot_ticks import round_scale
from app.widgets.curve_plot_turns import Turns, turns


def series(values: list[float]) -> Series:
    one = Series()
    one.append(np.arange(1, len(values) + 1, dtype=np.float64), np.array(values))
    return one


@pytest.fixture
def plot(themed: QApplication, qtbot) -> CurvePlot:
    one = CurvePlot("number")
    qtbot.addWidget(one)
    one.resize(400, 240)
    one.x_scale = lambda: round_scale(10.0, None)
    one.set_lines([CurveLine(1, "site", series([0.1 * n for n in range(10)]), 0)])
    one.show()
    qtbot.waitUntil(lambda: one.frames > 0, timeout=5000)
    return one


def test_a_plot_is_drawn_once_and_only_shown_after(plot: CurvePlot) -> None:
    drawn = plot.frames
    for _ in range(3):
        plot.repaint()
    plot.set_cursor(5.0, tip=False)
    plot.repaint()
    assert plot.frames == drawn
    assert len(plot.drawn[0].x) == 10
    plot.redraw()
    assert plot.frames == drawn + 1


@pytest.mark.parametrize("count", [30_000, 70_000, 99_000, 100_000, 140_000])
def test_of_very_many_curves_each_is_drawn_coarser_and_keeps_its_peaks(
    plot: CurvePlot, count: int
) -> None:
    values = np.random.default_rng(3).normal(size=count)
    values[20_001] = 50.0
    plot.resize(1200, 240)
    plot.x_scale = lambda: round_scale(float(count), None)
    one = series(values.tolist())
    plot.set_lines([CurveLine(1, "site", one, 0)])
    plot.redraw()
    alone = len(plot.drawn[0].x)
    plot.set_lines([CurveLine(key, "site", one, key) for key in range(50)])
    plot.redraw()
    assert len(plot.drawn[0].x) < 0.7 * alone
    assert all(line.y.max() == 50.0 and line.pen.widthF() == 1.0 for line in plot.drawn)


def test_a_plot_out_of_sight_is_drawn_when_it_is_seen(plot: CurvePlot, qtbot) -> None:
    plot.hide()
    drawn = plot.frames
    plot.redraw()
    assert plot.frames == drawn
    plot.show()
    qtbot.waitUntil(lambda: plot.frames > drawn, timeout=5000)


def test_the_pointer_finds_the_nearest_point(plot: CurvePlot) -> None:
    found: list[object] = []
    plot.hovered.connect(found.append)
    at = plot._frame.x_of(4.2)
    QTest.mouseMove(plot, QPoint(round(at), 100))
    QTest.mouseMove(plot, QPoint(20, 100))
    assert found[:2] == [4.0, None]


def test_a_zoomed_view_is_panned_and_a_double_click_shows_all(plot: CurvePlot) -> None:
    asked: list[object] = []
    plot.zoomed.connect(asked.append)
    plot.zoom = (3.0, 6.0)
    plot.redraw()
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    QTest.mouseMove(plot, QPoint(150, 100))
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=QPoint(150, 100))
    low, high = asked[-1]
    assert low > 3.0
    assert high - low == pytest.approx(3.0)
    QTest.mouseDClick(plot, Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    assert asked[-1] is None


def test_words_and_spans_ask_for_a_new_picture(plot: CurvePlot, qtbot) -> None:
    for change in (lambda: plot.set_spans([(2.0, 3.0)]), lambda: plot.set_limit((2.0, "limit"))):
        drawn = plot.frames
        change()
        qtbot.waitUntil(lambda drawn=drawn: plot.frames > drawn, timeout=5000)
    assert plot._frame.high > 2.0
    plot.set_spans([(2.0, 3.0)])
    assert not plot._timer.isActive()


# --- the picture ---
RED = QColor(255, 0, 0)


def painted(draw) -> QImage:
    image = QImage(400, 240, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    draw(painter)
    painter.end()
    return image


def test_a_missing_value_is_a_gap(themed: QApplication) -> None:
    frame = Frame(area_of(400, 240), 0.0, 10.0, -1.0, 1.0)
    y = np.array([0.0] * 4 + [np.nan] * 3 + [0.0] * 4)
    line = Drawn(np.arange(11.0), y, QPen(RED, 3))
    image = painted(lambda p: draw_curve(p, frame, line, smooth=False))
    middle = round(frame.y_of(0.0))
    reds = [image.pixelColor(round(frame.x_of(x)), middle) == RED for x in (1.5, 5.0, 8.5)]
    assert reds == [True, False, True]
    assert frame.x_at(frame.x_of(3.7)) == pytest.approx(3.7)


def test_a_wide_line_covers_in_strokes_what_it_covers_as_one(themed: QApplication) -> None:
    frame = Frame(area_of(400, 240), 0.0, 120.0, -3.0, 3.0)
    x, y = np.arange(121.0), np.random.default_rng(5).normal(size=121)
    pen = QPen(RED, 2.6)

    def whole(painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(frame.area)
        painter.setPen(pen)
        painter.drawPolyline(
            [QPointF(frame.x_of(a), frame.y_of(b)) for a, b in zip(x, y, strict=True)]
        )

    def ink(image: QImage) -> int:
        places = ((a, b) for a in range(image.width()) for b in range(image.height()))
        return sum(image.pixelColor(*place).alpha() > 127 for place in places)

    strokes = ink(painted(lambda p: draw_curve(p, frame, Drawn(x, y, pen), smooth=True)))
    assert strokes == pytest.approx(ink(painted(whole)), rel=0.03)


def test_a_value_far_away_stays_inside_the_plot(themed: QApplication) -> None:
    frame = Frame(area_of(400, 240), 0.0, 1.0, 0.0, 1.0)
    line = Drawn(np.array([0.0, 1.0]), np.array([0.5, 1e12]), QPen(RED, 3))
    image = painted(lambda p: draw_curve(p, frame, line, smooth=True))
    below = [image.pixelColor(x, 230).alpha() for x in range(0, 400, 5)]
    assert not any(below)


def test_words_stand_beside_their_axes(themed: QApplication) -> None:
    frame = Frame(area_of(400, 240), 0.0, 10.0, 0.0, 1.0)
    beyond = [(99.0, "never")]
    words = painted(lambda p: draw_axes(p, frame, [(5.0, "5"), *beyond], [(0.5, "0.50"), *beyond]))
    bare = painted(lambda p: draw_axes(p, frame, [], []))

    def ink(image: QImage, left: int, top: int, width: int, height: int) -> int:
        places = [(x, y) for x in range(left, left + width) for y in range(top, top + height)]
        return sum(image.pixelColor(x, y).alpha() > 0 for x, y in places)

    at = QPointF(frame.x_of(5.0), frame.y_of(0.5)).toPoint()
    assert ink(words, 20, at.y() - 6, 40, 12) > 20
    assert ink(words, at.x() - 6, 217, 12, 14) > 5
    assert ink(bare, 0, 0, 60, 240) == 0


def test_the_last_word_below_is_whole(themed: QApplication) -> None:
    """It ends where the picture ends, and is not cut there."""
    frame = Frame(area_of(400, 240), 0.0, 10.0, 0.0, 1.0)

    def ink(x: float) -> int:
        image = painted(lambda p: draw_axes(p, frame, [(x, "3000")], []))
        places = [(across, y) for across in range(400) for y in range(216, 240)]
        return sum(image.pixelColor(*place).alpha() for place in places)

    assert ink(10.0) == pytest.approx(ink(5.0), rel=0.1)


# --- turns ---
class Beat(QObject):
    """Write down when the window's thread came round."""

    def __init__(self, done: list[str]) -> None:
        super().__init__()
        self.done = done

    def event(self, event: QEvent) -> bool:
        self.done.append("beat")
        return True

    def ask(self) -> None:
        QApplication.postEvent(self, QEvent(QEvent.Type.User))


def test_pieces_of_work_are_done_one_a_turn(qapp: QApplication, qtbot) -> None:
    done: list[str] = []
    queue, owners, beat = Turns(), [QObject() for _ in range(3)], Beat(done)

    def work(name: str) -> Iterator[None]:
        done.append(name)
        yield
        beat.ask()

    for number, owner in enumerate(owners):
        queue.add(owner, lambda number=number: work(str(number)))
    queue.add(owners[1], lambda: work("again"))
    queue.drop(owners[2])
    qtbot.waitUntil(lambda: done.count("beat") == 2, timeout=5000)
    assert done == ["0", "beat", "again", "beat"]
    assert turns() is turns()


def test_the_window_comes_round_within_a_long_piece(qapp: QApplication, qtbot) -> None:
    done: list[str] = []
    queue, owner, beat = Turns(), QObject(), Beat(done)

    def work(name: str) -> Iterator[None]:
        try:
            for number in range(3):
                done.append(f"{name} {number}")
                time.sleep(SLICE_S)
                beat.ask()
                if name == "first" and not number:
                    queue.add(owner, lambda: work("second"))  # meanwhile it has changed
                yield
        finally:
            done.append(f"{name} ends")

    queue.add(owner, lambda: work("first"))
    qtbot.waitUntil(lambda: "second ends" in done, timeout=5000)
    assert done == [
        *(step for name in ("first", "second")
          for step in (f"{name} 0", "beat", f"{name} 1", "beat", f"{name} 2", "beat",
                       f"{name} ends"))
    ]  # fmt: skip
    assert not queue._timer.isActive()

    done.clear()
    queue.add(owner, lambda: work("third"))
    queue._next()
    queue.drop(owner)
    qtbot.wait(50)
    assert done == ["third 0", "third ends", "beat"]


def test_a_piece_that_fails_or_whose_plot_is_gone_holds_nobody_up(
    qapp: QApplication, qtbot
) -> None:
    done: list[str] = []
    queue, owners = Turns(), [QObject() for _ in range(3)]

    def fail() -> Iterator[None]:
        yield
        raise ValueError

    def long(name: str) -> Iterator[None]:
        for _ in range(2):
            done.append(name)
            if name == "gone":
                shiboken6.delete(owners[1])
            time.sleep(SLICE_S)
            yield

    with qtbot.captureExceptions() as caught:
        queue.add(owners[0], fail)
        queue.add(owners[1], lambda: long("gone"))
        queue.add(owners[2], lambda: long("last"))
        qtbot.waitUntil(lambda: done == ["gone", "last", "last"], timeout=5000)
    assert [kind for kind, *_ in caught] == [ValueError]


def test_a_plot_of_long_noise_is_drawn_line_by_line(plot: CurvePlot, qtbot) -> None:
    """What is seen stays whole until the new picture is; hidden meanwhile, it is begun anew."""
    rng = np.random.default_rng(1)
    lines = [CurveLine(n, "site", series(rng.random(2000).tolist()), n) for n in range(6)]
    plot.x_scale = lambda: round_scale(2001.0, None)
    plot.set_lines(lines)
    plot.redraw()
    before, frames = plot._picture, plot.frames
    lines[0].series.append(np.array([2001.0]), np.array([0.5]))
    steps = plot._drawing()
    assert sum(1 for _ in zip(range(len(lines) + 3), steps, strict=False)) == len(lines) + 3
    assert (plot._picture, plot.frames) == (before, frames)
    assert len(list(steps)) == len(lines) - 3
    assert plot._picture is not before
    assert (plot.drawn[0].x[-1], plot.frames) == (2001.0, frames + 1)

    turns().add(plot, plot._drawing)
    turns()._begun = plot, (begun := plot._drawing())
    next(begun)
    plot.hide()
    assert list(begun) == []
    assert not turns()._waiting
    plot.show()
    qtbot.waitUntil(lambda: plot.frames == frames + 2, timeout=5000)
