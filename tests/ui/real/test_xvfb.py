"""The main path on a real display, by a person's mouse and keys, over a real hub and agents."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from helpers.agent_process import PASSWORD, AgentProcess
from helpers.dialogs import dialog_of
from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from agent_core.protocol.states import TERMINAL, State
from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.packing import samples
from app.main import Desktop
from app.pages.runs.new_run import NewRunDialog
from app.widgets.tables import Table

pytestmark = [pytest.mark.xvfb, pytest.mark.runtime, pytest.mark.timeout(400)]
BOUND_MS = 60_000
LONG_MS = 180_000


@pytest.fixture(autouse=True)
def on_a_display(qapp: QApplication) -> None:
    """Skip where no X display is, as in the offscreen run."""
    if QGuiApplication.platformName() != "xcb":
        pytest.skip("runs on an X display: tests/tools/under_xvfb.py brings one")
    if not shutil.which("xdotool"):
        pytest.skip("needs xdotool")


@pytest.fixture
def newcomer() -> Iterator[AgentProcess]:
    """An agent that knows no hub yet, with data of its own."""
    with AgentProcess() as agent:
        agent.call("settings.set", data_dir=str(samples()["breast-cancer"].data / "silo-1"))
        yield agent


@pytest.fixture
def study(federation: Federation) -> dict[str, Any]:
    """A group of the coordinator's with a project and the sample application, and its link."""
    client = federation.coordinator.client
    packages = client.call("applications.list")["items"][-1]["packages"]
    group = client.call("groups.create", name=f"Study {uuid.uuid4().hex[:6]}")
    client.call("groups.add_device", group_id=group["id"], edge_id=federation.coordinator.edge_id)
    client.call("projects.create", name=f"Of {group['name']}", group_id=group["id"])
    client.call(
        "applications.create", name="Sample", group_id=group["id"],
        packages=[one["zip_sha256"] for one in packages],
    )  # fmt: skip
    invitation = client.call("invitations.create", group_id=group["id"], role="operator")
    return {**group, "link": invitation["link"], "packages": packages}


def do(*command: str) -> None:
    """Let the X server have a person's input."""
    subprocess.run(["xdotool", *command], check=True, timeout=20)


def click(widget: QWidget, at: QPoint | None = None, times: int = 1) -> None:
    """Move the mouse onto a widget and press it there."""
    place = widget.mapToGlobal(widget.rect().center() if at is None else at)
    do("mousemove", str(place.x()), str(place.y()),
       "click", "--repeat", str(times), "--delay", "60", "1")  # fmt: skip


def paste(edit: QWidget, text: str, qtbot) -> None:
    """Click into a field and paste into it."""
    assert isinstance(edit, QLineEdit)
    QGuiApplication.clipboard().setText(text)
    click(edit)
    qtbot.waitUntil(edit.hasFocus, timeout=BOUND_MS)
    do("key", "ctrl+a", "key", "ctrl+v")
    qtbot.waitUntil(lambda: edit.text() == text, timeout=BOUND_MS)


def open_row(table: Table, number: int) -> None:
    """Double-click a row of a table."""
    rect = table.visualRect(table.model().index(number, 0))
    click(table.viewport(), rect.center(), times=2)


def shown(desktop: Desktop, qtbot) -> Any:
    """Wait until the window manager shows a window; return it."""
    window = desktop.window
    qtbot.waitExposed(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=BOUND_MS)
    return window


def join(window: Any, link: str, qtbot) -> None:
    """Paste an invitation at its door and fill in the form behind it."""
    page = window.page()
    paste(page.doors.join.field.control, link, qtbot)
    click(page.doors.join.button)
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=BOUND_MS)
    qtbot.waitUntil(page.form.submit.isVisible, timeout=BOUND_MS)
    typed = {"name": "Nora Dahl", "email": f"{uuid.uuid4().hex[:8]}@oslo.example",
             "password": PASSWORD, "silo": "Oslo Breast Unit"}  # fmt: skip
    for key, text in typed.items():
        paste(page.form.fields[key].control, text, qtbot)
    click(page.form.submit)
    qtbot.waitUntil(lambda: window.key == "home", timeout=BOUND_MS)
    qtbot.waitUntil(lambda: bool(window.status.get("device")), timeout=BOUND_MS)


