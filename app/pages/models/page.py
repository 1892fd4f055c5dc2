"""The models of all runs: found, compared, tried, served, saved and deleted."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QMenu, QWidget

from agent_core.protocol.records_models import ModelEntry
from app.bridge.newest import Newest, is_pushed_out
from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import mark, tr, trn
from app.pages.models.columns import NARROW, make_columns
from app.pages.models.delete_dialog import DeleteDialog
from app.pages.models.model import RegistryRow, deletable, marks_of, rows_of
from app.pages.models.reading import (
    LOADED,
    Asked,
    Found,
    find_model,
    look_for,
    name_of,
    read_newest,
    read_older,
    rounds_of,
)
from app.told import Told
from app.widgets.bars import Skeleton
from app.widgets.buttons import Button
from app.widgets.cards import TableCard
from app.widgets.empty_state import EmptyState
from app.widgets.forms import ChoiceField
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.model_panel import ModelPanel
from app.widgets.page import Page
from app.widgets.page_stack import PageStack
from app.widgets.search_field import SearchField
from app.widgets.switches import Segmented
from app.widgets.tables import RowModel, Table
from app.widgets.words import age

SKELETON_MS = 300
AGES_MS = 10_000
NARROW_PX = 1140
DELETED_AT_ONCE = 1000  # named in one call
LOOK_MS = 250  # after the last key: then the hub is asked, where not all are read


class ModelsPage(Page):
    """List models by run; the chosen one stands beside the list."""

    title = mark("Models")

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._known: Newest[ModelEntry] | None = None
        self._count = LOADED  # so many are read, more once older ones were asked for
        self._kept: list[ModelEntry] = []  # the chosen one, once it is not among the newest
        self._hits: list[ModelEntry] = []  # what the hub found among those that are not read
        self._asked = Asked()  # what these were found for
        self._is_old = False  # what is known may not hold any more: it is all read again
        self._gone: set[tuple[int, int]] = set()  # deleted from here
        self._projects: dict[int, str] = {}
        self._servings = Told("id")
        self._read_at = 0.0
        self._failure = ""
        self._places_in: dict[int, list[int]] = {}  # of each group's devices
        self._busy = self._again = self._is_read = self._wants_older = False
        self._wanted: tuple[int, int] | None = None
        self._build()
        context.events.changed.connect(self._on_changed)
        context.events.connected.connect(self._on_connected)
        context.events.serving.connect(self._on_serving)
        self._patience = QTimer(self, singleShot=True, interval=SKELETON_MS)
        self._patience.timeout.connect(self._show_skeleton)
        self._look = QTimer(self, singleShot=True, interval=LOOK_MS)
        self._look.timeout.connect(self._look_for)
        self._ages = QTimer(self, interval=AGES_MS)
        self._ages.timeout.connect(self._on_ages)

    def _build(self) -> None:
        self.search = SearchField(tr("Search models"), 240)
        self.search.textChanged.connect(lambda _: self._on_filter())
        self.marks = Segmented(
            [("all", tr("All")), ("best", tr("Best of each run")), ("newest", tr("Newest"))]
        )
        self.marks.chosen.connect(lambda _: self._on_filter())
        self.project = ChoiceField(tr("Project"), [(0, tr("All projects"))])
        self.project.combo.setMinimumWidth(170)
        self.project.changed.connect(self._on_filter)
        self.rows: RowModel[RegistryRow] = RowModel(make_columns(), lambda r: r.name)
        self.table = Table(self.rows, row_height=50)
        self.table.setAccessibleName(tr("Models"))
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_chosen())
        self.table.opened.connect(lambda _: self._save())
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_menu)
        self._foot = Label("", "small", "faint")
        self.older = Button(tr("Read older ones"), "link", on_click=self._read_older)
        self.older.hide()
        card = TableCard()
        card.add((self.table, 1), row(self._foot, None, self.older, margins=(12, 6, 12, 6)))
        filters = row(self.search, self.marks, self.project.combo, None, gap=8)
        left = column(filters, (card, 1), gap=12)
        self.panel = ModelPanel(self.context)
        whole = QWidget()
        whole.setLayout(row((left, 1), self.panel, gap=16))
        self._nothing = QWidget()
        skeleton = QWidget()
        skeleton.setLayout(column(Skeleton(6), None))
        self._error = EmptyState(
            "circle-alert", "", action=tr("Try again"), on_action=self._retry, tok="danger"
        )
        self._places = {
            "blank": self._nothing,
            "skeleton": skeleton,
            "error": self._error,
            "empty": EmptyState(
                "boxes",
                tr("No models yet"),
                tr("Every round that a run closes leaves one. Start a run to make the first."),
                action=tr("Projects"),
                on_action=lambda: self.context.navigate("projects"),
            ),
            "list": whole,
        }
        self._states = PageStack()
        for widget in self._places.values():
            self._states.addWidget(widget)
        self.setLayout(column(self._states, margins=(24, 20, 24, 20)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < NARROW_PX
        self.search.setFixedWidth(150 if is_narrow else 240)
        for place in NARROW:
            self.table.setColumnHidden(place, is_narrow)

    # --- data ---
    def open(self, **arguments: Any) -> None:
        """Show the list; `run_id` and `round` choose a model."""
        if "run_id" in arguments:
            self._wanted = (int(arguments["run_id"]), int(arguments.get("round", 0)))
        if not self._is_read:
            self._patience.start()
        self._ages.start()
        self._is_old = True  # names may have changed while nobody looked
        self.reload()

    def left(self) -> None:
        """Stop counting ages while nobody looks."""
        self._ages.stop()

    def reload(self) -> None:
        """Read the models; asking again meanwhile reads once more afterwards."""
        if self._busy:
            self._again = True
            return
        self._busy, self._again = True, False
        self._read_servings()
        known = None if self._is_old else self._known
        work = partial(read_newest, self.context, known, self._count)
        self._is_old = False
        self.context.tasks.run(work, self._on_read, self._on_failed, self)

    def _on_read(self, found: Found) -> None:
        self._busy, self._is_read = False, True
        self._read_at, self._failure = time.time(), ""
        self._known, self._places_in = found.known, found.places
        self._projects = found.projects or self._projects
        self._keep_chosen()
        self._show_models()
        if not self._known.cursor:
            self._hits = []
        elif not self._asked.is_all:
            self._look.start()
        if self._wants_older:
            self._read_older()
        elif self._again:
            self.reload()

    def _keep_chosen(self) -> None:
        """Let a person go on with a model while newer ones push it out of what is read."""
        chosen, known, self._kept = self._chosen(), self._known, []
        if chosen is not None and known is not None and is_pushed_out(chosen.name, known, name_of):
            self._kept = [chosen.model]

    def _read_older(self) -> None:
        self._wants_older = self._busy  # then it follows what is being read
        if self._busy or self._known is None:
            return
        self._busy = True
        self._count = len(self._known.items) + LOADED
        work = partial(read_older, self.context, self._known)
        self.context.tasks.run(work, self._on_older, self._on_failed, self)

    def _on_older(self, found: Found) -> None:
        self._busy = False
        self._known, self._places_in = found.known, found.places
        self._show_models()
        if self._again:
            self.reload()

    @property
    def models(self) -> list[ModelEntry]:
        """Return the models that are read, the newest run and round first."""
        found = {name_of(one): one for one in (*self._kept, *self._hits, *self._newest())}
        return [found[name] for name in sorted(found, reverse=True) if name not in self._gone]

    def _newest(self) -> list[ModelEntry]:
        return self._known.items if self._known is not None else []

    # --- what is looked for ---
    def _filter(self) -> Asked:
        project = int(self.project.key() or 0)
        return Asked(project, self.search.text().strip(), self.marks.current())

    def _on_filter(self) -> None:
        self._fill()
        if self._known is not None and self._known.cursor:
            self._look.start()

    def _look_for(self) -> None:
        """Ask the hub for what was not read."""
        asked = self._filter()
        if asked.is_all:
            self._on_hits(asked, [])
            return
        work = partial(look_for, self.context, asked)
        self.context.tasks.run(work, partial(self._on_hits, asked), self._on_look_failed, self)

    def _on_hits(self, asked: Asked, hits: list[ModelEntry]) -> None:
        if asked == self._filter():
            self._asked, self._hits = asked, hits
            self._fill()

    def _show_models(self) -> None:
        self._states.setCurrentWidget(self._places["list" if self._newest() else "empty"])
        read = {one.project_id: one.project_name for one in self._newest()}
        projects = {**self._projects, **read}
        choices = [(0, tr("All projects")), *sorted(projects.items(), key=lambda one: one[1])]
        self.project.set_choices(choices)
        self.older.setVisible(self._known is not None and bool(self._known.cursor))
        self._fill()

    def _fill(self) -> None:
        asked = self._filter()
        models = [one for one in self.models if asked.project in (0, one.project_id)]
        shown = rows_of(models, asked.mark, asked.text, self._places_in, self._served())
        self.rows.set_rows(shown)
        self._tell_foot()
        wanted, self._wanted = self._wanted, None
        at = self.rows.find(wanted) if wanted else -1
        if wanted and at < 0 and self._known is not None and self._known.cursor:
            self._find(wanted)
        elif at >= 0 or (self.table.current() is None and shown):
            self.table.selectRow(max(at, 0))
        self._show_chosen()

    def _find(self, wanted: tuple[int, int]) -> None:
        """Show a model that somebody asked for and that was not read."""

        def found(models: list[ModelEntry]) -> None:
            self._kept = models
            self._fill()
            if (at := self.rows.find(wanted)) >= 0:
                self.table.selectRow(at)

        work = partial(find_model, self.context, *wanted)
        self.context.tasks.run(work, found, self._on_look_failed, self)

    def _on_look_failed(self, error: Exception) -> None:
        self._failure, _ = sentence_of(error)
        self._tell_foot()

    def _on_failed(self, error: Exception) -> None:
        self._busy, self._is_old = False, True
        if self._again:
            self.reload()
            return
        title, text = sentence_of(error)
        if not self._newest():
            self._error.set("circle-alert", title, text, "danger")
            self._states.setCurrentWidget(self._error)
        else:
            self._failure = title
            self._tell_foot()

    def _tell_foot(self) -> None:
        """Say how many are shown, and how old that is where it could not be read again."""
        shown = len(self.rows.rows)
        total = self._known.total if self._known is not None else 0
        if self._failure:
            since = age(self._read_at)
            text = tr("{error} Shown is what was read {age} ago.", error=self._failure, age=since)
        elif shown != total:
            text = tr("{shown} of {total} models", shown=shown, total=total)
        else:
            text = trn("{count} model", "{count} models", shown)
        self._foot.setText(text)

    def _on_ages(self) -> None:
        self.rows.refresh()
        if self._failure:
            self._tell_foot()

    # --- what is served ---
    def _read_servings(self) -> None:
        self._servings.ask()
        self.context.tasks.call("serving.list", self._on_servings, lambda _: None, self)

    def _on_servings(self, found: list[dict[str, Any]]) -> None:
        before = self._served()
        self._servings.take(found)
        if self._served() != before:
            self._fill()

    def _on_serving(self, one: dict[str, Any]) -> None:
        before = self._served()
        self._servings.tell(one)
        if self._served() != before:
            self._fill()

    def _served(self) -> set[tuple[int, int]]:
        return {
            (int(one["run_id"]), int(one["round"]))
            for one in self._servings.values()
            if one["state"] == "serving"
        }

    def _retry(self) -> None:
        self._states.setCurrentWidget(self._places["skeleton"])
        self.reload()

    def _show_skeleton(self) -> None:
        if self._states.currentWidget() is self._nothing:
            self._states.setCurrentWidget(self._places["skeleton"])

    def _on_changed(self, what: str, _number: object, _change: int) -> None:
        if what in {"models", "group"} and self.isVisible():
            self.reload()

    def _on_connected(self, is_connected: bool) -> None:
        if is_connected and self.isVisible():
            self.reload()

    # --- the chosen one ---
    def _chosen(self) -> RegistryRow | None:
        chosen: RegistryRow | None = self.table.current()
        return chosen

    def _show_chosen(self) -> None:
        chosen = self._chosen()
        self.panel.setVisible(chosen is not None)
        if chosen is not None:
            one = chosen.model
            self.panel.show_model(one.run_id, one.round, one.sha256, marks_of(one))

    def _on_menu(self, at: QPoint) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        one = chosen.model
        menu = QMenu(self)
        menu.addAction(tr("Save…"), self._save)
        menu.addAction(tr("Export as TorchScript…"), self._export)
        menu.addAction(tr("Copy SHA-256"), lambda: QGuiApplication.clipboard().setText(one.sha256))
        menu.addAction(tr("Open the run"), lambda: self.context.navigate("run", run_id=one.run_id))
        menu.addSeparator()
        me = int((self.context.status().get("account") or {}).get("id") or 0)
        mine = deletable([one], me)
        menu.addAction(tr("Delete…"), lambda: self.ask_delete(mine)).setEnabled(bool(mine))
        menu.addAction(
            tr("Delete all models of run {id}…", id=one.run_id),
            lambda: self._ask_delete_all(one.run_id, me),
        ).setEnabled(bool(mine))
        menu.exec(self.table.viewport().mapToGlobal(at))
        menu.deleteLater()

    def _save(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.panel.handling.save(*chosen.name)

    def _export(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.panel.handling.export(*chosen.name)

    def ask_delete(self, rounds: dict[int, list[int]]) -> DeleteDialog:
        """Ask, then delete models of one's own runs."""
        dialog = DeleteDialog(self, rounds, lambda: self._delete(rounds))
        dialog.open()
        return dialog

    def _ask_delete_all(self, run_id: int, me: int) -> None:
        """Ask about all models of a run, also those that are not read yet."""
        work = partial(rounds_of, self.context, run_id)

        def ask(models: list[ModelEntry]) -> None:
            if found := deletable(models, me):
                self.ask_delete(found)

        self.context.tasks.run(work, ask, parent=self)

    def _delete(self, rounds: dict[int, list[int]]) -> None:
        for run_id, numbers in rounds.items():
            for first in range(0, len(numbers), DELETED_AT_ONCE):
                some = numbers[first : first + DELETED_AT_ONCE]
                self.context.tasks.call(
                    "models.delete", self._on_deleted, parent=self,
                    run_id=run_id, rounds=",".join(str(number) for number in some),
                )  # fmt: skip

    def _on_deleted(self, answer: dict[str, Any]) -> None:
        run_id, gone = int(answer["run_id"]), len(answer["rounds"])
        self._gone |= {(run_id, int(number)) for number in answer["rounds"]}
        self._is_old = True
        self.context.notify(trn("{count} model deleted", "{count} models deleted", gone), kind="ok")
        self.reload()
