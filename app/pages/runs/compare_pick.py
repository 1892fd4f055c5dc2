"""The dialog that adds runs of the same group to a comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from agent_core.protocol.records import Run
from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import tr
from app.pages.runs.compare_model import LIMIT
from app.pages.runs.list_model import matches
from app.widgets.buttons import Button
from app.widgets.cards import TableCard
from app.widgets.cells import Cell
from app.widgets.dialogs import Dialog
from app.widgets.live_page import every
from app.widgets.search_field import SearchField
from app.widgets.tables import Column, RowModel, Table

PAGE = 500


class PickRuns(Dialog):
    """Tick runs by mouse or Space; up to eight are compared."""

    def __init__(
        self,
        parent: QWidget,
        context: AppContext,
        group_id: int,
        chosen: Sequence[int],
        then: Callable[[list[int]], object],
    ) -> None:
        super().__init__(
            parent, tr("Compare runs"), tr("Up to {count} runs of this group, of any project.",
                                           count=LIMIT),
            icon="git-compare", tok="accent_text", width=720, height=560,
        )  # fmt: skip
        self._then = then
        self._chosen = list(chosen)
        self._runs: list[Run] = []
        self.search = SearchField(tr("Filter runs"))
        self.search.textChanged.connect(lambda _: self._fill())
        columns: list[Column[Run]] = [
            Column("", lambda r: Cell(kind="check", checked=r.id in self._chosen), 40),
            Column(tr("Run"), lambda r: Cell(r.name, sub=str(r.id), weight=600), 0),
            Column(tr("Project"), lambda r: Cell(r.project_name), 200),
            Column(tr("State"), lambda r: Cell(kind="state", state=r.state.value), 150),
        ]
        self.rows: RowModel[Run] = RowModel(columns, lambda r: r.id)
        self.table = Table(self.rows, row_height=46)
        self.table.setAccessibleName(tr("Runs of the group"))
        self.table.clicked_cell.connect(lambda run, _: self.toggle(run))
        self.table.pressed_space.connect(self.toggle)
        card = TableCard()
        card.add((self.table, 1))
        self.body.addWidget(self.search)
        self.body.addWidget(card, 1)
        self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self.done_button = self.add_button(Button(tr("Compare"), "primary", on_click=self._finish))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._say_count()
        work = partial(_read, context, group_id)
        context.tasks.run(work, self._on_read, self._on_failed, self)

    def _on_read(self, runs: list[Run]) -> None:
        self._runs = runs
        self._fill()

    def _on_failed(self, error: Exception) -> None:
        self.cost.setText(sentence_of(error)[0])
        self.cost.set_token("danger")

    def _fill(self) -> None:
        self.rows.set_rows([run for run in self._runs if matches(run, self.search.text())])
        self.rows.refresh()

    def toggle(self, run: Run) -> None:
        """Tick a run, or take its tick away."""
        if run.id in self._chosen:
            self._chosen.remove(run.id)
        elif len(self._chosen) < LIMIT:
            self._chosen.append(run.id)
        self.rows.refresh()
        self._say_count()

    def _say_count(self) -> None:
        self.cost.setText(tr("{count} of {limit} chosen", count=len(self._chosen), limit=LIMIT))
        self.done_button.setEnabled(bool(self._chosen))

    def _finish(self) -> None:
        self.accept()
        self._then(self._chosen)


def _read(context: AppContext, group_id: int) -> list[Run]:
    found = every(context, "runs.list", group_id=group_id, limit=PAGE)
    return [Run.model_validate(one) for one in found]
