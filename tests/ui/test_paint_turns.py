"""What was just laid out is painted later: what is around it first, then it."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from app.widgets.icons import draw_icon
from app.widgets.layouts import column
from app.widgets.page_stack import PageStack
from app.widgets.paint_turns import paint_in_turns
from app.widgets.painting import Canvas

WAIT = 5000


class Painted(Canvas):
    """Note in which turn it was painted."""

    def __init__(self, turns: list[int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.turns, self.seen = turns, list[int]()
        self.setMinimumSize(40, 40)

    def draw(self, painter: QPainter) -> None:
        self.seen.append(self.turns[0])


def test_what_is_around_is_painted_a_turn_before_what_is_inside(themed, qtbot) -> None:
    turns = [0]
    clock = QTimer(interval=0)

    def count() -> None:
        turns[0] += 1

    clock.timeout.connect(count)
    around = Painted(turns)
    inside = Painted(turns)
    around.setLayout(column(inside))
    qtbot.addWidget(around)
    around.show()
    qtbot.waitUntil(lambda: bool(inside.seen), timeout=WAIT)
    around.seen.clear()
    inside.seen.clear()
    paint_in_turns(around, inside)
    around.update()
    inside.update()
    clock.start()
    QApplication.sendPostedEvents()
    assert not around.seen
    qtbot.waitUntil(lambda: bool(inside.seen), timeout=WAIT)
    assert around.seen[0] < inside.seen[0]


def test_what_a_stack_shows_for_the_first_time_is_painted_in_a_later_turn(themed, qtbot) -> None:
    stack = PageStack(QWidget())
    stack.resize(200, 200)
    qtbot.addWidget(stack)
    stack.show()
    qtbot.waitUntil(lambda: stack.currentWidget().size() == stack.size(), timeout=WAIT)
    page = Painted([0])
    stack.addWidget(page)
    stack.setCurrentWidget(page)
    assert page.isVisible()
    QApplication.sendPostedEvents()
    assert not page.seen
    qtbot.waitUntil(lambda: bool(page.seen), timeout=WAIT)


def test_what_is_gone_before_its_turn_is_left_alone(themed, qtbot) -> None:
    around = QWidget()
    inside = QWidget(around)
    qtbot.addWidget(around)
    around.show()
    paint_in_turns(around, inside)
    shiboken6.delete(inside)
    qtbot.waitUntil(around.updatesEnabled, timeout=WAIT)


def test_an_icon_has_the_colour_it_was_asked_for(themed) -> None:
    red, blue = (
        draw_icon("play", color, 24, 1.0, 1.8).toImage() for color in ("#FF0000", "#0000FF")
    )
    spots = [(x, y) for x in range(24) for y in range(24) if red.pixelColor(x, y).alpha() == 255]
    assert spots
    assert {red.pixelColor(*spot).name() for spot in spots} == {QColor("#FF0000").name()}
    assert {blue.pixelColor(*spot).name() for spot in spots} == {QColor("#0000FF").name()}
