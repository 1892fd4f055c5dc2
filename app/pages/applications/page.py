"""The applications of the account's groups, and the chosen one's packages beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from agent_core.keys import fingerprint_words
from agent_core.protocol.records import Application, Group, PackageInfo
from app.context import AppContext
from app.i18n import mark, tr
from app.pages.applications.upload import UploadDialog
from app.widgets.buttons import Button, Chip
from app.widgets.cards import Card, TableCard
from app.widgets.cells import Cell
from app.widgets.empty_state import EmptyState
from app.widgets.key_value import KeyValue
from app.widgets.labels import Icon, Label
from app.widgets.layouts import clear, column, row, rule, scrolled
from app.widgets.live_page import LivePage, every
from app.widgets.search_field import SearchField
from app.widgets.shelf_menu import Kept, ShelfMenu
from app.widgets.tables import Column, RowModel, Table
from app.widgets.words import date, plural, size

Found = tuple[list[Application], list[Group], dict[str, str]]


class ApplicationsPage(LivePage):
    """List applications; packages are uploaded in a dialog."""

    title = mark("Applications")
    watched = frozenset({"application", "group"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.applications: list[Application] = []
        self.groups: list[Group] = []
        self._words: dict[str, str] = {}
        self._versions: dict[int, tuple[int, int]] = {}
        self._wanted: list[Path] = []
        upload = Button(tr("Upload package…"), "primary", icon="upload", on_click=self.upload)
        self.top_actions = [upload]
        self.build(self._content(), self._nothing())

    def _content(self) -> QWidget:
        self.rows: RowModel[Application] = RowModel(self._columns(), lambda a: a.id)
        self.table = Table(self.rows, row_height=54)
        self.table.setAccessibleName(tr("Applications"))
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_detail())
        self._build_shelf()
        self._foot = Label("", "small", "faint")
        card = TableCard()
        card.add((self.table, 1), row(self._foot, None, margins=(12, 6, 12, 6)))
        self.detail = Detail()
        whole = QWidget()
        tools = row(self.search, 4, self.archived, None)
        whole.setLayout(column(tools, (row((card, 1), self.detail, gap=16), 1), gap=16))
        return whole

    def _nothing(self) -> EmptyState:
        return EmptyState(
            "package",
            tr("No applications yet"),
            tr("Build a package from a source folder, then upload it here for your group."),
            action=tr("Upload package…"),
            on_action=self.upload,
        )

    def _print_cell(self, one: Application) -> Cell:
        words = [self._words.get(p.content_digest, "") for p in one.packages]
        first = words[0] if words else ""
        return Cell(first, sub=words[1] if len(words) > 1 else "", tok="muted", px=12)

    def _show_rows(self) -> None:
        """Show the applications that fit, or those put away."""
        away = sum(one.archived_at is not None for one in self.applications)
        self.archived.set_count(away)
        self.archived.setVisible(away > 0)
        wanted = self.archived.isChecked() and away > 0
        words = self.search.text().lower().split()
        found = [
            one
            for one in sorted(self.applications, key=lambda one: -one.created_at)
            if (one.archived_at is not None) == wanted
            and all(word in f"{one.name} {one.note} {one.created_by}".lower() for word in words)
        ]
        self._versions = versions_of(self.applications)
        self.rows.set_rows(found)
        self.rows.refresh()
        self._foot.setText(plural(len(found), "application"))
        if self.table.current() is None and found:
            self.table.selectRow(0)

    def _name_cell(self, one: Application) -> Cell:
        engines = ", ".join(sorted({package.engine for package in one.packages}))
        sub = one.note or tr("{engines} engine", engines=engines)
        number, of = self._versions.get(one.id, (1, 1))
        if of > 1:
            version = tr("version {number} of {count}", number=number, count=of)
            sub = f"{version} · {sub}"
        return Cell(one.name, sub=sub, weight=600)

    def _columns(self) -> list[Column[Application]]:
        return [
            Column(tr("Application"), self._name_cell, 0, sort=lambda a: a.name.lower()),
            Column(
                tr("Packages"),
                lambda a: Cell(
                    kind="tags",
                    items=tuple(
                        (one.type, "info" if one.type == "flower" else "gray") for one in a.packages
                    ),
                ),
                150,
            ),
            Column(tr("Fingerprint"), self._print_cell, 230),
            Column(
                tr("Size"),
                lambda a: Cell(size(sum(p.size for p in a.packages)), tok="muted", right=True),
                90,
                right=True,
                sort=lambda a: sum(p.size for p in a.packages),
            ),
            Column(
                tr("Added"),
                lambda a: Cell(date(a.created_at), tok="muted", sub=a.created_by),
                140,
                sort=lambda a: a.created_at,
            ),
        ]

    def _build_shelf(self) -> None:
        self.shelf = ShelfMenu(
            self,
            self.table,
            "applications.update",
            "application_id",
            lambda one: Kept(one.id, one.name, one.archived_at is not None),
            self.reload,
        )
        self.archived = Chip(tr("Archived"), 0, on=False)
        self.archived.clicked.connect(lambda _: self._show_rows())
        self.search = SearchField(tr("Filter applications"))
        self.search.textChanged.connect(lambda _: self._show_rows())

    # --- data ---
    def open(self, **arguments: Any) -> None:
        """Show the list; `upload` names package files to offer for upload."""
        given = arguments.get("upload")
        if given:
            self._wanted = [Path(one) for one in ([given] if isinstance(given, str) else given)]
        super().open(**arguments)

    def read(self) -> Found:
        """Return applications, groups and the words of all fingerprints; on a thread."""
        applications = [
            Application.model_validate(item)
            for item in every(self.context, "applications.list", archived="all")
        ]
        groups = [Group.model_validate(item) for item in every(self.context, "groups.list")]
        words = {
            package.content_digest: fingerprint_words(package.content_digest)
            for one in applications
            for package in one.packages
        }
        return applications, groups, words

    def show_found(self, found: Found) -> bool:
        """Show the list; selection and scroll stay."""
        self.applications, self.groups, self._words = found
        self._show_rows()
        self._show_detail()
        if self._wanted:
            wanted, self._wanted = self._wanted, []
            self.upload(wanted)
        return bool(self.applications)

    def _show_detail(self) -> None:
        chosen: Application | None = self.table.current()
        groups = {group.id: group.name for group in self.groups}
        self.detail.setVisible(chosen is not None)
        if chosen is not None:
            self.detail.show_application(chosen, groups.get(chosen.group_id, ""), self._words)

    def upload(self, paths: list[Path] | None = None) -> None:
        """Ask which package files should become an application."""
        dialog = UploadDialog(self, self.context, self.groups, paths or [])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.made.connect(self._on_made)
        dialog.open()

    def _on_made(self, application: Application) -> None:
        self.context.notify(tr("{name} is ready to run", name=application.name), kind="ok")
        self.reload()


class Detail(Card):
    """An application's packages: what they are, who built them, how to recognise them."""

    def __init__(self) -> None:
        super().__init__(tr("Application"))
        self.setFixedWidth(360)
        self._shown: object = None
        inner = QWidget()
        self._parts = column(gap=12, margins=(0, 0, 6, 0))
        inner.setLayout(self._parts)
        self.add((scrolled(inner), 1))

    def show_application(self, one: Application, group: str, words: dict[str, str]) -> None:
        """Show an application."""
        if self._shown == (one, group):
            return
        self._shown = (one, group)
        self.title.setText(one.name)
        self.note.setText("")
        clear(self._parts)
        facts = KeyValue(
            [(tr("Group"), group), (tr("Added by"), one.created_by or "–")], key_width=88
        )
        if one.note:
            facts.set(tr("Note"), one.note)
        self._parts.addWidget(facts)
        for package in one.packages:
            self._parts.addWidget(rule())
            self._add_package(package, words.get(package.content_digest, ""))
        self._parts.addStretch(1)

    def _add_package(self, package: PackageInfo, words: str) -> None:
        signed = tr("signed") if package.signed else tr("not signed")
        token = "ok" if package.signed else "warn"
        self._parts.addLayout(
            row(
                Icon("package", "muted", 16),
                Label(f"{package.name} ({package.type})", "strong"),
                None,
                Icon("shield-check" if package.signed else "shield-alert", token, 14),
                Label(signed, "small", token),
                gap=8,
            )
        )
        self._parts.addLayout(
            row(Icon("fingerprint", "accent_text", 16), Label(words, "medium"), None, gap=8)
        )
        facts = KeyValue(
            [
                (tr("Content"), package.content_digest),
                (tr("Engine"), package.engine),
                (tr("Size"), size(package.size)),
                (tr("Builder"), package.builder_key or "–"),
                (tr("Needs"), ", ".join(map(str, package.manifest.get("requirements", []))) or "–"),
                (
                    tr("Uploaded"),
                    tr(
                        "{date} by {uploaded_by}",
                        date=date(package.uploaded_at),
                        uploaded_by=package.uploaded_by or "–",
                    ),
                ),
            ],
            key_width=88,
            mono=(tr("Content"), tr("Builder")),
        )
        self._parts.addWidget(facts)


def versions_of(applications: Sequence[Application]) -> dict[int, tuple[int, int]]:
    """Return which of how many versions each one is: those of one name in one group."""
    named: dict[tuple[int, str], list[int]] = {}
    for one in sorted(applications, key=lambda one: one.created_at):
        named.setdefault((one.group_id, one.name.casefold()), []).append(one.id)
    return {
        number: (place, len(numbers))
        for numbers in named.values()
        for place, number in enumerate(numbers, 1)
    }
