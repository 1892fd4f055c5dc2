"""The menu of a list whose rows are renamed and put away, with undo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu

from app.context import AppContext
from app.i18n import tr
from app.widgets.name_dialog import NameDialog
from app.widgets.page import Page
from app.widgets.tables import Table


class Kept(NamedTuple):
    """What the menu needs of a row."""

    number: int
    name: str
    is_archived: bool


class ShelfMenu(QObject):
    """Rename and archive the rows of a table."""

    def __init__(
        self,
        page: Page,
        table: Table,
        method: str,
        key: str,
        kept: Callable[[Any], Kept],
        changed: Callable[[], object],
        actions: Callable[[QMenu, Any], object] = lambda _menu, _row: None,
    ) -> None:
        super().__init__(page)
        self._page, self._table = page, table
        self._context: AppContext = page.context
        self._method, self._key = method, key
        self._kept, self._changed, self._actions = kept, changed, actions
        self.dialog: NameDialog | None = None
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._show)

    def _show(self, at: QPoint) -> None:
        row = self._table.current()
        if row is None:
            return
        menu = self.menu_of(row)
        menu.exec(self._table.viewport().mapToGlobal(at))
        menu.deleteLater()

    def menu_of(self, row: Any) -> QMenu:
        """Return the menu of a row."""
        menu = QMenu(self._page)
        self._actions(menu, row)
        kept = self._kept(row)
        menu.addAction(tr("Rename…"), partial(self.rename, kept))
        put = tr("Take out of the archive") if kept.is_archived else tr("Archive")
        menu.addAction(put, partial(self.archive, kept, not kept.is_archived))
        return menu

    def rename(self, kept: Kept) -> None:
        """Ask for another name."""
        title = tr("Rename {name}", name=kept.name)
        self.dialog = NameDialog(
            self._page, title, kept.name, lambda name: self._send(kept, name=name)
        )
        self.dialog.open()

    def archive(self, kept: Kept, on: bool) -> None:
        """Put a row away, to be undone for 10 seconds, or take it out again."""

        def told() -> None:
            if on:
                self._context.notify(
                    tr("{name} archived", name=kept.name),
                    tr("Nothing is deleted. It stands under Archived."),
                    action=tr("Undo"),
                    on_action=partial(self.archive, kept, False),
                )

        self._send(kept, then=told, archived=on)

    def _send(self, kept: Kept, then: Callable[[], object] = lambda: None, **fields: Any) -> None:
        def done(_: object) -> None:
            self._changed()
            then()

        given = {self._key: kept.number, **fields}
        self._context.tasks.call(self._method, done, parent=self._page, **given)
