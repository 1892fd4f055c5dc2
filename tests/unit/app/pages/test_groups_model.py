"""Rows, facts, invitations and events of the groups' pages."""

from __future__ import annotations

import time
from typing import Any, get_args

from agent_core.protocol.records import Device, Group, Invitation, Member, Project
from agent_core.protocol.records_places import GroupEvent, GroupEventKind
from agent_core.protocol.vitals import Vitals
from app.pages.groups import model
from app.pages.groups.dialogs import email_problem
from app.pages.groups.model import GroupFound
from app.widgets.topology_model import Node, Topology

MEMBERS = [
    Member(account_id=2, name="Tom", email="tom@x.org", role="operator"),
    Member(account_id=1, name="Ada", email="ada@x.org", role="owner"),
]


def device(edge: int, account: int, **fields: Any) -> Device:
    given = {
        "edge_id": edge, "device_id": f"0x{edge}", "name": f"n{edge}", "silo": f"Site {edge}",
        "account_id": account, "public_key": "", "state": "IDLE", "presence": "online",
        "created_at": 0.0, "last_seen": time.time(),
    }  # fmt: skip
    return Device.model_validate({**given, **fields})


def group(number: int = 1, *edges: int) -> Group:
    return Group(id=number, name=f"G{number}", owner_id=1, members=MEMBERS, devices=list(edges),
                 created_at=0)  # fmt: skip


def invitation(number: int = 1, **fields: Any) -> Invitation:
    now = time.time()
    given = {"id": number, "group_id": 1, "state": "open", "created_at": now - 3600,
             "expires_at": now + 6 * 86400 + 60}  # fmt: skip
    return Invitation.model_validate({**given, **fields})


def test_a_group_counts_devices_projects_and_open_invitations() -> None:
    now = time.time()
    [row] = model.group_rows(
        [group(1, 5, 6, 7)],
        [device(5, 1), device(6, 2, presence="silent")],
        [Project(id=1, name="p", group_id=1, owner_id=1, created_at=0)],
        [invitation(), invitation(2, expires_at=now - 1), invitation(3, state="revoked")],
        me=2,
    )
    assert (row.devices, row.online, row.projects, row.open_invitations) == (3, 1, 1, 1)
    assert (row.role, row.owner) == ("operator", "Ada")


def test_members_come_with_their_sites_the_owner_first() -> None:
    topology = Topology((Node(5, "silo", "Site 5", slot=3),))
    found = GroupFound(group(1, 5), [device(5, 2), device(6, 2)], topology)
    ada, tom = model.member_rows(found, me=2)
    assert (ada.member.name, model.member_sub(ada)) == ("Ada", "ada@x.org")
    assert (tom.slot, tom.is_me, model.member_sub(tom)) == (3, True, "Site 5 · 2 devices")


def test_facts_are_counted_from_what_is_there() -> None:
    devices = [
        device(5, 1, vitals=Vitals(at=0, round_trip_ms=20.0)),
        device(6, 2, vitals=Vitals(at=0, round_trip_ms=40.0)),
        device(7, 2, presence="offline", silo="Site 6"),
    ]
    found, now = GroupFound(group(), devices, Topology(), projects=2), time.time()
    facts = dict(model.facts_of(found, now))
    assert facts["Sites"] == "2"
    assert facts["Devices online"] == "2 of 3"
    assert facts["Median round trip"] == "30 ms"
    later = dict(model.facts_of(found, now - 40))  # read so long ago
    assert later["Devices online"] == "0 of 3"
    assert later["Median round trip"] == "–"
    empty = dict(model.facts_of(GroupFound(group(), [], Topology()), now))
    assert empty["Median round trip"] == "–"


def test_invitations_say_for_whom_and_how_long() -> None:
    assert model.invitation_words(invitation()) == (
        "Link for one new site", "Operator · ends in 6 d",
    )  # fmt: skip
    used = invitation(email="a@b.org", role="scientist", state="accepted")
    assert model.invitation_words(used) == ("a@b.org", "Scientist · 1 h ago")


def test_every_kind_of_event_has_a_sentence_and_a_picture() -> None:
    for kind in get_args(GroupEventKind):
        event = GroupEvent(id=1, group_id=1, at=0, kind=kind, who="Tom", device="n5",
                           silo="Site 5", detail="operator")  # fmt: skip
        words = model.event_words(event)
        assert words != kind
        assert "{" not in words
        assert kind in model.EVENT_LOOKS
    removed = GroupEvent(id=1, group_id=1, at=0, kind="removed", who="Tom", by="Ada")
    assert model.event_words(removed) == "Ada removed Tom"


def test_names_and_addresses_are_checked() -> None:
    assert model.name_problem("", [])
    assert model.name_problem("g1", [group()])
    assert not model.name_problem("G1", [group()], own=1)
    assert not email_problem("")
    assert not email_problem("a@b.org")
    assert email_problem("a@b")
    assert email_problem("nobody")
