"""A device's presence between two readings, whatever this machine's clock says."""

from __future__ import annotations

from typing import Any

import pytest

from agent_core.protocol.records import Device
from app.widgets.seen import age_of, badge_of, heard_ago, seen_now

AT = 1_000_000.0


def device(**fields: Any) -> Device:
    given = {
        "edge_id": 1, "device_id": "0x1", "name": "n", "silo": "s", "account_id": 1,
        "public_key": "", "state": "TRAINING", "presence": "online", "last_seen": AT - 4,
        "created_at": 0.0,
    }  # fmt: skip
    return Device.model_validate({**given, **fields})


def test_a_device_falls_silent_and_then_offline_without_another_reading() -> None:
    one = device()
    assert seen_now(one, AT, AT) == "online"
    assert seen_now(one, AT, AT + 11) == "online"
    assert badge_of(one, AT, AT + 11) == ("TRAINING", "")
    assert badge_of(one, AT, AT + 12) == ("SILENT", "Silent 16 s")
    assert badge_of(one, AT, AT + 57) == ("OFFLINE", "")


@pytest.mark.parametrize("skew", [-3600.0, -20.0, 20.0, 3600.0])
def test_a_wrong_clock_here_makes_no_device_silent(skew: float) -> None:
    one = device(last_seen=AT + skew)
    assert seen_now(one, AT, AT) == "online"
    assert seen_now(one, AT, AT + 10) == "online"
    assert 0 <= (heard_ago(one, AT, AT) or 0) <= 15
    assert seen_now(device(last_seen=AT + skew, presence="silent"), AT, AT + 1) == "silent"


def test_the_hubs_word_that_a_device_left_counts_at_once() -> None:
    one = device(presence="offline")
    assert seen_now(one, AT, AT) == "offline"
    assert age_of(one, AT, AT) == "4 s"
    assert age_of(device(presence="offline", last_seen=None), AT, AT) == "never"


def test_what_was_revoked_says_so() -> None:
    assert badge_of(device(revoked=True), AT, AT) == ("WITHDRAWN", "Revoked")
    assert badge_of(device(state="OFFLINE"), AT, AT) == ("IDLE", "")
