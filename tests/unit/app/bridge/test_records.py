"""Records that are kept by the thousand say the same and share what is alike."""

from __future__ import annotations

import json
from typing import Any

from agent_core.protocol.records import RoundRecord, RunEvent
from app.bridge.records import records


def wire(one: dict[str, Any]) -> dict[str, Any]:
    """Return an item as it comes from the wire: no two texts are the same object."""
    return dict(json.loads(json.dumps(one)))


EVENTS = [wire({"at": float(n), "kind": "round", "text": f"Round {n}"}) for n in range(3)]
ROUNDS = [
    wire({"round": n, "started_at": 1.0, "closed_at": 2.0, "answered": 2, "asked": 3,
          "metrics": {"test_loss": 0.5 * n}, "missing": [7]})
    for n in range(2)
]  # fmt: skip


def test_they_are_the_records_of_the_wire() -> None:
    assert records(RunEvent, EVENTS) == [RunEvent.model_validate(one) for one in EVENTS]
    assert records(RoundRecord, ROUNDS) == [RoundRecord.model_validate(one) for one in ROUNDS]
    dumped = [one.model_dump() for one in records(RoundRecord, ROUNDS)]
    assert dumped == [RoundRecord.model_validate(one).model_dump() for one in ROUNDS]


def test_they_share_texts_names_and_the_set_of_their_fields() -> None:
    first, second, _ = records(RunEvent, EVENTS)
    assert first.kind is second.kind
    assert first.model_fields_set is second.model_fields_set
    one, two = records(RoundRecord, ROUNDS)
    assert next(iter(one.metrics)) is next(iter(two.metrics))
    assert one.missing is two.missing
