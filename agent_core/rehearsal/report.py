"""What a rehearsal measured: the run's end, its rounds, times, bytes and memory."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class RoundFigures:
    """One closed round."""

    round: int
    seconds: float
    test_accuracy: float | None
    bytes_up: int  # what the silos sent
    bytes_down: int  # what the silos received


@dataclass(frozen=True)
class Report:
    """The whole rehearsal, as `--json` prints it."""

    state: str
    detail: str
    run_id: int
    silos: int
    test_accuracy: float | None
    first_round_s: float | None  # start pressed to first round closed
    median_round_s: float | None
    total_s: float | None  # start pressed to the run's end
    rounds: list[RoundFigures] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)  # last global values
    peak_rss_mb: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def make_report(
    run: dict[str, Any],
    rounds: list[dict[str, Any]],
    metrics: list[dict[str, Any]],
    pressed_at: float,
    peaks: dict[str, float],
) -> Report:
    """Return the report of a run from the hub's records of it.

    Rounds follow each other without a pause, so a round lasts from the end of the one before.
    """
    accuracy = accuracy_by_round(metrics)
    figures = []
    before = None
    for record in sorted(rounds, key=lambda item: item["round"]):
        start = record["started_at"] if before is None else before
        figures.append(
            RoundFigures(
                round=record["round"],
                seconds=round(record["closed_at"] - start, 4),
                test_accuracy=accuracy.get(record["round"]),
                bytes_up=record.get("bytes_up", 0),
                bytes_down=record.get("bytes_down", 0),
            )
        )
        before = record["closed_at"]
    closed = sorted(record["closed_at"] for record in rounds)
    known = [figure.test_accuracy for figure in figures if figure.test_accuracy is not None]
    return Report(
        state=run["state"],
        detail=run.get("detail", ""),
        run_id=run["id"],
        silos=sum(1 for device in run["devices"] if device["role"] == "client"),
        test_accuracy=known[-1] if known else None,
        first_round_s=round(closed[0] - pressed_at, 3) if closed else None,
        median_round_s=round(statistics.median(f.seconds for f in figures), 4) if figures else None,
        total_s=round(run["ended_at"] - pressed_at, 3) if run.get("ended_at") else None,
        rounds=figures,
        metrics=dict(run.get("headline", {})),
        peak_rss_mb=peaks,
    )


def accuracy_by_round(metrics: list[dict[str, Any]]) -> dict[int, float]:
    """Return the global test accuracy by round, under whichever of its names the app used."""
    names = ("test_accuracy", "eval_test_accuracy", "test_acc", "accuracy", "eval_accuracy",
             "eval_acc")  # fmt: skip
    for name in names:
        found = {
            int(point["round"]): float(point["value"])
            for point in metrics
            if point["key"] == name and point["edge_id"] == 0 and point["round"] is not None
        }
        if found:
            return found
    return {}
