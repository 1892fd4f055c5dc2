"""A project's page: its figures, and its runs with search, filters and order."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QWidget

from agent_core.protocol.records import Device, Group, Project, Run
from agent_core.protocol.states import State
from app.context import AppContext
from app.i18n import tr, trn
from app.pages.runs import run_actions
from app.pages.runs.compare_model import LIMIT as COMPARED
from app.pages.runs.export_runs import save_runs
from app.pages.runs.list_model import FILTERS, RunList, main_metric
from app.pages.runs.run_table import CHANGING, StatCard, columns
from app.widgets.buttons import Button, Chip
from app.widgets.cards import TableCard
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.live_page import LivePage, every
from app.widgets.opening import open_in_slices
from app.widgets.page import PageCommand
from app.widgets.search_field import SearchField
from app.widgets.tables import Column, RowModel, Table

LIMIT = 200


Found = tuple[Project, Group, list[Run]]


class ProjectPage(LivePage):
    """Show a project's runs; `open(project_id=…)` chooses it."""

    watched = frozenset({"run", "project", "group"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.project: Project | None = None
        self.group: Group | None = None
        self.list = RunList()
        self.ticked: list[int] = []
        self._project_id = 0
        self._drawn: tuple[str, tuple[int, ...]] = ("", ())  # metric and devices in the columns
        self._asks_new = False
        self._new = Button(tr("New run"), "primary", icon="play", on_click=self.new_run)
        self.top_actions = [self._new]
        self._build()
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.New), self)
        shortcut.activated.connect(self.new_run)

    def _build(self) -> None:
        self._stats = [StatCard() for _ in range(4)]
        self.search = SearchField(tr("Filter runs, or type accuracy > 0.95"))
        self.search.textChanged.connect(self._on_search)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.search.setFocus)
        self.chips: dict[str, Chip] = {}
        for key, (text, _) in FILTERS.items():
            chip = self.chips[key] = Chip(tr(text), 0, on=key == "all")
            chip.clicked.connect(partial(self._on_filter, key))
        self.chosen = Label("", "small", "muted")
        self.compare = Button(tr("Compare"), icon="git-compare", on_click=self.compare_runs)
        self.export = Button(tr("Export"), icon="download")
        menu = QMenu(self.export)
        menu.addAction(tr("Points as CSV…"), partial(self._save, "csv"))
        menu.addAction(tr("Points as JSON…"), partial(self._save, "json"))
        self.export.setMenu(menu)
        tools = row(
            self.search, 4, *self.chips.values(), None, self.chosen, self.compare, self.export,
            gap=8,
        )  # fmt: skip
        self._card = TableCard()
        self._make_table()
        self._foot = Label("", "small", "faint")
        self._card.body.addLayout(row(self._foot, None, margins=(12, 6, 12, 6)))
        empty = EmptyState(
            "rocket",
            tr("No runs yet"),
            tr("A run trains an application on the devices you choose. It appears here at once."),
            action=tr("New run"),
            on_action=self.new_run,
        )
        whole = QWidget()
        whole.setLayout(column(row(*self._stats, gap=16), tools, (self._card, 1), gap=16))
        self.build(whole, empty)

    def _make_table(self) -> None:
        self.rows: RowModel[Run] = RowModel(self._columns(), lambda run: run.id)
        self.table = Table(self.rows, row_height=50)
        self.table.setAccessibleName(tr("Runs"))
        self.table.opened.connect(self._open_run)
        self.table.clicked_cell.connect(self._on_cell)
        self.table.pressed_space.connect(self.tick_run)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_menu)
        self._card.body.insertWidget(0, self.table, 1)

    def _columns(self) -> list[Column[Run]]:
        """Return the columns; the result is the metric that the runs report."""
        metric, group = self._drawn
        return columns(metric, group, self._is_ticked)

    # --- data ---
    def open(self, **arguments: Any) -> None:
        """Show a project, and its new-run dialog where that is asked for."""
        self._asks_new = bool(arguments.get("new_run"))
        wanted = int(arguments.get("project_id") or self._project_id)
        if wanted != self._project_id:
            self._project_id, self.project, self.group = wanted, None, None
            self.list = RunList()
            self.ticked = []
            self.rows.set_rows([])
            self.forget()
            self.set_heading("", crumbs=[(tr("Projects"), "projects", {})])
        super().open(**arguments)

    def reload(self) -> None:
        """Read the runs, once a project is chosen."""
        if self._project_id:
            super().reload()

    def read(self) -> Found:
        """Return the project, its group and all its runs; on a thread."""
        context = self.context
        project = Project.model_validate(
            context.client.call("projects.get", project_id=self._project_id)
        )
        group = context.client.call("groups.get", group_id=project.group_id)
        runs = every(context, "runs.list", project_id=project.id, archived="all", limit=LIMIT)
        return project, Group.model_validate(group), [Run.model_validate(one) for one in runs]

    def show_found(self, found: Found) -> bool:
        """Show the runs; selection and scroll stay."""
        project, group, runs = found
        if project.id != self._project_id:  # another project was asked for meanwhile
            self.found = None
            self.reload()
            return True
        self.project, self.group = project, group
        self.list.runs = runs
        self.set_heading(project.name, group.name, [(tr("Projects"), "projects", {})])
        self.refresh()
        if self._asks_new:
            self._asks_new = False
            self.new_run()
        return bool(runs)

    def tick(self) -> None:
        """Show times anew."""
        self.rows.refresh()

    # --- what is shown ---
    def refresh(self) -> None:
        """Show what is known."""
        drawn = (main_metric(self.list.runs), tuple(self.group.devices) if self.group else ())
        if drawn != self._drawn:
            self._drawn = drawn
            fresh = self._columns()
            for at in CHANGING:
                self.rows.set_column(at, fresh[at])
        device = self.context.status().get("device")
        own = Device.model_validate(device).edge_id if device else None
        for card, stat in zip(self._stats, self.list.stats(own), strict=True):
            card.show_stat(stat.name, stat.value, stat.note)
        for key, count in self.list.counts().items():
            self.chips[key].set_count(count)
        self.chips["archived"].setVisible(self.list.counts()["archived"] > 0)
        self._say_chosen()
        self._show_rows()

    def _show_rows(self) -> None:
        shown = self.list.shown()
        self.rows.set_rows(shown)
        total = len(self.list.runs)
        self._foot.setText(tr("{count} of {total} runs shown", count=len(shown), total=total))

    def _on_search(self, text: str) -> None:
        self.list.text = text
        self._show_rows()

    def _on_filter(self, key: str) -> None:
        self.list.filter = key
        for name, chip in self.chips.items():
            chip.setChecked(name == key)
        self._show_rows()

    # --- actions ---
    def _open_run(self, run: Run) -> None:
        self.context.navigate("run", run_id=run.id)

    def _on_menu(self, at: Any) -> None:
        run = self.table.current()
        if run is None:
            return
        menu = QMenu(self)
        menu.addAction(tr("Open"), partial(self._open_run, run))
        tabs = (("curves", tr("Curves")), ("logs", tr("Logs")), ("models", tr("Models")))
        for tab, text in tabs:
            menu.addAction(text, partial(self.context.navigate, "run", run_id=run.id, tab=tab))
        menu.addSeparator()
        ticked = self._is_ticked(run)
        compare = tr("Do not compare") if ticked else tr("Compare")
        menu.addAction(compare, partial(self.tick_run, run))
        menu.addAction(tr("Run again"), partial(self._act, run_actions.run_again, run))
        menu.addAction(tr("Rename…"), partial(self._act, run_actions.rename, run))
        put = tr("Archive") if run.archived_at is None else tr("Take out of the archive")
        action = menu.addAction(put, partial(self._act, run_actions.archive, run))
        action.setEnabled(run_actions.may_archive(run))
        menu.exec(self.table.viewport().mapToGlobal(at))
        menu.deleteLater()

    def _act(self, what: Any, run: Run) -> None:
        what(self.context, self, run, lambda _: self.reload())

    # --- comparing ---
    def _is_ticked(self, run: Run) -> bool:
        return run.id in self.ticked

    def _on_cell(self, run: Run, place: int) -> None:
        if place == 0:
            self.tick_run(run)

    def tick_run(self, run: Run) -> None:
        """Choose a run for comparing and exporting, or let it go; eight at most."""
        if run.id in self.ticked:
            self.ticked.remove(run.id)
        elif len(self.ticked) < COMPARED:
            self.ticked.append(run.id)
        else:
            self.context.notify(tr("Up to {count} runs are compared at once", count=COMPARED))
        self.rows.refresh()
        self._say_chosen()

    def _say_chosen(self) -> None:
        known = {run.id for run in self.list.runs}
        self.ticked = [one for one in self.ticked if one in known]
        count = len(self.ticked)
        self.chosen.setText(trn("{count} selected", "{count} selected", count) if count else "")
        self.compare.setEnabled(count > 1)
        tip = tr("Tick two runs or more, with the mouse or the space bar")
        self.compare.setToolTip("" if count > 1 else tip)

    def compare_runs(self) -> None:
        """Show the ticked runs beside each other."""
        if len(self.ticked) > 1:
            self.context.navigate("compare", run_ids=list(self.ticked))

    def _save(self, kind: str) -> None:
        """Save the ticked runs, or all that are shown."""
        chosen = [run for run in self.list.runs if run.id in self.ticked] or self.list.shown()
        if chosen:
            save_runs(self, self.context, chosen, kind)

    def commands(self) -> list[PageCommand]:
        """Offer a new run in the palette."""
        new = tr("New run in this project…")
        return [PageCommand("runs.new", new, "play", self.new_run, "Ctrl+N")]

    def new_run(self) -> None:
        """Ask what should run, and start it."""
        from app.pages.runs.new_run import NewRunDialog

        if self.project is None or self.group is None or not self.isVisible():
            return
        project, group, runs = self.project, self.group, self.list.runs
        open_in_slices(
            self,
            lambda: NewRunDialog(self, self.context, project, group, runs),
            lambda dialog: dialog.made.connect(self._open_made),
        )

    def _open_made(self, run: Run) -> None:
        self.reload()
        if run.state != State.IDLE:
            self.context.navigate("run", run_id=run.id)
