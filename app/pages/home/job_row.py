"""A job's row on Home: what runs, how far it is, its meters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.pages.home.model import progress, time_left
from app.widgets.badges import Badge
from app.widgets.bars import ProgressBar
from app.widgets.buttons import Button
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import column, row
from app.widgets.tokens import look
from app.widgets.words import duration

_WAITS = frozenset({"PENDING_APPROVAL", "STOPPING", "QUEUED"})


class JobRow(QWidget):
    """One job: what it is, how far, what it waits for, and its stop button."""

    def __init__(self, on_stop: Callable[[dict[str, Any]], None], on_open: Callable[[int], None]):
        super().__init__()
        self.job: dict[str, Any] = {}
        self._run = Button("", "link", on_click=lambda: on_open(self.job["run_id"]))
        self._name = ElidedLabel("", "small", "faint")
        self._badge = Badge()
        self.stop = Button("Stop...", icon="square", sz="sm", on_click=lambda: on_stop(self.job))
        self._bar = ProgressBar()
        self._round = Label("", "small_medium", align=Qt.AlignmentFlag.AlignRight)
        self._round.setMinimumWidth(88)
        self._icon = Icon("activity", "faint", 14)
        self._detail = ElidedLabel("", "small", "muted")
        self._left = Label("", "small", "faint")
        self.setLayout(
            column(
                row(self._run, self._name, self._badge, None, self.stop, gap=8),
                row((self._bar, 1), self._round, gap=14),
                row(self._icon, (self._detail, 1), self._left, gap=6),
                gap=7,
                margins=(0, 9, 0, 9),
            )
        )

    def show_job(self, job: dict[str, Any]) -> None:
        """Show a job's newest state."""
        self.job = job
        self._run.setText(f"Run {job['run_id']}")
        self._name.setText(
            " · ".join(dict.fromkeys(filter(None, (job["project"], job["run_name"]))))
        )
        self._badge.set(job["state"])
        share, words = progress(job)
        self._bar.set(share, look(job["state"]).token)
        self._round.setText(words)
        waits = job["state"] in _WAITS
        self._icon.set_icon(
            look(job["state"]).icon if waits else "info", "warn" if waits else "faint"
        )
        self._detail.setText(job.get("detail") or self._plain_detail(job))
        self._detail.set_token("warn" if waits else "muted")
        left = time_left(job)
        self._left.setText("" if left is None else f"about {duration(left)} left")
        self.stop.setEnabled(job["state"] != "STOPPING")

    def _plain_detail(self, job: dict[str, Any]) -> str:
        if job["role"] == "server":
            return "This machine combines the updates of this run"
        return "Trains on this silo's data; only updates and metrics leave"
