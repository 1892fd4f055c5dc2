"""Devices and groups when something is missing: errors, an absent hub, nothing yet, and undo."""

from __future__ import annotations

import dataclasses

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from agent_core.errors import ServiceError
from app.main import Desktop
from app.pages.devices.dialogs import AddDeviceDialog, NamesDialog, ask_leave
from app.pages.devices.page import DevicesPage
from app.pages.groups.dialogs import InviteDialog
from app.pages.groups.list_page import GroupsPage
from app.pages.groups.page import GroupPage
from app.widgets.live_page import LivePage
from app.widgets.toast import Toast

BOUND_MS = 20_000
AWAY = ServiceError("The hub does not answer.", next_step="Check the network.", code="service.hub")


def page_of(desktop: Desktop, key: str, **arguments: object) -> LivePage:
    desktop.window.navigate(key, **arguments)
    page = desktop.window.page()
    assert isinstance(page, LivePage)
    return page


def shows(page: LivePage, place: str) -> bool:
    return page.states.currentWidget() is page.places[place]


@pytest.mark.parametrize(
    ("key", "method"),
    [
        ("devices", "devices.list"),
        ("groups", "groups.list"),
        ("group", "groups.topology"),
        ("projects", "projects.list"),
        ("applications", "applications.list"),
    ],
)
def test_a_failure_says_why_and_can_be_tried_again(
    make_agent, make_window, qtbot, key: str, method: str
) -> None:
    agent = make_agent("working")
    agent.errors[method] = AWAY
    page = page_of(make_window(agent.home), key)
    qtbot.waitUntil(lambda: shows(page, "error"), timeout=BOUND_MS)
    assert page.error.title.plain() == "The hub does not answer."
    assert "Code service.hub." in page.error.text.plain()
    del agent.errors[method]
    qtbot.mouseClick(page.error.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shows(page, "content"), timeout=BOUND_MS)
    agent.errors[method] = AWAY
    page.reload()
    qtbot.waitUntil(page.stale.isVisible, timeout=BOUND_MS)
    assert shows(page, "content")  # what was read stays, and says how old it is
    assert not page.is_live
    del agent.errors[method]
    page.stale.acted.emit()
    qtbot.waitUntil(lambda: not page.stale.isVisible(), timeout=BOUND_MS)


@pytest.mark.parametrize(
    ("key", "method"), [("devices", "devices.list"), ("groups", "groups.list")]
)
def test_an_empty_list_says_how_it_fills(
    make_agent, make_window, qtbot, key: str, method: str
) -> None:
    agent = make_agent("working")
    agent.answer(method, lambda _: {"items": [], "next_cursor": "", "total": 0})
    page = page_of(make_window(agent.home), key)
    qtbot.waitUntil(lambda: shows(page, "empty"), timeout=BOUND_MS)


