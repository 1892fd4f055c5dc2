"""A run's models: the newest are read, what is new is added, and the best is always there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from app.pages.runs.live import RunLive
from app.pages.runs.models import LOADED, _count, read_models


class Hub:
    """Answer with some rounds' models, the newest first, and note what was asked for."""

    def __init__(self, rounds: int, best: int = 1) -> None:
        self.rounds = list(range(1, rounds + 1))
        self.best = best
        self.asked: list[tuple[str, int]] = []

    def call(
        self, method: str, *, limit: int, cursor: str = "", mark: str = "", **_: Any
    ) -> dict[str, Any]:
        self.asked.append((method, limit))
        below = int(cursor) if cursor else 1_000_000
        found = [one for one in sorted(self.rounds, reverse=True) if one < below]
        if mark == "best":
            found = [self.best]
        items = [
            {"run_id": 1, "round": one, "sha256": f"{one:064x}", "size": 8, "created_at": 1.0}
            for one in found[:limit]
        ]
        more = str(found[limit - 1]) if len(found) > limit else ""
        return {"items": items, "next_cursor": more, "total": len(self.rounds)}

    def live(self) -> RunLive:
        return cast("RunLive", SimpleNamespace(context=SimpleNamespace(client=self), run_id=1))


def test_all_models_of_a_short_run_are_read_and_shown() -> None:
    hub = Hub(60)
    known, shown = read_models(hub.live(), None, LOADED)
    assert [one.round for one in shown] == list(range(60, 0, -1))
    assert known.cursor == ""
    assert {method for method, _ in hub.asked} == {"runs.models"}
    hub.rounds += [61, 62]
    hub.asked = []
    _, more = read_models(hub.live(), known, LOADED)
    assert [one.round for one in more] == list(range(62, 0, -1))
    assert len(hub.asked) == 1
    assert more[-1] is shown[-1]


def test_of_a_long_run_the_newest_are_read_and_the_best() -> None:
    hub = Hub(2000, best=7)
    known, shown = read_models(hub.live(), None, LOADED)
    assert [one.round for one in known.items] == list(range(2000, 2000 - LOADED, -1))
    assert [one.round for one in shown] == [*(one.round for one in known.items), 7]
    hub.best = 1999
    known, shown = read_models(hub.live(), known, LOADED)
    assert shown == known.items
    older, _ = read_models(hub.live(), known, LOADED, is_older=True)
    assert len(older.items) == 2 * LOADED


def test_they_are_counted_without_reading_them() -> None:
    hub = Hub(3)
    assert _count(hub.live()) == 3
    assert hub.asked == [("runs.models", 1)]
    hub.rounds.clear()
    assert _count(hub.live()) is None
