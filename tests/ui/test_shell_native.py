"""Native messages over a real D-Bus: each has its own id and buttons, whatever came after it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import notification_service
from helpers.fake_agent import FakeAgent
from PySide6.QtDBus import QDBusConnection

from app.shell.desktop_notices import DesktopNotices
from app.shell.notices import of_approval, of_job

pytestmark = pytest.mark.skipif(
    not shutil.which("dbus-daemon") or sys.platform != "linux", reason="needs dbus-daemon"
)
BOUND_MS = 15_000
JOB = {"run_id": 12, "state": "FAILED", "detail": "Out of <memory> & more.", "bytes_up": 5}


@pytest.fixture
def address(root: Path) -> Iterator[str]:
    """A session bus of its own."""
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1",
         f"--address=unix:path={root / 'bus'}"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert bus.stdout is not None
    yield bus.stdout.readline().strip()
    bus.terminate()
    bus.wait(10)
    bus.stdout.close()


class Desk:
    """The notification service of a desktop, as a process; `said` holds what it was told."""

    def __init__(self, address: str, *capabilities: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, notification_service.__file__, *capabilities],
            env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": address},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.said: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.said.append(json.loads(line))

    def press(self, number: int, key: str) -> None:
        """Press a button of a message."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"act {number} {key}\n")
        self.process.stdin.flush()

    def told(self, what: str = "notify") -> list[dict[str, Any]]:
        """Return the calls of one kind so far."""
        return [one for one in self.said if one["call"] == what]

    def end(self) -> None:
        """End the service."""
        self.process.terminate()
        self.process.wait(10)
        self._reader.join(10)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def desk(address: str, qtbot) -> Iterator[Callable[..., Desk]]:
    """Start a notification service with what it can do."""
    desks: list[Desk] = []

    def start(*capabilities: str) -> Desk:
        desks.append(Desk(address, *capabilities))
        qtbot.waitUntil(lambda: bool(desks[-1].told("ready")), timeout=BOUND_MS)
        assert desks[-1].told("ready")[0]["is_registered"]
        return desks[-1]

    yield start
    for one in desks:
        one.end()


@pytest.fixture
def bus(address: str) -> Iterator[QDBusConnection]:
    """This program's own connection to that bus."""
    name = f"test-{address}"
    yield QDBusConnection.connectToBus(address, name)
    QDBusConnection.disconnectFromBus(name)


def test_every_message_leads_to_its_own_place(desk, bus, themed, qtbot) -> None:
    service = desk("body", "actions", "body-markup")
    notices, followed, missed = DesktopNotices(themed, bus), [], []
    notices.followed.connect(followed.append)
    assert notices.is_there
    first = of_approval({"id": 8, "application": "WDBC"}, 1.0)
    second = of_job(JOB, 2.0)
    assert second is not None
    for notice in (first, second):
        notices.tell(notice, lambda: missed.append(1))
    qtbot.waitUntil(lambda: len(service.told()) == 2, timeout=BOUND_MS)
    asked, failed = service.told()
    assert asked["title"] == "Approval needed: WDBC"
    assert asked["actions"] == ["default", "Review", "later", "Later"]
    assert asked["expires"] == 0
    assert failed["actions"] == ["default", "Open run"]
    assert "Out of &lt;memory&gt; &amp; more." in failed["text"]
    service.press(asked["id"], "default")  # the older one, though another came since
    qtbot.waitUntil(lambda: followed == [first], timeout=BOUND_MS)
    service.press(failed["id"], "default")
    qtbot.waitUntil(lambda: followed == [first, second], timeout=BOUND_MS)
    assert missed == []


def test_later_leads_nowhere_and_a_decision_takes_its_message_away(
    desk, bus, themed, qtbot
) -> None:
    service = desk("actions")
    notices, followed = DesktopNotices(themed, bus), []
    notices.followed.connect(followed.append)
    for number in (8, 9):
        notices.tell(of_approval({"id": number, "application": "WDBC"}, 1.0), lambda: None)
    qtbot.waitUntil(lambda: len(service.told()) == 2, timeout=BOUND_MS)
    service.press(service.told()[0]["id"], "later")
    qtbot.waitUntil(lambda: len(notices._shown) == 1, timeout=BOUND_MS)
    notices.withdraw(("approval", 9))
    qtbot.waitUntil(lambda: bool(service.told("close")), timeout=BOUND_MS)
    assert service.told("close") == [{"call": "close", "id": service.told()[1]["id"]}]
    assert followed == []


def test_a_service_without_buttons_is_not_enough(desk, bus, themed, qtbot) -> None:
    service = desk("body")
    notices, missed = DesktopNotices(themed, bus), []
    notices.tell(of_approval({"id": 8}, 1.0), lambda: missed.append(1))
    qtbot.waitUntil(lambda: missed == [1], timeout=BOUND_MS)
    assert service.told() == []


def test_without_a_service_there_is_none(bus, themed, qtbot) -> None:
    assert bus.isConnected()
    notices, missed = DesktopNotices(themed, bus), []
    assert not notices.is_there
    notices.tell(of_approval({"id": 8}, 1.0), lambda: missed.append(1))
    qtbot.waitUntil(lambda: missed == [1], timeout=BOUND_MS)


def test_a_message_of_a_hidden_window_opens_the_very_decision(
    desk, address: str, root: Path, qtbot
) -> None:
    service = desk("body", "actions")
    agent = FakeAgent(root / "home", "working").start()
    number = next(iter(agent.answers.approvals))
    environment = {
        **os.environ, "QT_QPA_PLATFORM": "offscreen", "DBUS_SESSION_BUS_ADDRESS": address
    }  # fmt: skip
    command = [sys.executable, "-m", "app", "--home", str(agent.home.root), "--tray"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    try:
        qtbot.waitUntil(lambda: bool(agent.called("events.subscribe")), timeout=2 * BOUND_MS)
        agent.push("approval", id=98, state="pending")
        qtbot.waitUntil(lambda: bool(service.told()), timeout=BOUND_MS)
        agent.push("approval", id=97, state="pending")
        qtbot.waitUntil(lambda: len(service.told()) == 2, timeout=BOUND_MS)
        before = len(agent.called("approvals.get"))
        agent.answer("approvals.get", lambda _: agent.answers.approvals[number])
        service.press(service.told()[0]["id"], "default")
        qtbot.waitUntil(lambda: len(agent.called("approvals.get")) > before, timeout=BOUND_MS)
        assert agent.called("approvals.get")[-1] == {"id": 98}
        qtbot.waitUntil(lambda: bool(agent.called("approvals.review")), timeout=BOUND_MS)
    finally:
        process.terminate()
        process.wait(20)
        agent.stop()
