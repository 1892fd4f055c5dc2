"""Settings over a real agent: what is changed is kept in its file, what is wrong is refused."""

from __future__ import annotations

import json

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

BOUND_MS = 60_000


def undo(window) -> None:
    """Press the button of the newest toast."""
    buttons = window.toasts.toasts[-1].findChildren(QPushButton)
    next(button for button in buttons if button.text().strip() == "Undo").click()


def kept(home) -> dict[str, object]:
    return json.loads(home.settings.read_text())


def test_settings_are_kept_by_the_agent_and_wrong_ones_refused(
    federation, make_window, qtbot
) -> None:
    home = federation.members[2].home
    window = make_window(home).window
    window.navigate("settings")
    page = window.page()
    qtbot.waitUntil(lambda: bool(page.settings), timeout=BOUND_MS)
    line = page.lines["proxy"]
    line.control.selectAll()
    QTest.keyClicks(line.control, "ftp://nowhere")
    QTest.keyClick(line.control, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "not the address of a proxy" in line.problem.plain(), timeout=BOUND_MS)
    line.control.selectAll()
    QTest.keyClicks(line.control, "none")
    QTest.keyClick(line.control, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: kept(home)["proxy"] == "none", timeout=BOUND_MS)
    qtbot.waitUntil(lambda: bool(window.toasts.toasts), timeout=BOUND_MS)
    undo(window)
    qtbot.waitUntil(lambda: kept(home)["proxy"] == "", timeout=BOUND_MS)
