"""The models of a run: one a round, the newest and the best marked; tried, served and saved."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QWidget

from agent_core.protocol.records import ModelRecord
from agent_core.protocol.records_models import ModelEntry
from app.bridge.newest import Newest, Reading, is_pushed_out
from app.bridge.records import records
from app.bridge.tasks import sentence_of
from app.i18n import tr
from app.pages.runs.live import RunLive
from app.pages.runs.models_cells import metric_cell, metric_of, round_cell, short_hash
from app.pages.runs.models_model import ModelRow, marks_of, rows_of
from app.pages.runs.wording import metric_rank, metric_title
from app.widgets.buttons import Button
from app.widgets.cards import TableCard
from app.widgets.cells import Cell
from app.widgets.curve_plot_ticks import bytes_text
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row
from app.widgets.model_panel import ModelPanel
from app.widgets.page_stack import PageStack
from app.widgets.tables import Column, RowModel, Table
from app.widgets.words import duration

LOADED = 200  # of the newest at once; older ones are read when they are asked for
NARROW_PX = 1090


class ModelsTab(QWidget):
    """A table of the rounds' models, and the chosen one's facts beside it."""

    counted = Signal(object)  # number of models, or None

    def __init__(self, live: RunLive) -> None:
        super().__init__()
        self._live = live
        self._known: Newest[ModelRecord] | None = None
        self._count = LOADED  # so many are read, more once older ones were asked for
        self._models: list[ModelRecord] = []  # the known ones, and the best
        self._keys: list[str] = []
        self._busy = self._again = self._wants_older = False
        self._is_due = False  # something changed while nobody looked
        self._build()
        live.models_changed.connect(self._on_changed)
        live.changed.connect(self._on_changed_run)
        self._is_started = False

    def start(self) -> None:
        """Read the models, and again whenever there are new ones."""
        self._is_started = True
        self._reload()

    def _build(self) -> None:
        self._columns: list[Column[ModelRow]] = []
        self._empty = EmptyState(
            "boxes", tr("No models yet"), tr("The first one appears when round 1 closes.")
        )
        words = tr("Saved as safetensors, never as code. The hash is checked when you save.")
        self._table_card = TableCard()
        self.older = Button(tr("Read older ones"), "link", on_click=self._read_older)
        self.older.hide()
        self._foot = row(
            Icon("info", "faint", 14), Label(words, "small", "faint"), None, self.older,
            margins=(12, 6, 12, 6),
        )  # fmt: skip
        self._table: Table | None = None
        self._table_card.body.addLayout(self._foot)
        self.panel = ModelPanel(self._live.context)
        self._full = QWidget()
        self._full.setLayout(row((self._table_card, 1), self.panel, gap=16))
        self._stack = PageStack()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._full)
        self.setLayout(column(self._stack))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Leave size and hash out where there is no room; they stand in the panel too."""
        if self._table is not None:
            for place in (len(self._keys) + 2, len(self._keys) + 3):
                self._table.setColumnHidden(place, self.width() < NARROW_PX)

    # --- data ---
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_due:
            self._is_due = False
            self._on_run()
            self._reload()

    def _on_changed(self) -> None:
        if self.isVisible() or not self._is_started:
            self._reload()
        else:
            self._is_due = True
            ask = partial(_count, self._live)
            self._live.context.tasks.run(ask, self.counted.emit, lambda _: None, self)

    def _on_changed_run(self) -> None:
        if self.isVisible():
            self._on_run()
        else:
            self._is_due = True

    def _reload(self) -> None:
        """Read the models; asking again meanwhile reads once more afterwards."""
        if self._busy or not self._is_started:
            self._again = True
            return
        self._busy, self._again = True, False
        work = partial(read_models, self._live, self._known, self._count)
        self._live.context.tasks.run(work, self._on_models, self._on_failed, self)

    def _read_older(self) -> None:
        self._wants_older = self._busy  # then it follows what is being read
        if self._busy or self._known is None:
            return
        self._busy = True
        self._count = len(self._known.items) + LOADED
        work = partial(read_models, self._live, self._known, LOADED, is_older=True)
        self._live.context.tasks.run(work, self._on_models, self._on_older_failed, self)

    def _on_older_failed(self, error: Exception) -> None:
        self._on_failed(error)
        title, text = sentence_of(error)
        self._live.context.notify(title, text, kind="danger")

    def _on_models(self, found: tuple[Newest[ModelRecord], list[ModelRecord]]) -> None:
        self._busy = False
        self._known, self._models = found
        self._keep_chosen(self._known)
        self.older.setVisible(bool(self._known.cursor))
        self.older.setToolTip(
            tr("{shown} of {total} models", shown=len(self._known.items), total=self._known.total)
        )
        self.counted.emit(self._known.total or None)
        self._on_run()
        if self._wants_older:
            self._read_older()
        elif self._again:
            self._reload()

    def _keep_chosen(self, known: Newest[ModelRecord]) -> None:
        """Let a person go on with a model while newer ones push it out of what is read."""
        chosen = self._current()
        if chosen is None or not is_pushed_out(chosen.model.round, known, _round_of):
            return
        if chosen.model.round not in map(_round_of, self._models):  # it may be the best
            self._models = [*self._models, chosen.model]

    def _on_failed(self, error: Exception) -> None:
        self._busy = False
        if not self._models:
            _, text = sentence_of(error)
            self._empty.set("circle-alert", tr("Models could not be read"), text, "danger")
        if self._again:
            self._reload()

    def _on_run(self) -> None:
        self._stack.setCurrentIndex(1 if self._models else 0)
        if not self._models:
            return
        keys = sorted({key for one in self._models for key in one.metrics}, key=metric_rank)[:2]
        if self._table is None or keys != self._keys:
            self._keys = keys
            self._make_table()
        rows = rows_of(self._models, self._live.sites)
        chosen = self._current()
        follows = chosen is None or (chosen.is_newest and not self._is_worked_with())
        self._rows.set_rows(rows)
        if follows and self._table is not None and rows:
            # Who looks at the newest model goes on looking at the newest.
            self._table.selectRow(self._rows.find(rows[0].model.round))
            self._table.scrollTo(self._table.currentIndex())
        self._show_detail()

    def _is_worked_with(self) -> bool:
        """Return whether somebody tries or serves the model that is shown: it stays then."""
        focus = self.window().focusWidget()
        has_focus = focus is not None and self.panel.isAncestorOf(focus)
        return has_focus or self.panel.prediction.is_used

    def _make_table(self) -> None:
        if self._table is not None:
            self._table_card.body.removeWidget(self._table)
            self._table.deleteLater()
        self._rows: RowModel[ModelRow] = RowModel(self._make_columns(), lambda r: r.model.round)
        self._table = Table(self._rows, row_height=44)
        self._table.setAccessibleName(tr("Models"))
        self._table.selectionModel().currentRowChanged.connect(lambda *_: self._show_detail())
        self._table.opened.connect(lambda _: self._save())
        self._table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._table.customContextMenuRequested.connect(self._on_menu)
        self._table.clicked_cell.connect(self._on_cell)
        self._table_card.body.insertWidget(0, self._table, 1)
        self._fit_columns()

    def _make_columns(self) -> list[Column[ModelRow]]:
        columns = [Column(tr("Round"), round_cell, 100, sort=lambda r: r.model.round)]
        for place, key in enumerate(self._keys):
            cell = partial(metric_cell, key=key, bar=place == 0)
            by = partial(metric_of, key=key)
            width = 142 if place == 0 else 88
            columns.append(Column(metric_title(key), cell, width, right=place > 0, sort=by))
        columns += [
            Column(tr("Sites in"), lambda r: Cell(kind="sites", items=r.sites), 0),
            Column(tr("Size"), _size_cell, 88, right=True, sort=lambda r: r.model.size),
            Column(tr("SHA-256"), _hash_cell, 100),
            Column(tr("Age"), _age_cell, 76, sort=lambda r: -r.model.created_at),
            Column("", lambda _: Cell(tr("Save…"), kind="link"), 68),
        ]
        return columns

    # --- actions ---
    def _current(self) -> ModelRow | None:
        chosen: ModelRow | None = self._table.current() if self._table is not None else None
        return chosen

    def _show_detail(self) -> None:
        chosen = self._current()
        if chosen is not None:
            model = chosen.model
            note = ", ".join(marks_of(chosen))
            self.panel.show_model(self._live.run_id, model.round, model.sha256, note)

    def _on_cell(self, _row: ModelRow, place: int) -> None:
        if place == len(self._rows.columns) - 1:
            self._save()

    def _on_menu(self, at: Any) -> None:
        menu = QMenu(self)
        menu.addAction(tr("Save…"), self._save)
        menu.addAction(tr("Export as TorchScript…"), self._export)
        menu.addAction(tr("Copy SHA-256"), self._copy)
        if self._table is not None:
            menu.exec(self._table.viewport().mapToGlobal(at))
        menu.deleteLater()

    def _copy(self) -> None:
        chosen = self._current()
        if chosen is not None:
            QGuiApplication.clipboard().setText(chosen.model.sha256)

    def _save(self) -> None:
        chosen = self._current()
        if chosen is not None:
            self.panel.handling.save(self._live.run_id, chosen.model.round)

    def _export(self) -> None:
        chosen = self._current()
        if chosen is not None:
            self.panel.handling.export(self._live.run_id, chosen.model.round)


