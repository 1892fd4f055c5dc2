"""The tables under compared curves: results of each run, and the parameters that differ."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.i18n import tr, trn
from app.pages.runs.compare_model import Compared, Difference, metrics, parameters, winners
from app.pages.runs.wording import metric_title
from app.widgets.cards import TableCard
from app.widgets.cells import Cell
from app.widgets.curve_plot_ticks import kind_of, value_text
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.switches import Switch
from app.widgets.tables import Column, RowModel, Table

SHOWN_METRICS = 6


class ResultsTable(QWidget):
    """One row a run: the best value of each metric with its round, and the last one."""

    def __init__(self) -> None:
        super().__init__()
        self._card = TableCard(tr("Results"), note=tr("best value, its round, last value"))
        self.rows: RowModel[Compared] = RowModel([], lambda one: one.run.id)
        self._table: Table | None = None
        self._keys: list[str] = []
        self._runs: list[Compared] = []
        self.setLayout(column(self._card))

    def show_runs(self, compared: Sequence[Compared]) -> None:
        """Show the results so far."""
        self._runs = list(compared)
        keys = metrics(compared)[:SHOWN_METRICS]
        if self._table is None or keys != self._keys:
            self._keys = keys
            self._make(keys)
        self.rows.set_rows(self._runs)
        self.rows.refresh()

    def _make(self, keys: list[str]) -> None:
        if self._table is not None:
            self._card.body.removeWidget(self._table)
            self._table.deleteLater()
        columns: list[Column[Compared]] = [Column(tr("Run"), _run_cell, 0)]
        for key in keys:
            cell = partial(self._metric_cell, key=key)
            columns.append(Column(metric_title(key), cell, 150, right=True))
        self.rows = RowModel(columns, lambda one: one.run.id)
        self._table = Table(self.rows, row_height=48, fits=True)
        self._table.setAccessibleName(tr("Results"))
        self._card.add(self._table)

    def _metric_cell(self, one: Compared, key: str) -> Cell:
        best = one.best(key)
        if best is None:
            return Cell("–", tok="faint", right=True)
        kind = kind_of(key)
        last = one.final(key)
        ended = value_text(last, kind) if last is not None else "–"
        where = (
            tr("round {round} · last {value}", round=best.round, value=ended)
            if best.round is not None
            else tr("last {value}", value=ended)
        )
        wins = one.run.id in winners(self._runs, key)
        text = value_text(best.value, kind)
        return Cell(text, sub=where, weight=600, tok="ok" if wins else "text", right=True)


def _run_cell(one: Compared) -> Cell:
    # Letters in the run's colour, as sites have them.
    return Cell(
        one.run.name, kind="site", sub=f"{one.run.id} · {one.run.project_name}",
        letters=str(one.place + 1), slot=one.place, weight=600,
    )  # fmt: skip


class ParametersTable(QWidget):
    """One row a parameter, one column a run; what differs stands on top."""

    def __init__(self) -> None:
        super().__init__()
        self.only = Switch(tr("Only what differs"), on=True)
        self.only.clicked.connect(lambda _: self._fill())
        words = Label(tr("Only what differs"), "small", "muted")
        self._card = TableCard(tr("Parameters"), actions=[words, self.only])
        self._note = Label("", "small", "faint")
        self._card.add(row(self._note, None, margins=(12, 2, 12, 2)))
        self.rows: RowModel[Difference] = RowModel([], _key_of)
        self._table: Table | None = None
        self._runs: list[Compared] = []
        self.setLayout(column(self._card))

    def show_runs(self, compared: Sequence[Compared]) -> None:
        """Show the parameters of the runs."""
        numbers = [one.run.id for one in compared]
        if self._table is None or numbers != [one.run.id for one in self._runs]:
            self._make(compared)
        self._runs = list(compared)
        self._fill()

    def _make(self, compared: Sequence[Compared]) -> None:
        if self._table is not None:
            self._card.body.removeWidget(self._table)
            self._table.deleteLater()
        columns: list[Column[Difference]] = [
            Column(tr("Parameter"), lambda d: Cell(d.title, mono=not d.is_term, weight=500), 0)
        ]
        width = 150 if len(compared) <= 4 else 104
        for place, one in enumerate(compared):
            columns.append(Column(str(one.run.id), partial(_value_cell, place=place), width))
        self.rows = RowModel(columns, _key_of)
        self._table = Table(self.rows, row_height=34, fits=True)
        self._table.setAccessibleName(tr("Parameters"))
        self._table.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._card.body.insertWidget(0, self._table)

    def _fill(self) -> None:
        rows = parameters(self._runs)
        different = [row for row in rows if row.differs]
        shown = different if self.only.isChecked() else rows
        self.rows.set_rows(shown)
        alike = len(rows) - len(different)
        if not different:
            text = tr("The runs have the same parameters.")
        else:
            text = trn("{count} parameter is the same in all runs",
                       "{count} parameters are the same in all runs", alike)  # fmt: skip
        self._note.setText(text)


def _key_of(one: Difference) -> tuple[bool, str]:
    return one.is_term, one.key


def _value_cell(one: Difference, place: int) -> Cell:
    value = one.values[place]
    tok = "faint" if value == "–" else ("text" if one.differs else "muted")
    return Cell(value, mono=True, tok=tok, weight=500 if one.differs else 400)
