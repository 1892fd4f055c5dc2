"""A side panel stands beside its page, or slides over it where the window is narrow."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.widgets.drawer import Drawered
from app.widgets.layouts import column

BOUND_MS = 10_000


def shown(themed: QApplication, qtbot, width: int) -> tuple[QWidget, Drawered, QLineEdit]:
    side = QLineEdit("side")
    drawer = Drawered(QWidget(), side, "Members")
    window = QWidget()
    qtbot.addWidget(window)
    window.setLayout(column(drawer.handle, (drawer, 1)))
    window.resize(width, 500)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=BOUND_MS)
    return window, drawer, side


def test_in_a_wide_window_the_panel_stands_beside(themed: QApplication, qtbot) -> None:
    window, drawer, side = shown(themed, qtbot, 1400)
    assert window.isVisible()
    assert side.isVisible()
    assert side.width() == 380
    assert not drawer.handle.isVisible()


def test_in_a_narrow_window_the_handle_opens_it_and_escape_closes(themed, qtbot) -> None:
    window, drawer, side = shown(themed, qtbot, 1000)
    assert not side.isVisible()
    QTest.mouseClick(drawer.handle, Qt.MouseButton.LeftButton)
    assert side.isVisible()
    qtbot.waitUntil(
        lambda: drawer._panel.geometry().right() == drawer.width() - 1, timeout=BOUND_MS
    )
    assert window.focusWidget() is drawer._shut
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert not side.isVisible()
    assert window.focusWidget() is drawer.handle


def test_a_click_beside_the_drawer_closes_it(themed, qtbot) -> None:
    window, drawer, _ = shown(themed, qtbot, 1000)
    drawer.open()
    QTest.mouseClick(drawer._veil, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert not drawer.is_open
    assert window.focusWidget() is drawer.handle


def test_the_panel_moves_with_the_window_and_keeps_what_was_typed(themed, qtbot) -> None:
    window, drawer, side = shown(themed, qtbot, 1400)
    side.setText("kept")
    window.resize(1100, 500)
    qtbot.waitUntil(lambda: drawer.is_narrow, timeout=BOUND_MS)
    assert not side.isVisible()
    drawer.open()
    assert side.text() == "kept"
    window.resize(1400, 500)
    qtbot.waitUntil(lambda: not drawer.is_narrow, timeout=BOUND_MS)
    assert side.isVisible()
    assert not drawer.is_open