def sign_in(window: Any, federation: Federation, qtbot) -> None:
    """Sign in through the door of a hub."""
    qtbot.waitUntil(lambda: window.key == "sign_in", timeout=BOUND_MS)
    page = window.page()
    paste(page.doors.sign_in.field.control, federation.hub_url, qtbot)
    click(page.doors.sign_in.button)
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=BOUND_MS)
    qtbot.waitUntil(page.form.submit.isVisible, timeout=BOUND_MS)
    paste(page.form.email.control, "elif.kaya@meridian.example", qtbot)
    paste(page.form.password.control, federation.password, qtbot)
    click(page.form.submit)
    qtbot.waitUntil(lambda: window.key == "home", timeout=BOUND_MS)
    qtbot.waitUntil(lambda: bool(window.status.get("account")), timeout=BOUND_MS)


def start_run(window: Any, study: dict[str, Any], edge_id: int, qtbot) -> int:
    """Start a run of two rounds at the new device, by mouse; return its number."""
    click(window.rail.items["projects"])
    qtbot.waitUntil(lambda: window.key == "projects", timeout=BOUND_MS)
    projects = window.page()

    def place() -> int:
        names = [one.project.name for one in projects.rows.rows]
        name = f"Of {study['name']}"
        return names.index(name) if name in names else -1

    qtbot.waitUntil(lambda: place() >= 0 and projects.table.isVisible(), timeout=BOUND_MS)
    open_row(projects.table, place())
    qtbot.waitUntil(lambda: window.key == "project", timeout=BOUND_MS)
    project = window.page()
    qtbot.waitUntil(lambda: project.group is not None, timeout=BOUND_MS)
    qtbot.waitUntil(project._new.isVisible, timeout=BOUND_MS)
    click(project._new)
    dialog = dialog_of(window, NewRunDialog)  # it is there, half made, before it is seen
    qtbot.waitExposed(dialog)
    qtbot.waitUntil(lambda: dialog.application.count() == 1, timeout=BOUND_MS)
    qtbot.waitUntil(lambda: edge_id in dialog.draft.chosen, timeout=BOUND_MS)
    click(dialog.rounds.lineEdit())
    do("key", "ctrl+a", "type", "2")
    do("key", "Tab")
    qtbot.waitUntil(lambda: dialog.rounds.value() == 2, timeout=BOUND_MS)
    qtbot.waitUntil(dialog._start.isEnabled, timeout=BOUND_MS)
    click(dialog._start)
    qtbot.waitUntil(lambda: window.key == "run", timeout=BOUND_MS)
    return int(window._arguments["run_id"])


def test_a_site_is_invited_joins_and_trains(
    federation: Federation, study, newcomer: AgentProcess, make_window, qtbot
) -> None:
    there = make_window(newcomer.home, "sign_in")
    join(shown(there, qtbot), study["link"], qtbot)
    there.window.close()
    edge_id = int(newcomer.status()["device"]["edge_id"])
    for one in study["packages"]:
        newcomer.call("approvals.allow", content_digest=one["content_digest"], by="test")

    federation.coordinator.client.call("account.sign_out")
    window = shown(make_window(federation.coordinator.home, "sign_in"), qtbot)
    sign_in(window, federation, qtbot)
    click(window.rail.items["groups"])
    qtbot.waitUntil(lambda: window.key == "groups", timeout=BOUND_MS)
    groups = window.page()

    def place() -> int:
        names = [one.group.name for one in groups.rows.rows]
        return names.index(study["name"]) if study["name"] in names else -1

    qtbot.waitUntil(lambda: place() >= 0 and groups.table.isVisible(), timeout=BOUND_MS)
    open_row(groups.table, place())
    qtbot.waitUntil(lambda: window.key == "group", timeout=BOUND_MS)
    group = window.page()
    qtbot.waitUntil(
        lambda: edge_id in {row.device.edge_id for row in group.side.devices.model_rows.rows},
        timeout=BOUND_MS,
    )

    run_id = start_run(window, study, edge_id, qtbot)
    live = window.page().view.live
    qtbot.waitUntil(lambda: live.run is not None and live.run.id == run_id, timeout=BOUND_MS)
    qtbot.waitUntil(lambda: live.run.state in TERMINAL, timeout=LONG_MS)
    assert live.run.state == State.FINISHED, live.run.detail
    assert len(live.run.devices) == 2
