"""The hub's page over real hubs: one that is hosted in the window's own home, one elsewhere."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from agent_core.client import AgentClient
from agent_core.errors import SiloDeskError
from agent_core.paths import Home
from app.pages.hub.page import HubPage
from app.widgets.dialogs import Dialog

BOUND_MS = 120_000


@pytest.fixture
def own() -> Iterator[Home]:
    """An agent of its own, with nothing but a place for secrets."""
    root = Path(tempfile.mkdtemp(prefix="sd"))
    home = Home(root)
    command = [sys.executable, "-m", "agent_core.cli", "agent", "--home", str(root),
               "--credentials", str(home.credentials), "--json"]  # fmt: skip
    with (root / "out.log").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        yield home
    finally:
        client = AgentClient(home)
        try:
            if client.call("hub.state")["is_running"]:
                client.call("hub.stop")
        finally:
            client.close()
            process.terminate()
            process.wait(30)
            shutil.rmtree(root, ignore_errors=True)


def press(page: HubPage, words: str) -> None:
    """Press a button of the dialog that is open."""
    dialog = next(one for one in page.window().findChildren(Dialog) if one.isVisible())
    next(b for b in dialog.findChildren(QPushButton) if b.text().strip() == words).click()


def test_a_hub_is_started_here_backed_up_stopped_and_restored(own, make_window, qtbot) -> None:
    qtbot.waitUntil(own.socket.exists, timeout=BOUND_MS)
    window = make_window(own, "sign_in").window
    window.navigate("hub")
    page = window.page()
    assert isinstance(page, HubPage)
    qtbot.waitUntil(lambda: page.seen is not None, timeout=BOUND_MS)
    assert not page.head.set_up.isHidden()
    page.head.field.set("Our federation")
    page.head.start.click()
    qtbot.waitUntil(lambda: page.head.badge.state == "RUNNING", timeout=BOUND_MS)
    assert page.head.name.plain() == "Our federation"

    client = AgentClient(own)
    url = client.call("hub.state")["url"]
    client.call("account.sign_up", hub_url=url, email="a@b.example", name="Ada", password="x" * 12)
    qtbot.waitUntil(lambda: bool(window.status.get("account")), timeout=BOUND_MS)
    window.navigate("hub")
    qtbot.waitUntil(lambda: bool(page.people.model.rows), timeout=BOUND_MS)
    assert page.health.rows["broker"].badge.state == "PASS"
    assert page.numbers.figures["accounts"].plain() == "1"

    file = own.root / "kept.silohub"
    page.back_up(str(file))
    qtbot.waitUntil(lambda: file.is_file() and page.backup.now.isEnabled(), timeout=BOUND_MS)
    qtbot.waitUntil(page.head.stop.isEnabled, timeout=BOUND_MS)
    page.head.stop.click()
    press(page, "Stop the hub")
    qtbot.waitUntil(lambda: page.head.badge.text == "Stopped", timeout=BOUND_MS)
    page.backup.restore_wanted.emit(str(file))
    qtbot.waitUntil(
        lambda: len(client.call("hub.state")["set_aside"]) == 1 and not page.head.start.isHidden(),
        timeout=BOUND_MS,
    )
    qtbot.waitUntil(page.head.start.isEnabled, timeout=BOUND_MS)
    page.head.start.click()
    qtbot.waitUntil(lambda: page.head.badge.state == "RUNNING", timeout=BOUND_MS)
    qtbot.waitUntil(lambda: page.numbers.figures["accounts"].plain() == "1", timeout=BOUND_MS)
    assert json.loads((own.hub / "hub.json").read_text())["url"] == url
    client.close()


def test_a_taken_port_is_said_at_the_door(own, make_window, qtbot) -> None:
    qtbot.waitUntil(own.socket.exists, timeout=BOUND_MS)
    window = make_window(own, "sign_in").window
    door = window.page().doors.host
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        own.hub.mkdir(parents=True, exist_ok=True)
        (own.hub / "ports-http.json").write_text(json.dumps({"http": port}))  # its port of before
        door.field.set("Our federation")
        door.button.click()
        qtbot.waitUntil(lambda: bool(door.field.message), timeout=BOUND_MS)
        assert f"Port {port} cannot be used for the hub" in door.field.message
        assert "End the program that listens there" in door.field.message
        assert "service.port" in door.field.message
        assert door.button.isEnabled()


def test_an_administrator_sees_people_and_may_disable_one(federation, make_window, qtbot) -> None:
    window = make_window(federation.coordinator.home).window
    qtbot.waitUntil(lambda: bool(window.status.get("account")), timeout=BOUND_MS)
    window.navigate("hub")
    page = window.page()
    qtbot.waitUntil(lambda: len(page.people.model.rows) >= 3, timeout=BOUND_MS)
    assert page.head.stop.isHidden()  # it is not this home's hub
    row = next(n for n, one in enumerate(page.people.model.rows) if one["name"] == "Operator 2")
    page.people.table.selectRow(row)
    one = page.people.table.current()
    assert "disable" in [key for key, _ in page.people.choices()]
    page.people.changed.emit(one, "disable")
    press(page, "Disable")
    qtbot.waitUntil(lambda: any(p["is_disabled"] for p in page.people.model.rows), timeout=BOUND_MS)
    page.people.changed.emit(one, "enable")
    qtbot.waitUntil(
        lambda: not any(p["is_disabled"] for p in page.people.model.rows), timeout=BOUND_MS
    )
    federation.members[2].client.call(  # disabling ended this account's session
        "account.sign_in", hub_url=federation.hub_url, email="operator-2@silo.example",
        password=federation.password,
    )  # fmt: skip


def test_who_is_no_administrator_is_told_so(federation, make_window, qtbot) -> None:
    window = make_window(federation.members[1].home).window
    qtbot.waitUntil(lambda: bool(window.status.get("account")), timeout=BOUND_MS)
    window.navigate("hub")
    page = window.page()
    qtbot.waitUntil(lambda: "administrator" in page.why.plain(), timeout=BOUND_MS)
    assert page.told.isHidden()
    assert page.head.badge.state == "RUNNING"


def test_a_forgotten_password_is_set_anew_by_a_one_use_link(federation, make_window, qtbot) -> None:
    window = make_window(federation.coordinator.home).window
    qtbot.waitUntil(lambda: bool(window.status.get("account")), timeout=BOUND_MS)
    window.navigate("hub")
    page = window.page()
    qtbot.waitUntil(lambda: len(page.people.model.rows) >= 3, timeout=BOUND_MS)
    one = next(p for p in page.people.model.rows if p["name"] == "Operator 2")
    QGuiApplication.clipboard().clear()
    page.people.changed.emit(one, "reset")
    qtbot.waitUntil(
        lambda: QGuiApplication.clipboard().text().startswith("silodesk://reset?"),
        timeout=BOUND_MS,
    )
    link = QGuiApplication.clipboard().text()
    client = federation.members[2].client
    account = client.call("account.reset", link=link, password=federation.password)
    assert account["name"] == "Operator 2"
    with pytest.raises(SiloDeskError):
        client.call("account.reset", link=link, password=federation.password)