def test_the_silent_device_is_amber_and_filters_find_it(desktop, qtbot) -> None:
    page = page_of(desktop, "devices")
    assert isinstance(page, DevicesPage)
    qtbot.waitUntil(lambda: len(page.rows.rows) == 6, timeout=BOUND_MS)
    qtbot.mouseClick(page.chips["silent"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [r.device.edge_id for r in page.rows.rows] == [280], timeout=BOUND_MS)
    spoken = page.rows.index(0, 2).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("Silent")


def test_a_device_named_by_another_page_is_chosen(desktop, qtbot) -> None:
    page = page_of(desktop, "devices", edge_id=283)
    assert isinstance(page, DevicesPage)
    qtbot.waitUntil(
        lambda: page.table.current() is not None and page.table.current().device.edge_id == 283,
        timeout=BOUND_MS,
    )
    qtbot.waitUntil(lambda: len(page.detail.samples) == 60, timeout=BOUND_MS)
    menu = [action.text() for action in page.menu_for(page.table.current()).actions()]
    assert {"Copy edge id", "Open run", "Rename…", "Revoke…"} <= set(menu)


def test_dialogs_check_and_the_safe_answer_has_the_focus(desktop, qtbot) -> None:
    page = page_of(desktop, "devices")
    assert isinstance(page, DevicesPage)
    qtbot.waitUntil(lambda: page.table.current() is not None, timeout=BOUND_MS)
    page.rename()
    [names] = desktop.window.findChildren(NamesDialog)
    names.name.set("")
    qtbot.mouseClick(names.submit, Qt.MouseButton.LeftButton)
    assert names.name.message == "Give the device a name."
    names.reject()
    page.add_device()
    [add] = desktop.window.findChildren(AddDeviceDialog)
    qtbot.mouseClick(add.invite, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: isinstance(desktop.window.page(), GroupsPage), timeout=BOUND_MS)
    asked = ask_leave(page, page.all_rows[1], lambda: None)
    buttons = [one.text() for one in asked.findChildren(QPushButton)]
    assert "Revoke" in buttons
    asked.reject()


def test_an_undo_stays_for_ten_seconds(make_agent, make_window, qtbot) -> None:
    agent = make_agent("working")
    agent.answer("invitations.revoke", lambda _: {})
    agent.answer("invitations.reopen", lambda _: {})
    desktop = make_window(agent.home)
    page = page_of(desktop, "group", group_id=7)
    assert isinstance(page, GroupPage)
    qtbot.waitUntil(lambda: shows(page, "content"), timeout=BOUND_MS)
    qtbot.waitUntil(lambda: bool(page.side.invitations.model_rows.rows), timeout=BOUND_MS)
    page.revoke(page.side.invitations.model_rows.rows[0])
    title = "The invitation was revoked"

    def toast() -> Toast | None:
        found = desktop.window.findChildren(Toast)
        return next((one for one in found if one.title == title and one.isVisible()), None)

    qtbot.waitUntil(lambda: toast() is not None, timeout=BOUND_MS)
    shown = toast()
    assert shown is not None
    assert shown._timer.interval() == 10_000
    undo = next(one for one in shown.findChildren(QPushButton) if one.text() == "Undo")
    qtbot.mouseClick(undo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: agent.called("invitations.reopen") == [{"invitation_id": 6}], timeout=BOUND_MS
    )


def test_an_invitation_needs_an_address_or_none(desktop, qtbot) -> None:
    page = page_of(desktop, "group", group_id=7)
    assert isinstance(page, GroupPage)
    qtbot.waitUntil(lambda: shows(page, "content"), timeout=BOUND_MS)
    page.ask_invitation()
    [dialog] = desktop.window.findChildren(InviteDialog)
    dialog.email.set("nobody")
    qtbot.mouseClick(dialog.submit, Qt.MouseButton.LeftButton)
    assert dialog.email.message.startswith("Write it as")
    dialog.reject()


def test_the_rail_says_how_many_devices_there_are(desktop, qtbot) -> None:
    item = desktop.window.rail.items["devices"]
    qtbot.waitUntil(lambda: item.accessibleName() == "Devices, 6", timeout=BOUND_MS)


def test_a_run_beyond_the_newest_is_still_told(make_agent, make_window, qtbot) -> None:
    """What a device works on is asked for by its number where the list does not have it."""
    agent = make_agent("working")
    agent.answer("runs.list", lambda _: {"items": [], "next_cursor": ""})
    page = page_of(make_window(agent.home), "devices")
    qtbot.waitUntil(lambda: any(row.device.running for row in page.rows.rows), timeout=5000)
    at_work = [row for row in page.rows.rows if row.device.running]
    assert all(row.runs for row in at_work)
    assert {call["run_id"] for call in agent.called("runs.get")} == {1284}


def test_a_groups_numbers_fall_silent_with_its_devices(desktop, qtbot) -> None:
    """What was read half a minute ago is not said as if it were so now."""
    page = page_of(desktop, "group", group_id=7)
    qtbot.waitUntil(lambda: shows(page, "content"), timeout=BOUND_MS)
    values = page.facts.values
    assert values["Devices online"].text() == "5 of 6"
    assert values["Median round trip"].text() != "–"
    assert values["Sites"].property("tok") == "text"
    page._clock.stop()
    page.read_at -= 40.0
    page.tick()
    assert values["Devices online"].text() == "0 of 6"
    assert values["Median round trip"].text() == "–"
    assert values["Sites"].property("tok") == "faint"


def test_the_list_of_groups_counts_who_is_online_now(desktop, qtbot) -> None:
    """The bar follows the seconds, and is grey once it is old."""
    page = page_of(desktop, "groups")
    qtbot.waitUntil(lambda: shows(page, "content"), timeout=BOUND_MS)
    page._clock.stop()
    cell = lambda: page.rows.columns[3].cell(page.rows.rows[0])  # noqa: E731
    assert (cell().text, cell().tok) == ("5 of 6", "ok")
    row = page.rows.rows[0]
    old = dataclasses.replace(row, read_at=row.read_at - 40.0)
    page.rows.set_rows([old])
    assert (cell().text, cell().tok) == ("0 of 6", "gray")


def test_a_silent_devices_figures_are_not_said_as_new(desktop, qtbot) -> None:
    """Round trip and heat of a heartbeat that is old are left out; the curves' numbers faint."""
    page = page_of(desktop, "devices", edge_id=266)
    qtbot.waitUntil(lambda: page.detail.shown is not None and shows(page, "content"),
                    timeout=BOUND_MS)  # fmt: skip
    page._clock.stop()
    told = page.detail.facts._labels["Heartbeat"]
    assert "round trip" in told.text()
    page.detail.shown = dataclasses.replace(
        page.detail.shown, read_at=page.detail.shown.read_at - 40.0
    )
    page.detail.tick()
    assert "round trip" not in told.text()
    assert page.detail.cpu.value.property("tok") == "faint"
