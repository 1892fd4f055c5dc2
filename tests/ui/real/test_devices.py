"""The devices' page over a real hub: live figures, silence, names, unbinding, revoking."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from helpers.agent_process import PASSWORD, AgentProcess
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from app.pages.devices.dialogs import NamesDialog
from app.pages.devices.model import DeviceRow
from app.pages.devices.page import DevicesPage
from app.widgets.dialogs import Dialog
from app.widgets.seen import badge_of

BOUND_MS = 60_000


def devices_page(desktop) -> DevicesPage:
    desktop.window.navigate("devices")
    page = desktop.window.page()
    assert isinstance(page, DevicesPage)
    return page


def row_of(page: DevicesPage, edge: int) -> DeviceRow | None:
    return next((one for one in page.all_rows if one.device.edge_id == edge), None)


def badge(page: DevicesPage, edge: int) -> str:
    row = row_of(page, edge)
    return badge_of(row.device, row.read_at)[0] if row is not None else ""


def select(page: DevicesPage, edge: int) -> None:
    page.chips["all"].setChecked(True)
    page.table.selectRow(page.rows.find(edge))


def button_of(dialog: Dialog, text: str) -> QPushButton:
    return next(one for one in dialog.findChildren(QPushButton) if one.text().strip() == text)


@pytest.fixture
def guest(federation) -> Iterator[tuple[AgentProcess, int]]:
    """A third site's agent that joined by a link, and its edge id."""
    made = federation.coordinator.client.call(
        "invitations.create", group_id=federation.group_id, role="operator"
    )
    with AgentProcess() as agent:
        agent.call(
            "invitations.join", link=made["link"], silo="Guest site", device_name="guest-1",
            email=f"guest-{made['id']}@x.example", name="Guest", password=PASSWORD,
        )  # fmt: skip
        edge = int(agent.status()["device"]["edge_id"])
        yield agent, edge
        try:
            federation.coordinator.client.call("devices.revoke", edge_id=edge)
        except Exception:  # noqa: BLE001 - a test may have revoked it
            pass


def test_every_silos_device_is_shown_with_live_figures(federation, make_window, qtbot) -> None:
    page = devices_page(make_window(federation.coordinator.home))
    edges = [member.edge_id for member in federation.members]
    qtbot.waitUntil(lambda: all(row_of(page, edge) for edge in edges), timeout=BOUND_MS)

    def has_figures() -> bool:
        found = [row_of(page, edge) for edge in edges]
        return all(
            one is not None
            and one.device.vitals is not None
            and one.device.vitals.cpu_percent is not None
            and one.device.vitals.round_trip_ms is not None
            for one in found
        )

    qtbot.waitUntil(has_figures, timeout=BOUND_MS)
    me = row_of(page, federation.coordinator.edge_id)
    assert me is not None
    assert me.is_me
    assert me.device.hardware.cores > 0
    select(page, me.device.edge_id)
    qtbot.waitUntil(lambda: len(page.detail.samples) > 0, timeout=BOUND_MS)
    assert page.detail.name.plain() == me.device.name
    page.search.setText("Klinikum")
    assert [one.device.silo for one in page.rows.rows] == ["Klinikum Lindenau"]
    page.search.setText("nobody has this name")
    assert page.rows.rows == []
    assert page._none.isVisible()


def test_an_own_device_is_renamed(federation, make_window, qtbot) -> None:
    member = federation.members[2]
    page = devices_page(make_window(member.home))
    qtbot.waitUntil(lambda: row_of(page, member.edge_id) is not None, timeout=BOUND_MS)
    before = row_of(page, member.edge_id)
    assert before is not None
    select(page, member.edge_id)
    qtbot.mouseClick(page.detail.rename, Qt.MouseButton.LeftButton)
    [dialog] = page.window().findChildren(NamesDialog)
    dialog.name.set("radiology-7")
    qtbot.keyClick(dialog.name.edit, Qt.Key.Key_Return)

    def has_name(name: str) -> bool:
        row = row_of(page, member.edge_id)
        return row is not None and row.device.name == name

    qtbot.waitUntil(lambda: has_name("radiology-7"), timeout=BOUND_MS)
    other = federation.coordinator.client.call("devices.list")["items"]
    assert any(one["name"] == "radiology-7" for one in other)
    others = [one for one in page.all_rows if not one.is_own]
    menu = page.menu_for(others[0])
    assert not any("Rename" in action.text() for action in menu.actions())
    member.client.call("devices.update", edge_id=member.edge_id, name=before.device.name)
    qtbot.waitUntil(lambda: has_name(before.device.name), timeout=BOUND_MS)


