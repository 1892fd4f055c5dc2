"""Home's card of the jobs that ended today."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Signal

from app.pages.home.model import end_words, ended_today
from app.widgets.cards import TableCard
from app.widgets.cells import Cell
from app.widgets.empty_state import EmptyState
from app.widgets.tables import Column, RowModel, Table
from app.widgets.words import clock, size


class EndedCard(TableCard):
    """How each job ended, what it sent and when; `opened` carries a run's number."""

    opened = Signal(int)

    def __init__(self) -> None:
        super().__init__("Earlier today", icon="clock")
        columns: list[Column[dict[str, Any]]] = [
            Column("Run", lambda job: Cell(str(job["run_id"]), weight=600), 76),
            Column("Project", lambda job: Cell(job["project"], tok="muted")),
            Column("Ended as", lambda job: Cell(end_words(job), "state", state=job["state"]), 230),
            Column("Sent", lambda job: Cell(size(job["bytes_up"]), right=True), 90, right=True),
            Column("Ended", lambda job: Cell(clock(job["ended_at"]), tok="muted"), 84),
        ]
        self.rows: RowModel[dict[str, Any]] = RowModel(columns, lambda job: job["job_id"])
        self._table = Table(self.rows, row_height=38, fits=True)
        self._table.setAccessibleName("Jobs that ended today")
        self._table.opened.connect(lambda job: self.opened.emit(job["run_id"]))
        self._empty = EmptyState("clock", "No job ended today")
        self.add(self._table, self._empty, None)

    def show_jobs(self, jobs: Iterable[dict[str, Any]]) -> None:
        """Show the ended ones among these."""
        ended = ended_today(jobs)
        self.rows.set_rows(ended)
        self._table.setVisible(bool(ended))
        self._empty.setVisible(not ended)
