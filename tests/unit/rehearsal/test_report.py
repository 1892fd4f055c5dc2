"""The report's figures follow from the hub's records alone."""

from __future__ import annotations

from agent_core.rehearsal.report import accuracy_by_round, make_report


def point(key: str, value: float, number: int, edge_id: int = 0) -> dict[str, object]:
    """Return a metric record."""
    return {"key": key, "value": value, "round": number, "edge_id": edge_id}


RUN = {"id": 4, "state": "FINISHED", "ended_at": 110.0, "headline": {"test_accuracy": 0.9},
       "devices": [{"role": "server"}, {"role": "client"}, {"role": "client"}]}  # fmt: skip
ROUNDS = [
    {"round": 2, "started_at": 103.5, "closed_at": 104.0, "bytes_up": 7, "bytes_down": 8},
    {"round": 1, "started_at": 102.0, "closed_at": 103.0, "bytes_up": 5, "bytes_down": 6},
]


def test_rounds_are_timed_from_the_end_of_the_one_before() -> None:
    report = make_report(RUN, ROUNDS, [point("test_accuracy", 0.9, 2)], 100.0, {"hub": 1.0})

    assert [item.seconds for item in report.rounds] == [1.0, 1.0]
    assert report.first_round_s == 3.0
    assert report.total_s == 10.0
    assert report.silos == 2
    assert report.test_accuracy == 0.9
    assert report.to_json()["rounds"][0]["bytes_up"] == 5


def test_only_global_points_count_as_test_accuracy() -> None:
    points = [point("test_accuracy", 0.1, 1, edge_id=7), point("accuracy", 0.8, 1)]
    assert accuracy_by_round(points) == {1: 0.8}


def test_run_that_closed_no_round_has_no_invented_figures() -> None:
    report = make_report({**RUN, "state": "FAILED", "ended_at": None}, [], [], 100.0, {})
    assert (report.first_round_s, report.median_round_s, report.total_s) == (None, None, None)
    assert report.test_accuracy is None