def test_a_frozen_machine_falls_silent_and_comes_back(
    federation, guest, make_window, qtbot
) -> None:
    agent, edge = guest
    page = devices_page(make_window(federation.coordinator.home))
    qtbot.waitUntil(lambda: badge(page, edge) == "IDLE", timeout=BOUND_MS)
    os.kill(agent.pid, signal.SIGSTOP)
    try:
        qtbot.waitUntil(lambda: badge(page, edge) == "SILENT", timeout=BOUND_MS)
        qtbot.waitUntil(lambda: not page.chips["silent"].isHidden(), timeout=BOUND_MS)
    finally:
        os.kill(agent.pid, signal.SIGCONT)
    qtbot.waitUntil(lambda: badge(page, edge) == "IDLE", timeout=BOUND_MS)


def test_a_killed_agent_is_offline_at_once(federation, guest, make_window, qtbot) -> None:
    agent, edge = guest
    page = devices_page(make_window(federation.coordinator.home))
    qtbot.waitUntil(lambda: badge(page, edge) == "IDLE", timeout=BOUND_MS)
    agent.kill()
    qtbot.waitUntil(lambda: badge(page, edge) == "OFFLINE", timeout=BOUND_MS)


def test_a_revoked_device_is_gone_at_once(federation, guest, make_window, qtbot) -> None:
    agent, edge = guest
    page = devices_page(make_window(federation.coordinator.home))
    qtbot.waitUntil(lambda: row_of(page, edge) is not None, timeout=BOUND_MS)
    select(page, edge)
    qtbot.waitUntil(lambda: page.detail.leave.isVisible(), timeout=BOUND_MS)
    qtbot.mouseClick(page.detail.leave, Qt.MouseButton.LeftButton)
    dialog = next(one for one in page.window().findChildren(Dialog) if one.isVisible())
    qtbot.mouseClick(button_of(dialog, "Revoke"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: row_of(page, edge) is None, timeout=BOUND_MS)
    qtbot.waitUntil(lambda: agent.status()["state"] != "online", timeout=BOUND_MS)
    group = federation.coordinator.client.call("groups.get", group_id=federation.group_id)
    assert edge not in group["devices"]


def test_a_machine_is_unbound_and_bound_again(federation, guest, make_window, qtbot) -> None:
    agent, edge = guest
    page = devices_page(make_window(agent.home))
    qtbot.waitUntil(lambda: row_of(page, edge) is not None, timeout=BOUND_MS)
    select(page, edge)
    assert page.detail.leave.text().strip() == "Unbind…"
    qtbot.mouseClick(page.detail.leave, Qt.MouseButton.LeftButton)
    dialog = next(one for one in page.window().findChildren(Dialog) if one.isVisible())
    qtbot.mouseClick(button_of(dialog, "Unbind"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: agent.status()["device"] is None, timeout=BOUND_MS)
    qtbot.waitUntil(lambda: not page.context.status().get("device"), timeout=BOUND_MS)
    qtbot.waitUntil(lambda: page.bind in page.top_actions, timeout=BOUND_MS)
    qtbot.mouseClick(page.bind, Qt.MouseButton.LeftButton)
    [names] = page.window().findChildren(NamesDialog)
    names.name.set("guest-again")
    names.silo.set("Guest site")
    qtbot.mouseClick(names.submit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: agent.status()["device"] is not None, timeout=BOUND_MS)
    assert agent.status()["device"]["name"] == "guest-again"
