"""One dataset: first rows, columns, versions, facts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QStackedWidget, QVBoxLayout, QWidget

from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import tr
from app.pages.datasets import model
from app.pages.datasets.thumbnails import Thumbnails
from app.widgets.bars import Skeleton
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.cells import Cell
from app.widgets.empty_state import EmptyState
from app.widgets.key_value import KeyValue
from app.widgets.labels import Label
from app.widgets.layouts import clear, column, row, scrolled
from app.widgets.switches import Segmented
from app.widgets.tables import Column, RowModel, Table
from app.widgets.theme import theme
from app.widgets.words import size
from app.wire_words import said

COLUMNS_SHOWN = 60


class DatasetDetail(Card):
    """What is known of the chosen dataset; `acted` carries what to do with it."""

    acted = Signal(str)  # scan | stop | edit | remove

    def __init__(self, context: AppContext) -> None:
        self.scan = Button(tr("Read again"), sz="sm", icon="refresh-cw",
                           on_click=lambda: self.acted.emit("scan"))  # fmt: skip
        self.stop = Button(tr("Stop reading"), sz="sm", icon="square",
                           on_click=lambda: self.acted.emit("stop"))  # fmt: skip
        edit = Button(tr("Change..."), sz="sm", icon="pencil",
                      on_click=lambda: self.acted.emit("edit"))  # fmt: skip
        self.remove = Button(tr("Remove"), "dangerline", sz="sm", icon="trash-2",
                             on_click=lambda: self.acted.emit("remove"))  # fmt: skip
        super().__init__(" ", icon="database", actions=[self.scan, self.stop, edit, self.remove])
        self.context = context
        self.dataset: dict[str, Any] | None = None
        self._preview: dict[str, Any] | None = None
        self._seen = ("", 0)
        self._problem: tuple[str, str] | None = None  # why there is no preview
        self._no_history: tuple[str, str] | None = None  # why the versions are not known
        self.progress = Label("", "small", "info")
        choices = [("rows", tr("Rows")), ("columns", tr("Columns")), ("versions", tr("Versions")),
                   ("facts", tr("Facts"))]  # fmt: skip
        self.tabs = Segmented(choices, "rows")
        self.tabs.chosen.connect(lambda _: self._show())
        self.file = QComboBox()
        self.file.setFixedHeight(32)
        self.file.setFont(theme().font(400, 13))
        self.file.setAccessibleName(tr("Table"))
        self.file.activated.connect(lambda _: self._read_preview())
        self.note = Label("", "small", "faint")
        self.pages = QStackedWidget()
        self._make_pages()
        self.add(row(self.tabs, self.file, None, self.progress, self.note, gap=12))
        self.add((self.pages, 1))

    def _make_pages(self) -> None:
        self.rows = QVBoxLayout()
        self.rows.setContentsMargins(0, 0, 0, 0)
        holder = QWidget()
        holder.setLayout(self.rows)
        self.table: Table | None = None
        self.columns_model: RowModel[dict[str, Any]] = RowModel(
            [
                Column(tr("Column"), lambda c: self._cells(c)[0], 220),
                Column(tr("Type"), lambda c: self._cells(c)[1], 130),
                Column(tr("Missing"), lambda c: self._cells(c)[2], 110, right=True),
                Column(tr("Examples"), lambda c: self._cells(c)[3]),
            ],
            lambda c: c["name"],
        )
        self.columns_table = Table(self.columns_model, row_height=38)
        self.columns_table.setAccessibleName(tr("Columns"))
        self.classes_model: RowModel[dict[str, Any]] = RowModel(
            [
                Column(tr("Class"), lambda c: Cell(c["name"], weight=500), 260),
                Column(tr("Images"), lambda c: Cell(f"{c['count']:,}", right=True), 110,
                       right=True),
                Column(tr("Size"), lambda c: Cell(size(c["size"]), tok="muted")),
            ],
            lambda c: c["name"],
        )  # fmt: skip
        self.classes_table = Table(self.classes_model, row_height=38)
        self.classes_table.setAccessibleName(tr("Classes"))
        self.versions_model: RowModel[tuple[str, str, str]] = RowModel(
            [
                Column(tr("Version"), lambda v: Cell(v[0], weight=500), 160),
                Column(tr("Content"), lambda v: Cell(v[1], tok="muted")),
                Column(tr("Hash"), lambda v: Cell(v[2], mono=True, tok="faint"), 190),
            ],
            lambda v: v[0],
        )
        self.versions_table = Table(self.versions_model, row_height=38)
        self.versions_table.setAccessibleName(tr("Versions"))
        self.images = Thumbnails(self.context)
        self._facts = QVBoxLayout()
        facts = QWidget()
        facts.setLayout(column(self._facts, None))
        waits = QWidget()
        waits.setLayout(column(Skeleton(5), None))
        self.empty = EmptyState("database", "", "")
        self._places: dict[str, QWidget] = {
            "rows": holder, "columns": self.columns_table, "classes": self.classes_table,
            "versions": self.versions_table, "images": scrolled(self.images),
            "facts": scrolled(facts), "waits": waits, "empty": self.empty,
        }  # fmt: skip
        for widget in self._places.values():
            self.pages.addWidget(widget)

    # --- data ---
    def show_dataset(self, dataset: dict[str, Any], names: Mapping[int, str]) -> None:
        """Show a dataset; its preview is read again where its content is another."""
        is_other = self.dataset is None or self.dataset["id"] != dataset["id"]
        self.dataset = dataset
        self.title.setText(dataset["name"])
        self.scan.setVisible(not dataset["scanning"])
        self.stop.setVisible(dataset["scanning"])
        self.remove.setEnabled(not dataset["is_default"])
        if not dataset["scanning"]:
            self.progress.setText("")
        clear(self._facts)
        self._facts.addWidget(KeyValue(model.facts(dataset, names), key_width=90))
        version = dataset["version"]
        seen = (version["hash"] if version else "", dataset["id"])
        if is_other:
            self._preview = None
            self._problem = self._no_history = None
            self.file.clear()
            for rows in (self.columns_model, self.classes_model, self.versions_model):
                rows.set_rows([])
            clear(self.rows)
            self.table = None
        if is_other or seen != self._seen:
            self._seen = seen
            self._read_preview()
            self.context.tasks.call(
                "datasets.get", self._take_history, partial(self._history_failed, dataset["id"]),
                self, id=dataset["id"],
            )  # fmt: skip
        self._show()

    def show_progress(self, progress: dict[str, Any]) -> None:
        """Show how far a reading is."""
        if self.dataset and progress.get("task") == f"dataset {self.dataset['id']}":
            done, total = progress.get("done") or 0, progress.get("total") or 0
            text = tr("Reads {done} of {total}", done=size(done), total=size(total))
            self.progress.setText(text)

    def _read_preview(self) -> None:
        if self.dataset is None:
            return
        number, file = self.dataset["id"], self.file.currentText()
        self.context.tasks.call(
            "datasets.preview", partial(self._take, number, file),
            partial(self._failed, number, file), self, id=number, file=file,
        )  # fmt: skip

    def _is_asked(self, number: int, file: str) -> bool:
        """Return whether an answer is about what is chosen now."""
        is_chosen = self.dataset is not None and self.dataset["id"] == number
        return is_chosen and file in ("", self.file.currentText())

    def _take(self, number: int, file: str, preview: dict[str, Any]) -> None:
        if not self._is_asked(number, file):
            return
        self._preview, self._problem = preview, None
        files = preview["files"] if preview["kind"] in model.TABLES else []
        if files != [self.file.itemText(i) for i in range(self.file.count())]:
            self.file.clear()
            self.file.addItems(files)
        self.file.setCurrentText(preview["file"])
        self._fill(preview)
        self._show()

    def _fill(self, preview: dict[str, Any]) -> None:
        self.columns_model.set_rows(preview["columns"])
        self.columns_model.refresh()
        self.classes_model.set_rows(preview["classes"])
        self.images.show_paths(preview["samples"])
        clear(self.rows)
        self.table = None
        if preview["kind"] not in model.TABLES:
            return
        made: list[Column[model.Line]] = [
            Column("", lambda line: Cell(str(line.number), tok="faint", right=True), 60, right=True)
        ]
        for at, one in enumerate(preview["columns"][:COLUMNS_SHOWN]):
            made.append(
                Column(one["name"], lambda line, at=at: Cell(line.values[at], mono=True),  # type: ignore[misc]
                       max(90, min(220, 14 + 9 * len(one["name"]))))
            )  # fmt: skip
        rows: RowModel[model.Line] = RowModel(made, lambda line: line.number)
        rows.set_rows(model.lines_of(preview))
        self.table = Table(rows, row_height=30)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.table.setAccessibleName(tr("First rows"))
        self.rows.addWidget(self.table)

    def _take_history(self, found: dict[str, Any]) -> None:
        if self.dataset is not None and self.dataset["id"] == found["id"]:
            self._no_history = None
            self.versions_model.set_rows(model.version_words(found["history"], found["kind"]))
            self._show()

    def _history_failed(self, number: int, error: Exception) -> None:
        if self.dataset is not None and self.dataset["id"] == number:
            self._no_history = sentence_of(error)
            self.versions_model.set_rows([])
            self._show()

    def _failed(self, number: int, file: str, error: Exception) -> None:
        if not self._is_asked(number, file):
            return
        self._preview, self._problem = None, sentence_of(error)
        self._show()

    # --- showing ---
    def _cells(self, one: dict[str, Any]) -> tuple[Cell, Cell, Cell, Cell]:
        looked = int((self._preview or {}).get("looked_at") or 0)
        return model.column_cells(one, looked)

    def _show(self) -> None:
        chosen = self.tabs.current()
        preview = self._preview
        is_table = preview is not None and preview["kind"] in model.TABLES
        self.file.setVisible(is_table and self.file.count() > 1 and chosen in ("rows", "columns"))
        self.note.setText(
            model.looked_words(preview) if is_table and preview and chosen in ("rows", "columns")
            else ""
        )  # fmt: skip
        self.pages.setCurrentWidget(self._places[self._place(chosen)])

    def _place(self, chosen: str) -> str:
        if chosen == "versions" and self._no_history is not None:
            return self._tell(tr("Its versions could not be read"), self._no_history)
        if chosen in ("versions", "facts"):
            return chosen
        preview = self._preview
        if preview is None and self._problem is not None:
            return self._tell(tr("It cannot be read"), self._problem)
        if preview is None:
            return "waits"
        if preview["kind"] == "images":
            return "images" if chosen == "rows" else "classes"
        if preview["kind"] in model.TABLES and preview["columns"]:
            return chosen
        text = said(preview["notice"]) or tr("{count} files, known by size and hash",
                                       count=len(preview["files"]))  # fmt: skip
        self.empty.set("folder", tr("There is nothing to show as a table"), text)
        return "empty"

    def _tell(self, title: str, words: tuple[str, str]) -> str:
        self.empty.set("circle-alert", title, " ".join(words), "danger")
        return "empty"
