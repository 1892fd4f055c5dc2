"""The registry's rows: grouped by run, marked, filtered."""

from __future__ import annotations

from agent_core.protocol.records_models import ModelEntry
from app.pages.models.model import deletable, rows_of


def entry(run_id: int, number: int, accuracy: float, **more: object) -> ModelEntry:
    fields = {
        "run_id": run_id, "round": number, "sha256": f"{run_id}{number}" * 32, "size": 10,
        "created_at": 1.0, "metrics": {"test_accuracy": accuracy}, "sites": [7, 5],
        "silos": ["North General", "St. Anna"], "owner_id": 1, "group_id": 3,
    }  # fmt: skip
    return ModelEntry.model_validate({**fields, **more})


MODELS = [
    entry(1, 1, 0.5), entry(1, 2, 0.9, is_best=True), entry(2, 1, 0.7, is_newest=True, owner_id=2),
]  # fmt: skip


def test_runs_and_rounds_stand_newest_first() -> None:
    assert [row.name for row in rows_of(MODELS)] == [(2, 1), (1, 2), (1, 1)]
    assert rows_of(MODELS)[2].share == 0.5 / 0.9


def test_marks_and_text_filter() -> None:
    assert [row.name for row in rows_of(MODELS, "best")] == [(1, 2)]
    assert [row.name for row in rows_of(MODELS, "newest")] == [(2, 1)]
    assert [row.name for row in rows_of(MODELS, text="NORTH")] == [(2, 1), (1, 2), (1, 1)]
    assert rows_of(MODELS, text="nobody") == []


def test_sites_keep_the_groups_colours() -> None:
    row = rows_of(MODELS, places={3: [5, 6, 7]})[0]
    assert row.sites == (("NG", 2), ("SA", 0))


def test_only_ones_own_models_can_be_deleted() -> None:
    assert deletable(MODELS, 1) == {1: [1, 2]}
