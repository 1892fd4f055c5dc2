"""The tray on a real X display: shown by a tray host, clicked by a mouse, told by a balloon."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fake_agent import FakeAgent
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from agent_core.paths import Home
from app.main import Desktop
from app.shell.notices import of_approval
from app.shell.presence import Presence
from app.shell.single_instance import hand_over

pytestmark = pytest.mark.xvfb

BOUND_MS = 20_000


@pytest.fixture(autouse=True)
def with_a_tray(qapp: QApplication, qtbot) -> None:
    """Skip where no X display or no tray host is."""
    if QGuiApplication.platformName() != "xcb":
        pytest.skip("runs on an X display: tests/tools/under_xvfb.py brings one")
    if not shutil.which("xdotool") or not shutil.which("trayer"):
        pytest.skip("needs trayer and xdotool")
    qtbot.waitUntil(QSystemTrayIcon.isSystemTrayAvailable, timeout=BOUND_MS)


@pytest.fixture
def here(desktop: Desktop, themed: QApplication, qtbot) -> Iterator[Presence]:
    """A desktop with its icon in the tray."""
    made = Presence(desktop.window, desktop.context, themed, {"closing": "tray"})
    seen = [made.tray.icon.geometry()]

    def stands() -> bool:
        """Return whether the host has placed the icon, and moves it no more."""
        seen.append(made.tray.icon.geometry())
        return len(seen) > 20 and seen[-1].width() > 0 and len(set(map(str, seen[-20:]))) == 1

    qtbot.waitUntil(stands, timeout=BOUND_MS)
    yield made
    made.tray.menu.hide()
    made.tray.icon.hide()
    made.closing.let_go()
    themed.setQuitOnLastWindowClosed(True)


def press(here: Presence, button: int) -> None:
    """Click the icon as a person does, through the X server."""
    place = here.tray.icon.geometry().center()
    command = ["xdotool", "mousemove", str(place.x()), str(place.y()), "click", str(button)]
    subprocess.run(command, check=True, timeout=20)


def test_closing_goes_to_the_tray_and_a_click_brings_the_window_back(here, desktop, qtbot) -> None:
    assert here.tray.is_there
    desktop.window.close()
    assert not desktop.window.isVisible()
    press(here, 1)
    qtbot.waitUntil(desktop.window.isVisible, timeout=BOUND_MS)


def test_the_right_button_opens_the_menu(here, desktop, qtbot) -> None:
    press(here, 3)
    qtbot.waitUntil(here.tray.menu.isVisible, timeout=BOUND_MS)
    assert here.tray.menu.open.text() == "Open SiloDesk"
    desktop.window.hide()
    here.tray.menu.hide()
    here.tray.menu.open.trigger()
    qtbot.waitUntil(desktop.window.isVisible, timeout=BOUND_MS)


def test_a_hidden_window_tells_by_a_balloon(here, desktop, qtbot) -> None:
    desktop.window.close()
    desktop.window.tools._tell(of_approval({"id": 8, "application": "WDBC"}, 1.0))

    def balloon() -> bool:
        return any(
            one.metaObject().className() == "QBalloonTip" and one.isVisible()
            for one in QApplication.topLevelWidgets()
        )

    qtbot.waitUntil(balloon, timeout=BOUND_MS)


def visible_windows() -> list[str]:
    done = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", "SiloDesk$"],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    return done.stdout.split()


@pytest.fixture
def first(root: Path) -> Iterator[tuple[FakeAgent, subprocess.Popen[bytes]]]:
    """A desktop of its own process, started for the tray."""
    agent = FakeAgent(root / "home", "working").start()
    process = start(agent.home, "--tray")
    yield agent, process
    process.terminate()
    process.wait(20)
    agent.stop()


def start(home: Home, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "app", "--home", str(home.root), *arguments]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def test_started_for_the_tray_there_is_no_window_until_the_second_start(first, qtbot) -> None:
    agent, process = first
    qtbot.waitUntil(lambda: bool(agent.called("events.subscribe")), timeout=2 * BOUND_MS)
    assert visible_windows() == []

    assert hand_over(agent.home, "tray:")  # as a second start with --tray does
    assert visible_windows() == []

    second = start(agent.home)
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=2 * BOUND_MS)
    assert second.returncode == 0
    qtbot.waitUntil(lambda: len(visible_windows()) == 1, timeout=BOUND_MS)
    assert process.poll() is None


def test_the_command_line_opens_the_desktop_in_the_tray(root: Path, qtbot) -> None:
    agent = FakeAgent(root / "home", "working").start()
    command = [sys.executable, "-m", "agent_core.cli", "--home", str(agent.home.root), "--tray"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        qtbot.waitUntil(lambda: bool(agent.called("events.subscribe")), timeout=2 * BOUND_MS)
        assert visible_windows() == []
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(20)
        agent.stop()


def test_a_link_opens_the_running_window(first, qtbot) -> None:
    agent, _ = first
    qtbot.waitUntil(lambda: bool(agent.called("events.subscribe")), timeout=2 * BOUND_MS)
    link = "silodesk://join?hub=https%3A%2F%2Fhub.oncofed.example&code=c0de"
    second = start(agent.home, link)
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=2 * BOUND_MS)
    assert second.returncode == 0
    qtbot.waitUntil(lambda: bool(agent.called("invitations.read")), timeout=BOUND_MS)
    assert agent.called("invitations.read")[-1] == {"link": link}
    qtbot.waitUntil(lambda: len(visible_windows()) == 1, timeout=BOUND_MS)
