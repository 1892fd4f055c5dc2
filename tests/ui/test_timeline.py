"""The painted stage line of a run."""

from __future__ import annotations

import pytest
from helpers.fake_records import NOW, RUNS
from PySide6.QtWidgets import QApplication

from app.widgets.painting import noting_cuts
from app.widgets.timeline import Timeline
from app.widgets.timeline_model import rows_of
from app.widgets.timeline_sites import sites_of


@pytest.mark.parametrize(("number", "rounds"), [(7, 9), (1195, 5000), (99_999, 100_000)])
def test_the_numbers_of_a_long_run_are_whole(
    themed: QApplication, number: int, rounds: int
) -> None:
    """The bar gives way; what a site waits for may be cut."""
    live = next(one for one in RUNS if one.id == 1284)
    devices = [one.model_copy(update={"round": number}) for one in live.devices]
    run = live.model_copy(update={"rounds": rounds, "round": number, "devices": devices})
    timeline = Timeline()
    timeline.set_rows(rows_of(run, sites_of(run.devices), None, NOW))
    timeline.resize(1020, timeline.sizeHint().height())

    with noting_cuts() as cut:
        timeline.grab()

    assert all(row.round == number for row in timeline.rows)
    assert f"{number} of {rounds}" not in cut
