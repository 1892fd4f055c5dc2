"""Invented telemetry of a run: rounds, metrics, system figures, log lines, events, models."""

from __future__ import annotations

import math
from typing import Any

from helpers.fake_records import GB, NOW, SERVER, SITES, accuracy, digest, loss

from agent_core.protocol import records as rec
from agent_core.protocol.states import TERMINAL

KEYS = {"test_accuracy": accuracy, "test_loss": loss, "train_loss": loss}


def started(run: rec.Run) -> float:
    """Return when a run started."""
    return run.started_at or NOW


def round_seconds(n: int) -> float:
    """Return how long an invented round took."""
    return 60.0 if n in {5, 12} else 47 + 9 * math.sin(n * 2.3)


def rounds(run: rec.Run) -> list[dict[str, Any]]:
    """Return the closed rounds."""
    found = []
    at = started(run) + 6
    for n in range(1, run.round + 1):
        closed = at + round_seconds(n)
        late = n in {5, 12}
        found.append(
            rec.RoundRecord(
                round=n,
                started_at=at,
                closed_at=closed,
                answered=4 if late else 5,
                asked=5,
                closed_by="deadline" if late else "all",
                bytes_up=82_000,
                bytes_down=82_000,
                metrics={"test_accuracy": accuracy(n), "test_loss": loss(n)},
            ).model_dump(mode="json")
        )
        at = closed
    return found


def metrics(run: rec.Run) -> list[dict[str, Any]]:
    """Return every point of every curve, in the order in which they came."""
    found = []
    for closed in rounds(run):
        n = closed["round"]
        for edge_id in [0, *(s[0] for s in SITES)]:
            if edge_id == 280 and closed["closed_by"] == "deadline":
                continue
            for key, value in KEYS.items():
                if edge_id == 0 and key == "train_loss":
                    continue
                found.append(
                    rec.Metric(
                        edge_id=edge_id,
                        run_id=run.id,
                        key=key,
                        value=value(n, edge_id),
                        round=n,
                        sequence=len(found) + 1,
                        step=n,
                        at=closed["closed_at"],
                    ).model_dump(mode="json")
                )
    return found


def system(run: rec.Run) -> list[dict[str, Any]]:
    """Return the machines' figures every 10 s."""
    end = run.ended_at or NOW
    steps = int(min(600, max(0, end - started(run)) / 10)) if run.started_at else 0
    found = []
    for n in range(steps):
        for site, (edge_id, _, _) in enumerate([*SITES, SERVER]):
            if edge_id == 280 and 40 < n < 52:
                continue
            wave = math.sin(n / 9 + site) + 0.4 * math.sin(n / 2.1 + site)
            found.append(
                rec.SystemSample(
                    edge_id=edge_id,
                    run_id=run.id,
                    sequence=n + 1,
                    at=started(run) + n * 10,
                    cpu_percent=34 + 14 * wave,
                    memory_used=int((18 + wave) * GB),
                    memory_total=64 * GB,
                    disk_free=500 * GB,
                    net_sent=n * 16_400,
                    net_received=n * 16_400,
                    job_cpu_percent=80 + 15 * wave,
                    job_rss=int((0.6 + 0.05 * wave) * GB),
                    gpu_percent=61 + 10 * wave if site < 3 else None,
                    gpu_memory_used=7 * GB if site < 3 else None,
                    gpu_temperature=66 + 4 * wave if site < 3 else None,
                ).model_dump(mode="json")
            )
    return found


def logs(run: rec.Run) -> list[dict[str, Any]]:
    """Return log lines of all sites."""
    found: list[dict[str, Any]] = []

    def line(edge_id: int, at: float, level: str, text: str, source: str = "job") -> None:
        found.append(
            rec.LogLine(
                edge_id=edge_id,
                sequence=len(found) + 1,
                run_id=run.id,
                at=at,
                level=level,  # type: ignore[arg-type]
                source=source,
                text=text,
            ).model_dump(mode="json")
        )

    for edge_id, name, _ in [SERVER, *SITES]:
        line(edge_id, started(run), "INFO", f"start order verified on {name}", "agent")
    for closed in rounds(run):
        n = closed["round"]
        line(SERVER[0], closed["started_at"], "INFO", f"[ROUND {n}/{run.rounds}]")
        for edge_id, _, _ in SITES:
            line(edge_id, closed["started_at"] + 2, "DEBUG", f"loaded 132 rows for round {n}")
            line(edge_id, closed["started_at"] + 30, "INFO", f"train loss {loss(n, edge_id):.4f}")
        if closed["closed_by"] == "deadline":
            line(280, closed["closed_at"] - 1, "WARNING", "disk slow: 4.1 s for one batch")
        line(SERVER[0], closed["closed_at"], "INFO", f"aggregated {closed['answered']} replies")
    if run.detail and run.state in TERMINAL:
        line(SITES[0][0], run.ended_at or NOW, "ERROR", run.detail)
    return found


def events(run: rec.Run) -> list[dict[str, Any]]:
    """Return a run's event list."""
    at = started(run)
    found = [
        rec.RunEvent(at=at - 2, kind="order", text="Signature of Elif Kaya is valid", level="ok"),
        rec.RunEvent(at=at, kind="order", text="Package sent to 6 devices"),
        rec.RunEvent(
            at=at + 3, kind="stage", text="Klinikum Lindenau approved it", edge_id=266, level="ok"
        ),
        rec.RunEvent(at=at + 6, kind="round", text="Round 1 started, 5 of 5 sites"),
    ]
    for closed in rounds(run):
        late = closed["closed_by"] == "deadline"
        how = "closed by deadline, 4 of 5" if late else "closed, 5 of 5"
        took = closed["closed_at"] - closed["started_at"]
        found.append(
            rec.RunEvent(
                at=closed["closed_at"],
                kind="round",
                level="warn" if late else "info",
                text=f"Round {closed['round']} {how} in {took:.0f} s",
            )
        )
    if run.id == 1284:
        found.append(
            rec.RunEvent(
                at=NOW - 4,
                kind="peer",
                text="Saint-Roch missed 4 heartbeats",
                edge_id=280,
                level="warn",
            )
        )
    if run.ended_at:
        text = f"Run ended: {run.state.value} {run.detail}".strip()
        found.append(rec.RunEvent(at=run.ended_at, kind="state", text=text))
    return [event.model_dump(mode="json") for event in found]


def models(run: rec.Run) -> list[dict[str, Any]]:
    """Return the global models of the closed rounds."""
    return [
        rec.ModelRecord(
            run_id=run.id,
            round=closed["round"],
            sha256=digest(f"{run.id}-{closed['round']}"),
            size=16_420,
            created_at=closed["closed_at"],
            metrics=closed["metrics"],
            sites=[s[0] for s in SITES if closed["answered"] == 5 or s[0] != 280],
        ).model_dump(mode="json")
        for closed in rounds(run)
    ]
