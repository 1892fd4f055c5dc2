"""The doctor's page over a real agent: all is well, then a port that nothing listens on."""

from __future__ import annotations

import socket

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.pages.doctor.page import DoctorPage

BOUND_MS = 120_000


def doctor(window) -> DoctorPage:
    page = window.page()
    assert isinstance(page, DoctorPage)
    return page


def test_the_way_to_a_real_hub_is_examined_and_a_closed_port_is_named(
    federation, make_window, qtbot
) -> None:
    desktop = make_window(federation.members[1].home)
    window = desktop.window
    qtbot.waitUntil(lambda: bool(window.status.get("account")), timeout=30_000)
    qtbot.keyClick(window, Qt.Key.Key_F1)
    page = doctor(window)
    qtbot.waitUntil(lambda: page.report is not None and page.filling.is_over, timeout=BOUND_MS)
    found = {key: row.state for key, row in page.rows.items()}
    assert found["hub"] == found["broker"] == found["heartbeat"] == found["store"] == "pass"
    assert [stop["state"] for stop in page.path.stops[-2:]] == ["ok", "ok"]

    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    page.address.setText(f"http://127.0.0.1:{closed}")
    qtbot.keyClick(page.address, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.again.isEnabled() and page.filling.is_over, timeout=BOUND_MS)
    assert page.rows["tcp"].state == "fail"
    assert page.rows["hub"].state == "skip"
    assert "nothing listens there" in page.sentence.plain()
    page.fix.copy.click()
    letter = QGuiApplication.clipboard().text()
    assert "127.0.0.1" in letter
    assert str(closed) in letter
