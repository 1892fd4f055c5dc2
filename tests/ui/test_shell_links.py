"""Invitation links: a link given before the agent answers waits for it, whatever was shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from helpers.fake_agent import FakeAgent
from PySide6.QtWidgets import QApplication, QPushButton

from agent_core import settings
from agent_core.client import AgentClient, EventStream
from agent_core.paths import Home
from app.main import make_desktop
from app.shell.commands import action_commands
from app.shell.link_handler import LinkHandler

BOUND_MS = 30_000
LINK = "silodesk://join?hub=https%3A%2F%2Fhub.oncofed.example&code=c0de"


def test_a_link_waits_for_the_first_status_and_is_then_shown(
    root: Path, themed: QApplication, qtbot
) -> None:
    home = Home(root / "home").make()
    client = AgentClient(home)
    desktop = make_desktop(home, client, lambda callback: EventStream(home, callback))
    window = desktop.window
    qtbot.addWidget(window)
    window.navigate("home")
    window.open_link(LINK)
    desktop.events.start()
    assert window.key == "home"
    agent = FakeAgent(home.root, "working").start()
    try:
        qtbot.waitUntil(lambda: window.key == "sign_in", timeout=BOUND_MS)
        page = window.page()
        qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=BOUND_MS)
        assert agent.called("invitations.read") == [{"link": LINK}]
        with qtbot.waitSignal(desktop.events.status, timeout=BOUND_MS):
            agent.push("status", **agent.answers.status())  # a later one does not lead away
        assert window.key == "sign_in"
    finally:
        window.close()
        desktop.close()
        client.close()
        agent.stop()


def test_a_program_started_by_a_link_shows_it_though_the_agent_comes_late(
    root: Path, qtbot
) -> None:
    home = Home(root / "home").make()
    # The agent that the window starts ends at once, since its place for secrets is none.
    settings.save(home.settings, settings.Settings(credentials=str(root / "no" / "such" / "file")))
    (root / "no").write_text("a file where a folder should be")
    command = [sys.executable, "-m", "app", "--home", str(home.root), "--no-tray", LINK]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    agent = FakeAgent(home.root, "working")
    try:
        said = home.agent_log.with_name("agent-start.log")
        qtbot.waitUntil(lambda: said.is_file() and said.stat().st_size > 0, timeout=BOUND_MS)
        agent.start()
        qtbot.waitUntil(lambda: bool(agent.called("invitations.read")), timeout=BOUND_MS)
        assert agent.called("invitations.read") == [{"link": LINK}]
        subscribed = [name for name, _ in agent.calls].index("events.subscribe")
        read = [name for name, _ in agent.calls].index("invitations.read")
        assert subscribed < read
    finally:
        process.terminate()
        process.wait(20)
        if agent._thread.is_alive():
            agent.stop()


def test_the_first_start_opens_links_here_once_and_undoes_it(
    make_agent, make_window, qtbot
) -> None:
    agent = make_agent("working")
    desktop = make_window(agent.home)
    window = desktop.window
    LinkHandler(window, desktop.context)
    agent.push("status", **agent.answers.status())
    qtbot.waitUntil(lambda: bool(window.toasts.toasts), timeout=BOUND_MS)
    assert agent.answers.autostart["links"] is True
    buttons = window.toasts.toasts[-1].findChildren(QPushButton)
    next(one for one in buttons if one.text().strip() == "Undo").click()
    qtbot.waitUntil(lambda: agent.answers.autostart["links"] is False, timeout=BOUND_MS)
    asked = len(agent.called("autostart.get"))
    LinkHandler(window, desktop.context)
    with qtbot.waitSignal(desktop.events.status, timeout=BOUND_MS):
        agent.push("status", **agent.answers.status())
    assert len(agent.called("autostart.get")) == asked


def test_links_of_another_program_are_not_taken_over(make_agent, make_window, qtbot) -> None:
    agent = make_agent("working")
    agent.answers.autostart["other_links"] = True
    desktop = make_window(agent.home)
    LinkHandler(desktop.window, desktop.context)
    agent.push("status", **agent.answers.status())
    memory = desktop.window.memory
    qtbot.waitUntil(lambda: memory.has_said("links"), timeout=BOUND_MS)
    assert agent.called("autostart.set") == []


def test_the_palette_turns_links_on_and_off(make_agent, make_window, qtbot) -> None:
    agent = make_agent("working")
    window = make_window(agent.home).window
    for key, wanted in (("links_on", True), ("links_off", False)):
        window.tools.actions.do[key]()
        qtbot.waitUntil(
            lambda wanted=wanted: agent.answers.autostart["links"] is wanted, timeout=BOUND_MS
        )
    commands = {one.key for one in action_commands(window.tools.actions)}
    assert {"do.links_on", "do.links_off"} <= commands
