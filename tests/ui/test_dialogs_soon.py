"""A dialog of many parts opens in turns, and lets nothing through meanwhile."""

from __future__ import annotations

import pytest
import shiboken6
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from app.widgets.dialogs import Dialog, Scrim
from app.widgets.layouts import column


@pytest.fixture
def window(themed: QApplication, qtbot) -> QWidget:
    one = QWidget()
    one.setLayout(column(QPushButton("Beneath")))
    one.resize(400, 300)
    qtbot.addWidget(one)
    one.show()
    qtbot.waitExposed(one)
    return one


def make(window: QWidget) -> Dialog:
    dialog = Dialog(window, "Title")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return dialog


def test_the_window_takes_no_clicks_before_the_dialog_is_there(window: QWidget, qtbot) -> None:
    clicked: list[bool] = []
    window.findChild(QPushButton).clicked.connect(lambda: clicked.append(True))
    dialog = make(window)
    dialog.open_soon()
    assert not dialog.isVisible()
    beneath = window.childAt(window.rect().center())
    assert isinstance(beneath, Scrim)
    QTest.mouseClick(beneath, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dialog.isVisible, timeout=5000)
    assert len(window.findChildren(Scrim)) == 1
    assert window.findChild(Scrim).updatesEnabled()
    assert not clicked
    dialog.reject()
    qtbot.waitUntil(lambda: not window.findChildren(Scrim), timeout=5000)


def test_one_that_is_closed_at_once_never_opens(window: QWidget, qtbot) -> None:
    dialog = make(window)
    dialog.open_soon()
    dialog.reject()
    qtbot.waitUntil(lambda: not shiboken6.isValid(dialog), timeout=5000)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert not window.findChildren(Scrim)
