"""Whole runs as files: every point of every curve as CSV or JSON."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from agent_core.protocol.records import Run
from app.context import AppContext
from app.i18n import tr, trn
from app.pages.runs.curves_model import Batch, parse_metrics
from app.pages.runs.export import ask_path, iso, site_name, written
from app.widgets.timeline_sites import sites_of

PAGE = 5000
HEAD = (
    "run", "run_name", "project", "metric", "site", "edge_id", "round", "step", "time", "value",
)  # fmt: skip


class RunPoints(NamedTuple):
    """A run and all points of its curves."""

    run: Run
    points: list[Batch]


def read_points(context: AppContext, runs: Sequence[Run]) -> list[RunPoints]:
    """Read every point of the runs; for a thread of its own."""
    return [RunPoints(run, parse_metrics(_all(context, run.id))) for run in runs]


def _all(context: AppContext, run_id: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        given = {"after": cursor} if cursor else {}
        page = context.client.call("runs.metrics", run_id=run_id, limit=PAGE, **given)
        items += page["items"]
        following = page.get("next_cursor") or ""
        if not page["items"] or not following or following == cursor:
            return items
        cursor = following


def write_csv(path: Path, found: Sequence[RunPoints]) -> int:
    """Write one line a point; return how many."""
    return written(path, partial(_csv, found=found))


def write_json(path: Path, found: Sequence[RunPoints]) -> int:
    """Write the runs with their parameters and curves; return how many points."""
    return written(path, partial(_json, found=found))


def _csv(file: TextIO, found: Sequence[RunPoints]) -> int:
    writer = csv.writer(file)
    writer.writerow(HEAD)
    count = 0
    for run, batches in found:
        sites = sites_of(run.devices)
        first = [run.id, run.name, run.project_name]
        for batch in batches:
            who = [batch.key, site_name(batch.edge_id, sites), batch.edge_id]
            for number, step, at, value in _rows(batch):
                rest = ["" if number is None else number, step, iso(at), repr(value)]
                writer.writerow([*first, *who, *rest])
            count += len(batch.values)
    return count


def _json(file: TextIO, found: Sequence[RunPoints]) -> int:
    runs = []
    for run, batches in found:
        sites = sites_of(run.devices)
        curves = [
            {
                "metric": batch.key,
                "site": site_name(batch.edge_id, sites),
                "edge_id": batch.edge_id,
                "points": [
                    # JSON has no NaN: a value that is none is null.
                    {"round": number, "step": step, "time": iso(at),
                     "value": value if math.isfinite(value) else None}
                    for number, step, at, value in _rows(batch)
                ],
            }
            for batch in batches
        ]  # fmt: skip
        kept = run.model_dump(
            mode="json",
            include={
                "id", "name", "project_name", "application_name", "owner_name", "state",
                "parameters", "rounds", "round", "round_deadline_s", "quorum", "started_at",
                "ended_at", "headline", "bytes_up", "bytes_down",
            },
        )  # fmt: skip
        runs.append({**kept, "curves": curves})
    json.dump({"runs": runs}, file, ensure_ascii=False, indent=1)
    return sum(len(batch.values) for _, batches in found for batch in batches)


def _rows(batch: Batch) -> Iterator[tuple[int | None, int, float, float]]:
    for number, step, at, value in zip(
        batch.rounds.tolist(), batch.steps.tolist(), batch.times.tolist(), batch.values.tolist(),
        strict=True,
    ):  # fmt: skip
        yield None if math.isnan(number) else int(number), int(step), at, value


def save_runs(parent: QWidget, context: AppContext, runs: Sequence[Run], kind: str) -> None:
    """Ask for a path and write the runs' points there, as csv or json."""
    numbers = "-".join(str(run.id) for run in runs[:8])
    title = tr("Save points")
    path = ask_path(parent, title, f"runs-{numbers}.{kind}", f"{kind.upper()} (*.{kind})")
    if path is None:
        return
    write = write_csv if kind == "csv" else write_json

    def saved(count: int) -> None:
        text = trn("{count} point saved", "{count} points saved", count)
        context.notify(text, str(path), kind="ok")

    # Without a parent: whoever goes to another page is still told how it ended.
    context.tasks.run(lambda: write(path, read_points(context, runs)), saved)


def save_picture(parent: QWidget, context: AppContext, picture: QImage, name: str) -> None:
    """Ask for a path and write a picture there."""
    path = ask_path(parent, tr("Save picture"), name, tr("PNG (*.png)"))
    if path is None:
        return

    def saved(ok: bool) -> None:
        title = tr("Picture saved") if ok else tr("The picture could not be saved")
        context.notify(title, str(path), kind="ok" if ok else "danger")

    context.tasks.run(lambda: picture.save(str(path)), saved)
