"""Settings over a real agent: what is changed is kept in its file, what is wrong is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.agent_process import AgentProcess
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from agent_core import settings
from agent_core.client import AgentClient
from agent_core.paths import Home

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


@pytest.fixture
def account(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an account of its own, for every program that is started now."""
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(root / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(root / "data"))
    monkeypatch.delenv("SILODESK_HOME", raising=False)
    return root


@pytest.fixture
def own_agent(account: Path) -> Iterator[AgentProcess]:
    """A real agent of that account, bound to no hub."""
    with AgentProcess(Home(account / "home").make()) as agent:
        yield agent


def written(account: Path) -> list[str]:
    """Return what stands in the account's folders, below config and data."""
    return sorted(
        one.name
        for folder in ("config", "data")
        for one in (account / folder).rglob("*")
        if not one.is_dir()
    )


def test_the_start_at_log_in_is_written_and_taken_away(
    own_agent: AgentProcess, account: Path, make_window, qtbot
) -> None:
    window = make_window(own_agent.home).window
    window.navigate("settings", section="start")
    line = window.page().lines["autostart"]
    qtbot.waitUntil(lambda: line.isVisible() and line.control.isEnabled(), timeout=BOUND_MS)
    assert line.value() is False
    line.control.click()
    qtbot.waitUntil(lambda: bool(own_agent.call("autostart.get")["enabled"]), timeout=BOUND_MS)
    unit = next((account / "config/systemd/user").glob("silodesk-agent*.service"))
    assert str(own_agent.home.root) in unit.read_text()
    assert list((account / "config/autostart").glob("silodesk*.desktop"))
    line.control.click()
    qtbot.waitUntil(lambda: written(account) == [], timeout=BOUND_MS)
    assert own_agent.call("autostart.get")["enabled"] is False


def test_links_are_opened_here_by_a_line_and_not_any_more(
    own_agent: AgentProcess, account: Path, make_window, qtbot
) -> None:
    window = make_window(own_agent.home).window
    window.navigate("settings", section="start")
    line = window.page().lines["links"]
    qtbot.waitUntil(lambda: line.isVisible() and line.control.isEnabled(), timeout=BOUND_MS)
    line.control.click()
    qtbot.waitUntil(lambda: bool(own_agent.call("autostart.get")["links"]), timeout=BOUND_MS)
    entries = (account / "config/mimeapps.list").read_text()
    assert "x-scheme-handler/silodesk=silodesk" in entries
    line.control.click()
    qtbot.waitUntil(lambda: not own_agent.call("autostart.get")["links"], timeout=BOUND_MS)
    handlers = account / "config/mimeapps.list"  # written after the entry is taken away
    qtbot.waitUntil(
        lambda: not handlers.exists() or "silodesk" not in handlers.read_text(), timeout=BOUND_MS
    )


def test_the_first_start_of_the_desktop_opens_links_with_it(account: Path, qtbot) -> None:
    home = Home(account / "data" / "silodesk").make()  # where a program looks that is told nothing
    settings.save(home.settings, settings.Settings(credentials=str(home.credentials)))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "app", "--no-tray"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    client = AgentClient(home)
    try:
        entry = account / "data" / "applications" / "silodesk.desktop"
        qtbot.waitUntil(entry.is_file, timeout=BOUND_MS)
        assert "MimeType=x-scheme-handler/silodesk;" in entry.read_text()
        assert "--home" not in entry.read_text()
        qtbot.waitUntil(lambda: bool(client.call("autostart.get")["links"]), timeout=BOUND_MS)
    finally:
        process.terminate()
        process.wait(20)
        client.call("agent.shutdown")
        qtbot.waitUntil(lambda: not client.is_running(), timeout=BOUND_MS)
        client.close()
