"""Writing what is shown into files: curves and system figures as CSV, logs as text."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from agent_core.errors import StorageError
from app.i18n import tr
from app.pages.runs.curves_model import Batch
from app.widgets.curve_plot_series import Floats
from app.widgets.log_view_paint import plain_text
from app.widgets.log_view_store import Ints, LogStore
from app.widgets.timeline_sites import Site

PIECE = 5000  # log lines written at once


def ask_path(parent: QWidget, title: str, name: str, kinds: str) -> Path | None:
    """Ask where to save a file; return None when the person does not."""
    chosen, _ = QFileDialog.getSaveFileName(parent, title, str(Path.home() / name), kinds)
    return Path(chosen) if chosen else None


def write_metrics(path: Path, points: list[Batch], sites: Mapping[int, Site]) -> int:
    """Write every point of every curve; return how many."""
    count = 0
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["metric", "site", "edge_id", "round", "step", "time", "value"])
            for batch in points:
                name = site_name(batch.edge_id, sites)
                for place in range(len(batch.values)):
                    number = batch.rounds[place]
                    writer.writerow(
                        [
                            batch.key,
                            name,
                            batch.edge_id,
                            "" if math.isnan(number) else int(number),
                            int(batch.steps[place]),
                            iso(float(batch.times[place])),
                            repr(float(batch.values[place])),
                        ]
                    )
                count += len(batch.values)
    except OSError as error:
        raise unwritable(path, error) from error
    return count


def write_system(
    path: Path, series: list[tuple[str, int, Floats, Floats]], sites: Mapping[int, Site]
) -> int:
    """Write every value of every figure; gaps are left out, never filled."""
    count = 0
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["figure", "site", "edge_id", "time", "value"])
            for key, edge_id, x, y in series:
                name = site_name(edge_id, sites)
                for at, value in zip(x.tolist(), y.tolist(), strict=True):
                    if math.isfinite(value):
                        writer.writerow([key, name, edge_id, iso(at), repr(value)])
                        count += 1
    except OSError as error:
        raise unwritable(path, error) from error
    return count


def write_logs(path: Path, store: LogStore, rows: Ints, sites: Mapping[int, Site]) -> int:
    """Write log lines as they are shown."""
    try:
        with path.open("w", encoding="utf-8") as file:
            for first in range(0, len(rows), PIECE):
                lines = store.lines(rows[first : first + PIECE])
                file.writelines(plain_text(line, sites.get(line.edge_id)) + "\n" for line in lines)
    except OSError as error:
        raise unwritable(path, error) from error
    return len(rows)


def site_name(edge_id: int, sites: Mapping[int, Site]) -> str:
    """Return what a curve belongs to."""
    if edge_id == 0:
        return "global"
    return sites[edge_id].name if edge_id in sites else str(edge_id)


def iso(at: float) -> str:
    """Return a time as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def unwritable(path: Path, error: OSError) -> StorageError:
    """Return the error for a file that cannot be written."""
    return StorageError(
        tr("{name} cannot be written there: {strerror}.", name=path.name, strerror=error.strerror),
        next_step=tr("Choose another folder, or free some space."),
    )
