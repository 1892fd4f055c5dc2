"""Messages survive their envelope; what is malformed is a ProtocolError, never a crash."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.errors import ProtocolError
from agent_core.protocol import messages as m
from agent_core.protocol.envelope import BODY_LIMIT, HEADER_LIMIT, MAGIC, pack, unpack
from agent_core.protocol.states import Role, State


def plan() -> m.RunPlan:
    """Return a plan of one server and two clients."""
    package = m.PackageRef(
        role=Role.CLIENT, name="a", content_digest="0" * 64, zip_sha256="1" * 64, size=1,
        engine="flower",
    )  # fmt: skip
    edges = [
        m.Edge(edge_id=5, device_name="d", silo="s", role=Role.SERVER, rank=0),
        m.Edge(edge_id=6, device_name="d", silo="s", role=Role.CLIENT, rank=1),
    ]
    return m.RunPlan(
        run_id=1, epoch=1, run_name="r", project="p", group_id=1, application="a",
        packages=[package], edges=edges, issued_at=1.0, expires_at=2.0, owner_name="o",
        owner_account_id=1,
    )  # fmt: skip


def test_round_message_and_body_come_back() -> None:
    message = m.RoundMessage(run_id=1, epoch=2, from_edge=5, to_edge=6, message_id="x", round=3)
    assert m.from_device(m.to_payload(message, b"\x00\xff")) == (message, b"\x00\xff")
    assert m.from_hub(m.to_payload(message, b"")) == (message, b"")


def test_start_order_comes_back() -> None:
    order = m.StartOrder(
        inbox_seq=1, edge_id=6, plan=plan(), owner_key="k", signature="s", package_url="u"
    )
    assert m.from_hub(m.to_payload(order))[0] == order


def test_plan_finds_part_and_package() -> None:
    assert plan().edge(6).rank == 1
    assert plan().package(Role.SERVER).name == "a"
    with pytest.raises(ProtocolError, match="Device 9 has no part"):
        plan().edge(9)


def test_unknown_fields_are_ignored() -> None:
    header = json.dumps({"kind": "active", "sequence": 1, "edge_id": 2, "at": 3, "new": True})
    message, _ = m.from_device(pack(header.encode()))
    assert isinstance(message, m.Presence)
    assert message.state is State.IDLE


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"SDE1", b"XXXX\x00\x00\x00\x02{}", b"SDE1\xff\xff\xff\xff{}", pack(b"{}"),
        pack(b"[1]"), pack(b'{"kind":"start"}'), pack(b'{"kind":"active","sequence":"x"}'),
        pack(b"\xff\xfe"),
    ],
)  # fmt: skip
def test_S10_malformed_payloads_are_protocol_errors(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        m.from_device(payload)
    with pytest.raises(ProtocolError):
        m.from_hub(payload)


def test_S10_oversized_payloads_are_protocol_errors() -> None:
    with pytest.raises(ProtocolError, match="limit"):
        unpack(pack(b"{}", b"x" * (BODY_LIMIT + 1)))
    with pytest.raises(ProtocolError, match="limit"):
        unpack(pack(b"x" * (HEADER_LIMIT + 1)))


@given(st.binary(max_size=300))
def test_S12_any_bytes_are_a_message_or_a_protocol_error(payload: bytes) -> None:
    for data in (payload, MAGIC + payload, pack(payload)):
        try:
            m.from_device(data)
        except ProtocolError:
            continue