def _size_cell(one: ModelRow) -> Cell:
    return Cell(bytes_text(one.model.size), tok="muted", right=True)


def _hash_cell(one: ModelRow) -> Cell:
    return Cell(short_hash(one.model.sha256), mono=True, tok="muted")


def _age_cell(one: ModelRow) -> Cell:
    return Cell(duration(time.time() - one.model.created_at), tok="muted")


def _round_of(one: ModelRecord) -> int:
    return one.round


def _count(live: RunLive) -> int | None:
    """Return how many models there are, or None; callable on another thread."""
    page = live.context.client.call("runs.models", run_id=live.run_id, limit=1)
    return int(page.get("total") or len(page["items"])) or None


def read_models(
    live: RunLive, known: Newest[ModelRecord] | None, count: int, *, is_older: bool = False
) -> tuple[Newest[ModelRecord], list[ModelRecord]]:
    """Return so many newest models, or so many older ones with the known, and all to be shown.

    Shown are these and, where not all are read, the best of all.
    """
    call = live.context.client.call

    def ask(cursor: str, limit: int) -> dict[str, Any]:
        given: dict[str, Any] = {"cursor": cursor} if cursor else {}
        page: dict[str, Any] = call("runs.models", run_id=live.run_id, limit=limit, **given)
        return page

    reading = Reading(ask, partial(records, ModelRecord), _round_of)
    if known is not None and is_older:
        found = reading.older(known, count)
    else:
        found = reading.newest(known, count)
    if not found.cursor:
        return found, found.items
    best = call("models.list", run_id=live.run_id, mark="best", limit=1)["items"]
    rounds = {one.round for one in found.items}
    return found, found.items + [
        one for one in records(ModelEntry, best) if one.round not in rounds
    ]
