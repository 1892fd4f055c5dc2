"""The shell over real agents: search, language, pause and resume, what starts at log-in."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from agent_core.rehearsal.federation import Federation
from app import i18n
from app.main import Desktop
from app.shell.commands import Command
from app.shell.presence import Presence

pytestmark = pytest.mark.runtime
BOUND_MS = 30_000


@pytest.fixture
def window_of_scientist(federation: Federation, make_window) -> Desktop:
    """The coordinating scientist's desktop."""
    return make_window(federation.coordinator.home)


def titles(palette) -> list[str]:
    return [one.text for one in palette.list.lines.lines if isinstance(one, Command)]


@pytest.mark.parametrize(
    ("typed", "section", "key"),
    [("breast", "Projects", "project"), ("breast", "Applications", "applications")],
)
def test_the_palette_finds_what_the_hub_has(
    window_of_scientist: Desktop, qtbot, typed: str, section: str, key: str
) -> None:
    window = window_of_scientist.window
    palette = window.tools.palette
    palette.open()
    QTest.keyClicks(palette.line, typed)

    def found() -> list[Command]:
        lines = palette.list.lines.lines
        return [one for one in lines if isinstance(one, Command) and one.section == section]

    qtbot.waitUntil(lambda: bool(found()), timeout=BOUND_MS)
    while palette.list.chosen() is not found()[0]:
        QTest.keyClick(palette.line, Qt.Key.Key_Down)
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.key == key


def test_devices_of_the_federation_are_found_by_their_silo(
    window_of_scientist: Desktop, federation: Federation, qtbot
) -> None:
    palette = window_of_scientist.window.tools.palette
    palette.open()
    silo = federation.members[1].client.call("agent.status")["device"]["silo"]
    QTest.keyClicks(palette.line, silo)
    qtbot.waitUntil(
        lambda: any(
            isinstance(one, Command) and one.section == "Devices"
            for one in palette.list.lines.lines
        ),
        timeout=BOUND_MS,
    )
    palette.leave()


def test_a_setting_made_elsewhere_changes_the_language_here(
    window_of_scientist: Desktop, federation: Federation, themed: QApplication, qtbot
) -> None:
    window, client = window_of_scientist.window, federation.coordinator.client
    try:
        client.call("settings.set", language="zh_CN")
        qtbot.waitUntil(lambda: i18n.language() == "zh_CN", timeout=BOUND_MS)
        qtbot.waitUntil(lambda: window.rail.items["home"].text() != "Home", timeout=BOUND_MS)
        client.call("settings.set", language="en")
        qtbot.waitUntil(lambda: window.rail.items["home"].text() == "Home", timeout=BOUND_MS)
        assert window.key == "home"
    finally:
        client.call("settings.set", language="system")
        i18n.install(themed, "en")


def test_pause_all_and_resume_all_reach_the_agent(
    federation: Federation, make_window, themed: QApplication, qtbot
) -> None:
    silo = federation.members[1]
    desktop = make_window(silo.home)
    here = Presence(desktop.window, desktop.context, themed, {"closing": "tray"})
    try:
        here.tray.menu.pause.trigger()
        qtbot.waitUntil(
            lambda: bool(silo.client.call("agent.status")["all_paused"]), timeout=BOUND_MS
        )
        qtbot.waitUntil(lambda: here.tray.state.key == "paused", timeout=BOUND_MS)
        assert here.tray.menu.resume.isVisible()
        here.tray.menu.resume.trigger()
        qtbot.waitUntil(
            lambda: not silo.client.call("agent.status")["all_paused"], timeout=BOUND_MS
        )
        qtbot.waitUntil(lambda: here.tray.state.key == "idle", timeout=BOUND_MS)
    finally:
        here.closing.let_go()
        themed.setQuitOnLastWindowClosed(True)
        silo.client.call("jobs.resume_all")


def test_the_agent_tells_what_starts_at_log_in(federation: Federation) -> None:
    told = federation.coordinator.client.call("autostart.get")
    assert told["enabled"] is False
    assert told["places"]
