"""Home's card of the jobs that ended today."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Signal

from app.i18n import tr
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
        super().__init__(tr("Earlier today"), icon="clock")
        columns: list[Column[dict[str, Any]]] = [
            Column(tr("Run"), lambda job: Cell(str(job["run_id"]), weight=600), 76),
            Column(tr("Project"), lambda job: Cell(job["project"], tok="muted")),
            Column(
                tr("Ended as"), lambda job: Cell(end_words(job), "state", state=job["state"]), 230
            ),
            Column(tr("Sent"), lambda job: Cell(size(job["bytes_up"]), right=True), 90, right=True),
            Column(tr("Ended"), lambda job: Cell(clock(job["ended_at"]), tok="muted"), 84),
            Column("", lambda job: Cell(_word(job), "link"), 76),
        ]
        self.rows: RowModel[dict[str, Any]] = RowModel(columns, lambda job: job["job_id"])
        self._table = Table(self.rows, row_height=38, fits=True)
        self._table.setAccessibleName(tr("Jobs that ended today"))
        self._table.opened.connect(lambda job: self.opened.emit(job["run_id"]))
        self._table.clicked_cell.connect(self._clicked)
        self._empty = EmptyState("clock", tr("No job ended today"))
        self.add(self._table, self._empty, None)

    def show_jobs(self, jobs: Iterable[dict[str, Any]]) -> None:
        """Show the ended ones among these."""
        ended = ended_today(jobs)
        self.rows.set_rows(ended)
        self._table.setVisible(bool(ended))
        self._empty.setVisible(not ended)

    def _clicked(self, job: dict[str, Any], column: int) -> None:
        if column == len(self.rows.columns) - 1:
            self.opened.emit(job["run_id"])


def _ended_as(job: dict[str, Any]) -> Cell:
    return Cell(end_words(job), "state", state=job["state"])


def _word(job: dict[str, Any]) -> str:
    return tr("Open") if job["state"] == "FINISHED" else tr("Why?")
