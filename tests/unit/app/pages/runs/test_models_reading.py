"""A run's models are read whole once; later only the newest, where that completes them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from agent_core.protocol.records import ModelRecord
from app.pages.runs.live import RunLive
from app.pages.runs.models import PAGE, _count, _read_new


class Hub:
    """Answer with some rounds' models, the newest first, and note what was asked for."""

    def __init__(self, rounds: list[int]) -> None:
        self.rounds = rounds
        self.limits: list[int] = []

    def call(self, _method: str, *, limit: int, cursor: str = "", **_: Any) -> dict[str, Any]:
        self.limits.append(limit)
        below = int(cursor) if cursor else 1_000_000
        found = [one for one in sorted(self.rounds, reverse=True) if one < below]
        items = [
            {"run_id": 1, "round": one, "sha256": f"{one:064x}", "size": 8, "created_at": 1.0}
            for one in found[:limit]
        ]
        more = str(found[limit - 1]) if len(found) > limit else ""
        return {"items": items, "next_cursor": more, "total": len(self.rounds)}


def read(hub: Hub, known: list[ModelRecord]) -> list[ModelRecord]:
    live = SimpleNamespace(context=SimpleNamespace(client=hub), run_id=1)
    return _read_new(cast("RunLive", live), {one.round: one for one in known})


def test_new_models_are_read_and_known_ones_kept() -> None:
    hub = Hub(list(range(1, 61)))
    known = read(hub, [])
    assert hub.limits == [PAGE]
    hub.rounds += [61, 62]
    found = read(hub, known)
    assert sorted(one.round for one in found) == list(range(1, 63))
    assert hub.limits[1] < PAGE
    assert len(hub.limits) == 2
    assert next(one for one in found if one.round == 1) is known[-1]


def test_all_are_read_again_where_some_were_deleted_or_missed() -> None:
    hub = Hub(list(range(1, 61)))
    known = read(hub, [])
    hub.rounds.remove(7)
    hub.rounds.append(61)
    assert sorted(one.round for one in read(hub, known)) == sorted(hub.rounds)
    hub.rounds += range(62, 200)
    assert sorted(one.round for one in read(hub, known)) == sorted(hub.rounds)


def test_they_are_counted_without_reading_them() -> None:
    hub = Hub([1, 2, 3])
    live = cast("RunLive", SimpleNamespace(context=SimpleNamespace(client=hub), run_id=1))
    assert _count(live) == 3
    assert hub.limits == [1]
    hub.rounds.clear()
    assert _count(live) is None
