"""A desktop over a fake agent, drawn offscreen."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Nothing pops up on the desktop of whoever runs this; a test that needs a bus starts its own.
os.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent/silodesk-tests"

from helpers.fake_agent import FakeAgent
from PySide6.QtWidgets import QApplication

from agent_core.paths import Home
from app.main import Desktop, make_desktop
from app.widgets.fonts import load_fonts
from app.widgets.theme import theme


@pytest.fixture(scope="session", autouse=True)
def _own_garbage() -> Iterator[None]:
    """Collect between tests only, here: a thread of an agent would end widgets that are not its."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(scope="session")
def themed(qapp: QApplication) -> QApplication:
    """Load fonts and show the dark theme."""
    load_fonts()
    theme().apply(qapp, "dark")
    return qapp


@pytest.fixture
def root() -> Iterator[Path]:
    """A short-named folder, because socket paths are short."""
    folder = Path(tempfile.mkdtemp(prefix="sd"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def make_agent(root: Path) -> Iterator[Callable[[str], FakeAgent]]:
    """Start a fake agent in a scene: "working" or "first-run"."""
    agents: list[FakeAgent] = []

    def make(scene: str = "working") -> FakeAgent:
        agents.append(FakeAgent(root / "home", scene).start())
        return agents[-1]

    yield make
    for agent in agents:
        agent.stop()


@pytest.fixture
def make_window(themed: QApplication, qtbot) -> Iterator[Callable[[Home], Desktop]]:
    """Show a whole desktop over the agent of a home."""
    from agent_core.client import AgentClient, EventStream

    desktops: list[Desktop] = []
    clients: list[AgentClient] = []

    def make(home: Home, first: str = "home") -> Desktop:
        clients.append(AgentClient(home))
        desktop = make_desktop(home, clients[-1], lambda callback: EventStream(home, callback))
        desktops.append(desktop)
        qtbot.addWidget(desktop.window)
        desktop.window.navigate(first)
        desktop.window.show()
        # A home remembers its window, fitted to a screen that is smaller without a display.
        desktop.window.resize(1440, 900)
        desktop.start_agent(lambda: None)
        qtbot.waitUntil(lambda: bool(desktop.window.status), timeout=30_000)
        return desktop

    yield make
    for desktop in desktops:
        desktop.window.close()
        desktop.close()
    for client in clients:  # an agent takes so many connections and no more
        client.close()


@pytest.fixture
def desktop(make_agent, make_window) -> Desktop:
    """A desktop at a working silo."""
    return make_window(make_agent("working").home)
