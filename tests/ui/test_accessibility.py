"""Everything is reached and used by keyboard, and says its name to a screen reader."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from helpers.window_walk import places, settle
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QLineEdit,
    QTableView,
    QWidget,
)

from app.main import Desktop
from app.widgets.focus_order import in_order, is_stop

# Shortcuts for the pointer; what they do is done by keys elsewhere (F3, the scroll bar's keys).
EXTRA = {"Ruler"}
PLACES = [*places(), ("sign_in", "sign_in", {})]
NAMED = [name for name, _, _ in PLACES]


@pytest.fixture(params=PLACES, ids=NAMED)
def page(request: pytest.FixtureRequest, make_agent, make_window) -> Desktop:
    """A desktop at one of its pages."""
    _, key, arguments = request.param
    scene = "first-run" if key == "sign_in" else "working"
    desktop: Desktop = make_window(make_agent(scene).home)
    desktop.window.navigate(key, **arguments)
    settle(desktop)
    return desktop


def focusable(window: QWidget) -> list[QWidget]:
    """Return what Tab stops at, in its order."""
    return [one for one in in_order(window) if is_stop(one)]


def place_of(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


def described(widget: QWidget) -> str:
    above = widget.parentWidget()
    names = [type(widget).__name__]
    while above is not None and len(names) < 4:
        names.append(type(above).__name__)
        above = above.parentWidget()
    return " < ".join(names)


def test_each_stop_of_the_tab_key_has_a_name(page: Desktop) -> None:
    nameless = []
    for widget in focusable(page.window):
        said = QAccessible.queryAccessibleInterface(widget)
        if said is None or not said.text(QAccessible.Text.Name).strip():
            nameless.append(described(widget))
    assert nameless == []


def test_pictures_without_text_have_names(page: Desktop) -> None:
    nameless = [
        described(one)
        for one in page.window.findChildren(QAbstractButton)
        if one.isVisibleTo(page.window)
        and not one.text().strip()
        and not one.accessibleName()
        and not isinstance(one.parentWidget(), QLineEdit | QAbstractItemView)
    ]
    assert nameless == []


def backwards(stops: list[QWidget], window: QWidget) -> Iterator[str]:
    """Yield where Tab goes up in the same column."""
    for before, after in itertools.pairwise(stops):
        one, other = place_of(before, window), place_of(after, window)
        same_column = min(one.right(), other.right()) - max(one.left(), other.left()) > 8
        if other.bottom() <= one.top() and same_column:
            yield f"{described(before)} at {one.topLeft()}, then {described(after)} above it"


def test_the_order_of_the_tab_key_is_that_of_reading(page: Desktop) -> None:
    window = page.window
    shown = window.page()
    stops = [one for one in focusable(window) if shown is not None and shown.isAncestorOf(one)]
    assert list(backwards(stops, window)) == []


def test_tab_walks_all_stops_and_comes_round(desktop: Desktop) -> None:
    window = desktop.window
    settle(desktop)
    for stop in focusable(window):
        stop.setFocus()  # of a group of exclusive buttons one stays a stop
    stops = focusable(window)
    stops[0].setFocus()
    walked = []
    for _ in stops:
        walked.append(window.focusWidget())
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    assert walked == stops
    assert window.focusWidget() is stops[0]
    QTest.keyClick(stops[0], Qt.Key.Key_Backtab)
    assert window.focusWidget() is stops[-1]


def test_where_the_focus_is_can_be_seen(page: Desktop) -> None:
    window = page.window
    shown = window.page()
    unseen = []
    for widget in focusable(window):
        if shown is None or not shown.isAncestorOf(widget):
            continue
        if isinstance(widget, QAbstractScrollArea):
            continue  # shows its current row, tested with the views
        window.setFocus()
        without = widget.grab().toImage()
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        if widget.hasFocus() and widget.grab().toImage() == without:
            unseen.append(described(widget))
    assert unseen == []


def test_nothing_needs_a_mouse(page: Desktop) -> None:
    """What answers a press can be reached by keyboard; rows have their actions in a menu."""
    only_mouse = []
    for widget in page.window.findChildren(QWidget):
        if not widget.isVisibleTo(page.window):
            continue
        own = type(widget).__module__.startswith("app.")
        if type(widget).__name__ in EXTRA:
            continue
        presses = {"mousePressEvent", "mouseReleaseEvent"} & set(vars(type(widget)))
        if own and presses and widget.focusPolicy() == Qt.FocusPolicy.NoFocus:
            only_mouse.append(described(widget))
    assert only_mouse == []


def test_tables_can_be_walked_by_keyboard(page: Desktop) -> None:
    deaf = [
        described(one)
        for one in page.window.findChildren(QTableView)
        if one.isVisibleTo(page.window) and one.focusPolicy() == Qt.FocusPolicy.NoFocus
    ]
    assert deaf == []
