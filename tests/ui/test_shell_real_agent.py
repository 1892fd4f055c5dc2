"""The window over a real agent process: started when absent, followed over its restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent_core.client import AgentClient, EventStream
from agent_core.errors import SiloDeskError
from agent_core.paths import Home
from app.main import Desktop, make_desktop
from app.shell.agent_start import start_agent, use_file


@pytest.fixture
def home(root: Path) -> Iterator[Home]:
    made = Home(root / "home").make()
    use_file(made)
    yield made
    client = AgentClient(made)
    try:
        client.call("agent.shutdown")
    except SiloDeskError:
        pass  # the test ended it already
    client.close()


@pytest.fixture
def desktop(themed, home: Home, qtbot) -> Iterator[Desktop]:
    made = make_desktop(home, AgentClient(home), lambda callback: EventStream(home, callback))
    qtbot.addWidget(made.window)
    made.window.navigate("sign_in")
    made.window.show()
    yield made
    made.window.close()
    made.close()


def agent_process(home: Home) -> psutil.Process:
    """Return the agent of a home, found by its command line."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "agent" in words and str(home.root) in words:
            return process
    raise LookupError("no agent runs")


def test_an_absent_agent_is_started_and_its_death_and_return_are_shown(
    desktop: Desktop, home: Home, qtbot
) -> None:
    window = desktop.window
    window._gone.setInterval(10)
    desktop.start_agent(lambda: start_agent(home))
    desktop.restart_agent_on_demand(lambda: start_agent(home))
    qtbot.waitUntil(lambda: bool(window.status), timeout=40_000)
    assert window.status["state"] == "unbound"
    assert window.key == "sign_in"

    process = agent_process(home)
    process.kill()
    qtbot.waitUntil(lambda: window._banner_row.isVisibleTo(window), timeout=15_000)
    window.status = {}
    window.banner.acted.emit()  # "Start it"
    qtbot.waitUntil(lambda: bool(window.status), timeout=40_000)
    assert agent_process(home).pid != process.pid

    window.close()
    desktop.close()
    assert agent_process(home).is_running()


def test_the_first_door_answers_by_the_real_agent(desktop: Desktop, home: Home, qtbot) -> None:
    desktop.start_agent(lambda: start_agent(home))
    page = desktop.window.pages["sign_in"]
    qtbot.waitUntil(lambda: bool(desktop.window.status), timeout=40_000)
    page.doors.sign_in.field.set("http://127.0.0.1:9")
    page.doors.sign_in.button.click()
    qtbot.waitUntil(lambda: bool(page.doors.sign_in.field.message), timeout=40_000)
    assert "127.0.0.1:9" in page.doors.sign_in.field.message
    assert page.stack.currentIndex() == 0
