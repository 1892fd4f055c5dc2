"""Writing what is shown into files, whole or not at all: system figures as CSV, logs as text."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from PySide6.QtWidgets import QFileDialog, QWidget

from agent_core.errors import StorageError
from app.i18n import tr
from app.widgets.curve_plot_series import Floats
from app.widgets.log_view_paint import plain_text
from app.widgets.log_view_store import Ints, LogStore
from app.widgets.timeline_sites import Site

PIECE = 5000  # log lines written at once


def ask_path(parent: QWidget, title: str, name: str, kinds: str) -> Path | None:
    """Ask where to save a file; return None when the person does not."""
    chosen, _ = QFileDialog.getSaveFileName(parent, title, str(Path.home() / name), kinds)
    return Path(chosen) if chosen else None


def written(path: Path, write: Callable[[TextIO], int]) -> int:
    """Write a file whole or not at all; return what `write` counted.

    Raises StorageError where it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        try:
            with part.open("w", newline="", encoding="utf-8") as file:
                count = write(file)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    return count


def write_system(
    path: Path, series: list[tuple[str, int, Floats, Floats]], sites: Mapping[int, Site]
) -> int:
    """Write every value of every figure; gaps are left out, never filled."""

    def write(file: TextIO) -> int:
        count = 0
        writer = csv.writer(file)
        writer.writerow(["figure", "site", "edge_id", "time", "value"])
        for key, edge_id, x, y in series:
            name = site_name(edge_id, sites)
            for at, value in zip(x.tolist(), y.tolist(), strict=True):
                if math.isfinite(value):
                    writer.writerow([key, name, edge_id, iso(at), repr(value)])
                    count += 1
        return count

    return written(path, write)


def write_logs(path: Path, store: LogStore, rows: Ints, sites: Mapping[int, Site]) -> int:
    """Write log lines as they are shown, and let go of the store that was held for it."""

    def write(file: TextIO) -> int:
        for first in range(0, len(rows), PIECE):
            lines = store.lines(rows[first : first + PIECE])
            file.writelines(plain_text(line, sites.get(line.edge_id)) + "\n" for line in lines)
        return len(rows)

    try:
        return written(path, write)
    finally:
        store.release()


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
