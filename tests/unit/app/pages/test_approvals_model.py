"""Approvals are either waiting or decided, and say what they cover."""

from __future__ import annotations

import time
from typing import Any

from app.pages.approvals import model


def approval(**fields: Any) -> dict[str, Any]:
    base = {"id": 1, "state": "pending", "asked_at": 10.0, "run_id": 5, "files": [],
            "changed_files": [], "decided_at": None}  # fmt: skip
    return {**base, **fields}


def test_the_oldest_waits_on_top_and_the_last_decision_leads_its_list() -> None:
    rows = [
        approval(id=1, asked_at=20.0),
        approval(id=2, asked_at=10.0),
        approval(id=3, state="approved", decided_at=30.0),
        approval(id=4, state="withdrawn", asked_at=40.0),
    ]
    assert [one["id"] for one in model.waiting(rows)] == [2, 1]
    assert [one["id"] for one in model.decided(rows)] == [4, 3]


def test_scope_and_news_in_words() -> None:
    assert model.scope_words(approval(state="approved", scope="run")) == "run 5"
    assert model.scope_words(approval(state="refused", reason="Too much")) == "Too much"
    assert model.news(approval(changed_files=["a"])) == "1 file changed"
    assert model.news(approval(first_time=True)) == "first time on this machine"


def test_a_standing_approval_tells_its_end() -> None:
    assert model.standing_until({"expires_at": None}).text == "no end"
    assert model.standing_until({"expires_at": time.time() - 5}).text == "ended"
