"""Home's card of the jobs that run on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from app.i18n import tr
from app.pages.home.job_row import JobActions, JobRow
from app.pages.home.model import live_jobs
from app.widgets.bars import Skeleton
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.empty_state import EmptyState
from app.widgets.layouts import emptied, rule


class JobsCard(Card):
    """All live jobs of this machine."""

    stopped = Signal(dict)
    paused = Signal(dict)
    resumed = Signal(dict)
    opened = Signal(int)

    def __init__(self, on_all: Callable[[], object]) -> None:
        super().__init__(
            tr("Running on this machine"),
            icon="activity",
            actions=[Button(tr("All runs"), "link", on_click=on_all)],
            gap=4,
        )
        self._rows: dict[str, JobRow] = {}
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self._empty = EmptyState(
            "moon", tr("Nothing runs here"),
            tr("A job appears when a run of your group reaches this silo."),
        )  # fmt: skip
        self._empty.hide()
        self._waits = Skeleton(2)
        self._row_actions = JobActions(
            self.stopped.emit, self.paused.emit, self.resumed.emit, self.opened.emit
        )
        self.add(self._list, self._waits, self._empty)

    def show_jobs(self, jobs: list[dict[str, Any]]) -> None:
        """Show the live jobs among these; rows that stay keep their place."""
        self._waits.hide()
        live = live_jobs(jobs)
        wanted = [job["job_id"] for job in live]
        if list(self._rows) != wanted:
            self._rebuild(wanted)
        for job in live:
            self._rows[job["job_id"]].show_job(job)
        self._empty.setVisible(not live)

    def tick(self) -> None:
        """Tell anew what jobs wait for: time has passed."""
        for made in self._rows.values():
            made.tick()

    def rows(self) -> list[JobRow]:
        """Return the rows as they are shown."""
        return list(self._rows.values())

    def _rebuild(self, wanted: list[str]) -> None:
        old = self._rows
        for widget in emptied(self._list):
            if widget not in old.values():
                widget.deleteLater()
        self._rows = {}
        for key in wanted:
            self._list.addWidget(rule())
            made = old.pop(key, None) or JobRow(self._row_actions)
            self._rows[key] = made
            self._list.addWidget(made)
        for gone in old.values():
            gone.hide()
            gone.deleteLater()
