"""The list of runs: search by word and by condition, filters, figures."""

from __future__ import annotations

import pytest
from helpers.fake_records import RUNS

from app.pages.runs.list_model import RunList, main_metric, matches, start_delay

BY_ID = {run.id: run for run in RUNS}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("1284", True),
        ("WIDE elif", True),
        ("lindenau", True),
        ("somebody", False),
        ("accuracy > 0.9", True),
        ("accuracy > 95 %", False),
        ("test_accuracy>=0.94", True),
        ("loss < 0.1", False),
        ("round > 17", True),
        ("auc > 0.1", False),
    ],
)
def test_search_by_word_or_condition(text: str, expected: bool) -> None:
    """Every word must fit; a condition compares the run's last global metric."""
    assert matches(BY_ID[1284], text) is expected


def test_filters_and_their_counts() -> None:
    """Chips count what they let through, and the list is the newest first."""
    runs = RunList([run for run in RUNS if run.project_id == 11])

    assert runs.counts() == {"all": 6, "live": 2, "finished": 1, "look": 3, "archived": 0}
    assert [run.id for run in runs.shown()] == [1286, 1284, 1279, 1271, 1266, 1260]
    runs.filter = "look"
    assert [run.id for run in runs.shown()] == [1271, 1266, 1260]
    runs.text = "killed"
    assert [run.id for run in runs.shown()] == [1260]


def test_figures_over_the_list() -> None:
    """The best run is named by its main metric; own bytes are summed."""
    runs = RunList([run for run in RUNS if run.project_id == 11])
    stats = runs.stats(own_edge=266)

    assert main_metric(runs.runs) == "test_accuracy"
    best = max(runs.runs, key=lambda run: run.headline.get("test_accuracy", 0))
    assert stats[0].note == f"run {best.id}"
    assert stats[1].value == "6"
    assert stats[2].name == "Sent by this silo"
    assert RunList([]).stats(None)[0].value == "–"


def test_start_delay_is_from_sent_to_first_round() -> None:
    """The delay counts from the order to the first round, and is absent before it."""
    delay = start_delay(BY_ID[1279])

    assert delay is not None
    assert 5.0 < delay < 20.0
    assert start_delay(BY_ID[1286]) is None
