"""The list of projects, and the dialog that makes one."""

from __future__ import annotations

import uuid
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from agent_core.protocol.records import Group, Project
from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import mark, tr
from app.pages.projects.model import ProjectRow, name_problem, rows_of
from app.widgets.buttons import Button, Chip
from app.widgets.cards import TableCard
from app.widgets.cells import Cell
from app.widgets.dialogs import Dialog
from app.widgets.empty_state import EmptyState
from app.widgets.forms import ChoiceField, Form, TextField
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.live_page import LivePage, every
from app.widgets.search_field import SearchField
from app.widgets.shelf_menu import Kept, ShelfMenu
from app.widgets.tables import Column, RowModel, Table
from app.widgets.words import date, plural


class ProjectsPage(LivePage):
    """All projects of the account's groups; double click or Enter opens one."""

    title = mark("Projects")
    watched = frozenset({"project", "run", "group"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.projects: list[Project] = []
        self.groups: list[Group] = []
        new = Button(tr("New project"), "primary", icon="plus", on_click=self.new_project)
        self.top_actions = [new]
        self.build(self._content(), self._nothing())

    def _content(self) -> QWidget:
        self.search = SearchField(tr("Filter projects"))
        self.search.textChanged.connect(lambda _: self._show_rows())
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.search.setFocus)
        self.rows: RowModel[ProjectRow] = RowModel(self._columns(), lambda r: r.project.id)
        self.table = Table(self.rows, row_height=54)
        self.table.setAccessibleName(tr("Projects"))
        self.table.opened.connect(
            lambda one: self.context.navigate("project", project_id=one.project.id)
        )
        self._build_shelf()
        self._foot = Label("", "small", "faint")
        card = TableCard()
        card.add((self.table, 1), row(self._foot, None, margins=(12, 6, 12, 6)))
        whole = QWidget()
        whole.setLayout(column(row(self.search, 4, self.archived, None), (card, 1), gap=16))
        return whole

    def _nothing(self) -> EmptyState:
        return EmptyState(
            "folder-git-2",
            tr("No projects yet"),
            tr("A project gathers the runs of one question. Members of its group see it at once."),
            action=tr("New project"),
            on_action=self.new_project,
        )

    def _columns(self) -> list[Column[ProjectRow]]:
        return [
            Column(tr("Project"), _name_cell, 0, sort=lambda r: r.project.name.lower()),
            Column(
                tr("Group"),
                lambda r: Cell(r.group, kind="icon", icon="network"),
                280,
                sort=lambda r: r.group.lower(),
            ),
            Column(
                tr("Runs"),
                lambda r: Cell(f"{r.project.run_count:,}", weight=600, right=True),
                100,
                right=True,
                sort=lambda r: r.project.run_count,
            ),
            Column(
                tr("Created"),
                lambda r: Cell(date(r.project.created_at), tok="muted"),
                150,
                sort=lambda r: r.project.created_at,
            ),
        ]

    def _build_shelf(self) -> None:
        self.shelf = ShelfMenu(
            self,
            self.table,
            "projects.update",
            "project_id",
            lambda r: Kept(r.project.id, r.project.name, r.project.archived_at is not None),
            self.reload,
            lambda menu, r: menu.addAction(
                tr("Open"), lambda: self.context.navigate("project", project_id=r.project.id)
            ),
        )
        self.archived = Chip(tr("Archived"), 0, on=False)
        self.archived.clicked.connect(lambda _: self._show_rows())

    # --- data ---
    def read(self) -> tuple[list[Project], list[Group]]:
        """Return projects and groups; on a thread."""
        projects = every(self.context, "projects.list", archived="all")
        groups = every(self.context, "groups.list")
        return (
            [Project.model_validate(item) for item in projects],
            [Group.model_validate(item) for item in groups],
        )

    def show_found(self, found: tuple[list[Project], list[Group]]) -> bool:
        """Show the list; selection and scroll stay."""
        self.projects, self.groups = found
        self._show_rows()
        return bool(self.projects)

    def _show_rows(self) -> None:
        away = sum(one.archived_at is not None for one in self.projects)
        self.archived.set_count(away)
        self.archived.setVisible(away > 0)
        if not away:
            self.archived.setChecked(False)
        rows = rows_of(
            self.projects, self.groups, self.search.text(), archived=self.archived.isChecked()
        )
        self.rows.set_rows(rows)
        self._foot.setText(
            tr(
                "{count} of {count2} shown",
                count=len(rows),
                count2=plural(len(self.projects), "project"),
            )
        )

    # --- making one ---
    def new_project(self) -> None:
        """Ask for name and group of a new project."""
        dialog = NewProjectDialog(self, self.context, self.groups, self.projects)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.made.connect(self._on_made)
        dialog.open()

    def _on_made(self, project: Project) -> None:
        self.reload()
        self.context.navigate("project", project_id=project.id)


class NewProjectDialog(Dialog):
    """Name, group and purpose of a project."""

    made = Signal(object)

    def __init__(
        self,
        parent: QWidget,
        context: AppContext,
        groups: list[Group],
        projects: list[Project],
    ) -> None:
        super().__init__(
            parent,
            tr("New project"),
            tr("Its runs, curves and models are seen by all members of its group."),
            icon="folder-git-2",
            tok="accent_text",
        )
        self._context = context
        self._key = uuid.uuid4().hex
        self.group = ChoiceField(tr("Group"), [(group.id, group.name) for group in groups])
        self.name = TextField(
            tr("Name"),
            placeholder=tr("WDBC breast cancer"),
            check=lambda text: name_problem(text, projects, int(self.group.key() or 0)),
        )
        self.description = TextField(tr("What it is for"), placeholder=tr("optional"))
        self.form = Form(self.name, self.description)
        self.body.addLayout(column(self.name, self.group, self.description, gap=14))
        self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self.submit = self.add_button(
            Button(tr("Create project"), "primary", on_click=self._create)
        )
        if not groups:
            self.cost.setText(tr("You are in no group yet. Join or make one first."))
            self.submit.setEnabled(False)
        self.name.edit.returnPressed.connect(self._create)
        self.name.edit.setFocus()

    def _create(self) -> None:
        if not self.form.validate():
            return
        self.submit.setEnabled(False)
        self._context.tasks.call(
            "projects.create",
            self._on_made,
            self._on_failed,
            self,
            name=self.name.value(),
            group_id=int(self.group.key()),
            description=self.description.value(),
            idempotency_key=self._key,
        )

    def _on_made(self, answer: dict[str, Any]) -> None:
        self.accept()
        self.made.emit(Project.model_validate(answer))

    def _on_failed(self, error: Exception) -> None:
        self._key = uuid.uuid4().hex
        self.submit.setEnabled(True)
        self.name.say(sentence_of(error)[0])


def _name_cell(one: ProjectRow) -> Cell:
    return Cell(one.project.name, sub=one.project.description or tr("no description"), weight=600)
