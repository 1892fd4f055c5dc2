"""Runs beside each other: differences first, best rounds, who wins."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from agent_core.protocol.records import Run
from app.pages.runs.compare_model import Best, Compared, parameters, winners
from app.pages.runs.curves_model import Batch
from app.pages.runs.export_runs import RunPoints, write_csv, write_json


def run(number: int, **changes: object) -> Run:
    return Run.model_validate(
        {
            "id": number, "epoch": 1, "name": f"run {number}", "project_id": 1,
            "project_name": "P", "group_id": 1, "application_id": 1, "application_name": "A",
            "owner_id": 1, "owner_name": "E", "state": "FINISHED", "created_at": 1.0,
            "rounds": 3, "round": 3, **changes,
        }
    )  # fmt: skip


def points(key: str, values: list[float], edge: int = 0) -> Batch:
    count = len(values)
    rounds = np.arange(1, count + 1, dtype=np.float64)
    return Batch(key, edge, rounds, np.zeros(count), rounds + 100.0, np.array(values))


def compared(number: int, values: list[float], **changes: object) -> Compared:
    one = Compared(run(number, **changes), number, {"lr": 0.1, "seed": 1})
    one.book.add([points("accuracy", values), points("loss", [1 - v for v in values])])
    return one


def test_the_best_round_follows_the_metrics_direction() -> None:
    one = compared(1, [0.5, 0.9, 0.8])
    assert one.best("accuracy") == Best(0.9, 2)
    assert one.best("loss") == Best(pytest.approx(0.1), 2)
    assert one.final("accuracy") == 0.8
    assert one.best("unknown") is None


def test_equal_runs_win_together() -> None:
    runs = [compared(1, [0.9]), compared(2, [0.9]), compared(3, [0.8])]
    assert winners(runs, "accuracy") == {1, 2}
    assert winners(runs, "loss") == {1, 2}
    assert winners(runs[:1], "accuracy") == set()


def test_defaults_count_and_what_differs_stands_on_top() -> None:
    runs = [compared(1, [0.1], parameters={"lr": 0.1}), compared(2, [0.1], parameters={"z": "x"})]
    rows = parameters(runs)
    assert (rows[0].key, rows[0].values) == ("z", ("–", "x"))
    assert not any(row.differs for row in rows[1:])
    assert {row.key for row in rows} >= {"lr", "seed", "rounds", "quorum"}


def test_a_parameter_may_be_called_as_a_term_of_the_run() -> None:
    runs = [compared(1, [0.1], parameters={"quorum": 7}), compared(2, [0.1])]
    rows = [(row.is_term, row.title, row.values) for row in parameters(runs)]
    assert rows[0] == (False, "quorum", ("7", "–"))
    assert (True, "Quorum", ("1 of 0", "1 of 0")) in rows
    assert (True, "Round deadline", ("600 s", "600 s")) in rows


def test_points_are_written_as_csv_and_json(tmp_path: Path) -> None:
    found = [RunPoints(run(7), [points("accuracy", [0.5, float("nan")])])]
    assert write_csv(tmp_path / "a.csv", found) == 2
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0].startswith("run,run_name,project,metric,site")
    assert lines[1] == "7,run 7,P,accuracy,global,0,1,0,1970-01-01T00:01:41.000+00:00,0.5"
    assert write_json(tmp_path / "a.json", found) == 2
    (curve,) = json.loads((tmp_path / "a.json").read_text())["runs"][0]["curves"]
    assert [point["value"] for point in curve["points"]] == [0.5, None]
