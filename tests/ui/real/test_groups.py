"""Groups over a real hub: made, joined by link and by address, changed, undone; the topology."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from helpers.agent_process import PASSWORD, AgentProcess
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QMenu, QPushButton

from app.pages.devices.page import DevicesPage
from app.pages.groups.dialogs import AddOwnDialog, InviteDialog, NameDialog
from app.pages.groups.list_page import GroupsPage
from app.pages.groups.model import GroupFound
from app.pages.groups.page import GroupPage
from app.widgets.switches import Segmented
from app.widgets.toast import Toast

BOUND_MS = 60_000


def group_page(desktop, group_id: int) -> GroupPage:
    desktop.window.navigate("group", group_id=group_id)
    page = desktop.window.page()
    assert isinstance(page, GroupPage)
    return page


def found(page: GroupPage) -> GroupFound:
    assert isinstance(page.found, GroupFound)
    return page.found


def wait_for(qtbot, page: GroupPage, is_so) -> None:
    """Wait until what was read is so, and until the lists beside the picture show it."""
    qtbot.waitUntil(
        lambda: isinstance(page.found, GroupFound) and bool(is_so(page.found)), timeout=BOUND_MS
    )

    def is_shown() -> bool:
        side, one = page.side, found(page)
        people = {row.member for row in side.members.model_rows.rows}
        machines = {row.device.edge_id for row in side.devices.model_rows.rows}
        return (
            people == set(one.group.members)
            and machines == {device.edge_id for device in one.devices}
            and set(side.invitations.model_rows.rows) == set(one.invitations)
        )

    qtbot.waitUntil(is_shown, timeout=BOUND_MS)


def emails(one: GroupFound) -> set[str]:
    return {member.email for member in one.group.members}


def trigger(menu: QMenu, text: str) -> None:
    next(action for action in menu.actions() if action.text() == text).trigger()


def undo(page: GroupPage, qtbot) -> None:
    """Press the undo of the toast that is shown."""
    qtbot.waitUntil(lambda: bool(_undo_button(page)), timeout=BOUND_MS)
    button = _undo_button(page)
    assert button is not None
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def _undo_button(page: GroupPage) -> QPushButton | None:
    toasts = [one for one in page.window().findChildren(Toast) if one.isVisible()]
    buttons = [button for toast in toasts for button in toast.findChildren(QPushButton)]
    return next((one for one in buttons if one.text().strip() == "Undo"), None)


@pytest.fixture
def own_group(federation) -> int:
    """A fresh group of the coordinator with its device."""
    client = federation.coordinator.client
    number = len(client.call("groups.list")["items"])
    group = client.call("groups.create", name=f"Study {number}")
    edge = federation.coordinator.edge_id
    client.call("groups.add_device", group_id=group["id"], edge_id=edge)
    return int(group["id"])


@pytest.fixture
def stranger() -> Iterator[AgentProcess]:
    """An agent that knows no hub yet."""
    with AgentProcess() as agent:
        yield agent


def join(agent: AgentProcess, link: str, email: str) -> int:
    agent.call(
        "invitations.join", link=link, silo="Oslo Breast Unit", device_name="oslo-1", email=email,
        name="Nora Dahl", password=PASSWORD,
    )  # fmt: skip
    return int(agent.status()["device"]["edge_id"])


def test_a_group_is_made_and_a_site_joins_by_its_link(
    federation, stranger, make_window, qtbot
) -> None:
    desktop = make_window(federation.coordinator.home)
    desktop.window.navigate("groups")
    page = desktop.window.page()
    assert isinstance(page, GroupsPage)
    qtbot.waitUntil(lambda: bool(page.rows.rows), timeout=BOUND_MS)
    page.new_group()
    [dialog] = desktop.window.findChildren(NameDialog)
    dialog.send()
    assert dialog.name.message
    dialog.name.set("Nordic study")
    qtbot.mouseClick(dialog.submit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: isinstance(desktop.window.page(), GroupPage), timeout=BOUND_MS)
    group = desktop.window.page()
    assert isinstance(group, GroupPage)
    wait_for(qtbot, group, lambda one: one.group.name == "Nordic study")
    assert group.title == "Nordic study"

    qtbot.mouseClick(group.side.invite, Qt.MouseButton.LeftButton)
    [invite] = desktop.window.findChildren(InviteDialog)
    invite.role.select("scientist")
    qtbot.mouseClick(invite.submit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: group.side.link.isVisible(), timeout=BOUND_MS)
    link = group.side.link.field.text()
    wait_for(qtbot, group, lambda one: [i.state for i in one.invitations] == ["open"])
    edge = join(stranger, link, "nora@oslo.example")
    wait_for(qtbot, group, lambda one: "nora@oslo.example" in emails(one))
    wait_for(qtbot, group, lambda one: edge in {device.edge_id for device in one.devices})
    wait_for(qtbot, group, lambda one: [i.state for i in one.invitations] == ["accepted"])
    wait_for(qtbot, group, lambda one: "joined" in {event.kind for event in one.events})
    qtbot.waitUntil(group.side.link.isHidden, timeout=BOUND_MS)
    node = group.picture.view.topology.find(edge)
    assert node is not None
    assert node.title == "Oslo Breast Unit"


def test_members_are_changed_and_a_removal_is_undone(
    federation, own_group, stranger, make_window, qtbot
) -> None:
    made = federation.coordinator.client.call("invitations.create", group_id=own_group)
    email = f"nora{made['id']}@oslo.example"
    edge = join(stranger, made["link"], email)
    page = group_page(make_window(federation.coordinator.home), own_group)
    wait_for(qtbot, page, lambda one: email in emails(one))

    def row():
        return next(one for one in page.side.members.model_rows.rows if one.member.email == email)

    trigger(page.member_menu(row()), "Make scientist")
    wait_for(qtbot, page, lambda one: "scientist" in {m.role for m in one.group.members})
    qtbot.waitUntil(lambda: row().member.role == "scientist", timeout=BOUND_MS)
    trigger(page.member_menu(row()), "Remove")
    wait_for(qtbot, page, lambda one: email not in emails(one))
    assert stranger.call("groups.list")["items"] == []
    undo(page, qtbot)
    wait_for(qtbot, page, lambda one: email in emails(one))
    wait_for(qtbot, page, lambda one: edge in {device.edge_id for device in one.devices})
    assert [one["name"] for one in stranger.call("groups.list")["items"]]


def test_own_devices_come_and_go_and_a_removal_is_undone(
    federation, own_group, make_window, qtbot
) -> None:
    edge = federation.coordinator.edge_id
    page = group_page(make_window(federation.coordinator.home), own_group)
    wait_for(qtbot, page, lambda one: len(one.devices) == 1)
    trigger(page.device_menu(page.side.devices.model_rows.rows[0]), "Remove from group")
    wait_for(qtbot, page, lambda one: not one.devices)
    undo(page, qtbot)
    wait_for(qtbot, page, lambda one: [d.edge_id for d in one.devices] == [edge])
    federation.coordinator.client.call("groups.remove_device", group_id=own_group, edge_id=edge)
    wait_for(qtbot, page, lambda one: [d.edge_id for d in one.own_devices] == [edge])
    qtbot.mouseClick(page.side.add_device, Qt.MouseButton.LeftButton)
    [dialog] = page.window().findChildren(AddOwnDialog)
    qtbot.mouseClick(dialog.submit, Qt.MouseButton.LeftButton)
    wait_for(qtbot, page, lambda one: [d.edge_id for d in one.devices] == [edge])


def test_an_invitation_is_revoked_opened_again_and_used_by_address(
    federation, own_group, make_window, qtbot
) -> None:
    member = federation.members[1]
    email = member.client.call("account.me")["email"]
    made = federation.coordinator.client.call(
        "invitations.create", group_id=own_group, email=email, role="operator"
    )
    page = group_page(make_window(federation.coordinator.home), own_group)
    wait_for(qtbot, page, lambda one: [i.state for i in one.invitations] == ["open"])
    trigger(page.invitation_menu(found(page).invitations[0]), "Revoke")
    wait_for(qtbot, page, lambda one: [i.state for i in one.invitations] == ["revoked"])
    assert member.client.call("invitations.mine")["items"] == []
    undo(page, qtbot)
    wait_for(qtbot, page, lambda one: [i.state for i in one.invitations] == ["open"])
    offered = member.client.call("invitations.mine")["items"]
    assert [one["id"] for one in offered] == [made["id"]]

    theirs = make_window(member.home)
    theirs.window.navigate("groups")
    groups = theirs.window.page()
    assert isinstance(groups, GroupsPage)
    qtbot.waitUntil(lambda: groups.offers.isVisible(), timeout=BOUND_MS)
    accept = next(
        one for one in groups.offers.findChildren(QPushButton) if one.text().strip() == "Accept"
    )
    qtbot.mouseClick(accept, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: isinstance(theirs.window.page(), GroupPage), timeout=BOUND_MS)
    wait_for(qtbot, page, lambda one: email in emails(one))
    wait_for(qtbot, page, lambda one: member.edge_id in {d.edge_id for d in one.devices})


def test_the_topology_shows_live_states_and_opens_a_device(federation, make_window, qtbot) -> None:
    desktop = make_window(federation.coordinator.home)
    page = group_page(desktop, federation.group_id)
    edges = [member.edge_id for member in federation.members]
    wait_for(qtbot, page, lambda one: {d.edge_id for d in one.devices} >= set(edges))
    view = page.picture.view
    client = federation.coordinator.client
    project = client.call("projects.list")["items"][-1]
    application = client.call("applications.list")["items"][-1]
    run = client.call(
        "runs.create", project_id=project["id"], application_id=application["id"],
        name="Watched", rounds=400, server_edge=edges[0], client_edges=edges[1:],
    )  # fmt: skip
    client.call("runs.start", run_id=run["id"])
    try:
        states = lambda: {n.key: n.state for n in view.topology.nodes}  # noqa: E731
        qtbot.waitUntil(lambda: states().get(edges[1]) == "TRAINING", timeout=180_000)
        qtbot.waitUntil(lambda: states().get(edges[0]) == "RUNNING", timeout=BOUND_MS)
        assert view.topology.server == edges[0]
        qtbot.waitUntil(lambda: view.flow.count > 0, timeout=BOUND_MS)  # real bytes moved
    finally:
        client.call("runs.stop", run_id=run["id"], reason="seen enough")
    qtbot.waitUntil(
        lambda: client.call("runs.get", run_id=run["id"])["state"] in {"KILLED", "FINISHED"},
        timeout=120_000,
    )
    qtbot.waitUntil(lambda: states().get(edges[1]) == "IDLE", timeout=BOUND_MS)
    switch = page.picture.findChild(Segmented)
    assert isinstance(switch, Segmented)
    qtbot.mouseClick(switch.button("table"), Qt.MouseButton.LeftButton)
    shown = {node.key for node in page.picture.rows.rows}
    assert shown == {0, *(device.edge_id for device in found(page).devices)}
    qtbot.mouseClick(switch.button("picture"), Qt.MouseButton.LeftButton)
    place = view.mapFromScene(view.nodes[edges[1]].place)
    assert view.key_at(QPointF(place)) == edges[1]
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    devices = desktop.window.page()
    assert isinstance(devices, DevicesPage)
    qtbot.waitUntil(
        lambda: (
            getattr(devices.table.current(), "device", None) is not None
            and devices.table.current().device.edge_id == edges[1]
        ),
        timeout=BOUND_MS,
    )


def test_a_member_leaves(federation, own_group, make_window, qtbot) -> None:
    member = federation.members[2]
    email = member.client.call("account.me")["email"]
    made = federation.coordinator.client.call("invitations.create", group_id=own_group, email=email)
    member.client.call("invitations.accept_mine", invitation_id=made["id"])
    desktop = make_window(member.home)
    page = group_page(desktop, own_group)
    wait_for(qtbot, page, lambda one: email in emails(one))
    assert page.top_actions[-1] is page.leave
    assert page.side.invite.isHidden()
    page.ask_leave()
    dialog = next(
        one for one in desktop.window.findChildren(QPushButton)
        if one.text() == "Leave" and one.isVisible()
    )  # fmt: skip
    qtbot.mouseClick(dialog, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: isinstance(desktop.window.page(), GroupsPage), timeout=BOUND_MS)
    names = [one["id"] for one in member.client.call("groups.list")["items"]]
    assert own_group not in names


def test_both_kinds_of_invitations_are_declined(federation, own_group, make_window, qtbot) -> None:
    """One by address on the groups' page, one by its link where it is opened; the owner sees it."""
    call = federation.coordinator.client.call
    member = federation.members[1]
    email = member.client.call("account.me")["email"]
    named = call("invitations.create", group_id=own_group, email=email)
    linked = call("invitations.create", group_id=own_group)
    page = group_page(make_window(federation.coordinator.home), own_group)
    wait_for(qtbot, page, lambda one: [i.state for i in one.invitations] == ["open", "open"])

    theirs = make_window(member.home)
    theirs.window.navigate("groups")
    groups = theirs.window.page()
    qtbot.waitUntil(
        lambda: named["id"] in {offer.id for offer in groups.offers.shown}, timeout=BOUND_MS
    )
    decline = [one for one in groups.offers.findChildren(QPushButton) if one.text() == "Decline"]
    place = [offer.id for offer in groups.offers.shown].index(named["id"])
    qtbot.mouseClick(decline[place], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: named["id"] not in {offer.id for offer in groups.offers.shown}, timeout=BOUND_MS
    )

    theirs.window.navigate("sign_in", link=linked["link"])
    form = theirs.window.page().form
    qtbot.waitUntil(form.decline.isVisible, timeout=BOUND_MS)
    qtbot.mouseClick(form.decline, Qt.MouseButton.LeftButton)
    wait_for(qtbot, page, lambda one: {i.state for i in one.invitations} == {"declined"})
    stack = theirs.window.page().stack
    qtbot.waitUntil(lambda: stack.currentIndex() == 0, timeout=BOUND_MS)
    assert email not in emails(found(page))
