"""A closer look from the preview: a line that a check found, everything that stays out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from agent_core.packages.collect import LeftOut
from agent_core.packages.preview_checks import Check
from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.cards import TableCard
from app.widgets.cells import Cell
from app.widgets.code_view import CodeView
from app.widgets.dialogs import Dialog
from app.widgets.search_field import SearchField
from app.widgets.tables import Column, RowModel, Table
from app.widgets.words import size
from app.wire_words import said


class LineDialog(Dialog):
    """A file that goes in, at the line that a check found."""

    def __init__(self, parent: QWidget, check: Check, text: str) -> None:
        super().__init__(
            parent, said(check.title), f"{check.path}:{check.line}", icon="file-code",
            tok="warn", width=900, height=620,
        )  # fmt: skip
        self.code = CodeView()
        self.code.show_file(check.path, text)
        self.body.addWidget(self.code, 1)
        self.add_button(Button(tr("Close"), on_click=self.accept))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.first_focus = self.code
        self.open()
        self.code.go_to_line(check.line)  # once it has its height, to be in its middle


class LeftOutDialog(Dialog):
    """Everything that stays out, with the reasons, to search in."""

    def __init__(self, parent: QWidget, left_out: Sequence[LeftOut]) -> None:
        super().__init__(
            parent, tr("Left out"), tr("None of this gets into the package."), icon="ban",
            tok="muted", width=760, height=560,
        )  # fmt: skip
        self._left_out = left_out
        self.search = SearchField(tr("Filter paths and reasons"))
        self.search.textChanged.connect(lambda _: self._show())
        columns: list[Column[LeftOut]] = [
            Column(tr("Path"), lambda r: Cell(r.path, mono=True), 0, sort=lambda r: r.path),
            Column(tr("Why"), lambda r: Cell(said(r.reason), tok="muted"), 250,
                   sort=lambda r: r.reason),
            Column(tr("Size"), lambda r: Cell(size(r.size), tok="muted", right=True), 90,
                   right=True, sort=lambda r: r.size or 0),
        ]  # fmt: skip
        self.rows: RowModel[LeftOut] = RowModel(columns, lambda r: r)
        table = Table(self.rows, row_height=34)
        table.setAccessibleName(tr("Left out"))
        card = TableCard()
        card.add((table, 1))
        self.body.addWidget(self.search)
        self.body.addWidget(card, 1)
        self.add_button(Button(tr("Close"), on_click=self.accept))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._show()
        self.open()

    def _show(self) -> None:
        words = self.search.text().lower().split()
        found = [
            one
            for one in self._left_out
            if all(word in f"{one.path} {said(one.reason)}".lower() for word in words)
        ]
        self.rows.set_rows(found)
        self.cost.setText(
            tr("{count} of {total} shown", count=len(found), total=len(self._left_out))
        )
