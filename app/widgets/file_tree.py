"""The files of a package as a tree with sizes and marks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

from app.i18n import tr
from app.widgets.theme import theme
from app.widgets.words import size

_PATH = int(Qt.ItemDataRole.UserRole)
_ICON = _PATH + 1
_TOKEN = _PATH + 2


def icon_of(path: str) -> str:
    """Return the icon of a file by its ending."""
    ending = path.rsplit(".", 1)[-1].lower()
    if ending == "py":
        return "file-code"
    if ending in {"yaml", "yml", "toml", "json", "cfg", "ini"}:
        return "file-cog"
    return "file-lock" if ending == "sig" else "file-text"


class FileTree(QTreeWidget):
    """Folders and files; `chosen` carries the path of a file."""

    chosen = Signal(str)

    def __init__(
        self,
        files: Sequence[dict[str, Any]] = (),
        changed: Collection[str] = (),
        marks: dict[str, tuple[str, str]] | None = None,
    ) -> None:
        super().__init__()
        self.setColumnCount(3)
        self.setHeaderHidden(True)
        self.setIndentation(16)
        self.setRootIsDecorated(False)
        self.setItemsExpandable(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFont(theme().font(400, 12, mono=True))
        self.setUniformRowHeights(True)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self._files: dict[str, QTreeWidgetItem] = {}
        self.currentItemChanged.connect(self._choose)
        theme().changed.connect(self._retint)
        self.show_files(files, changed, marks)

    def show_files(
        self,
        files: Sequence[dict[str, Any]],
        changed: Collection[str] = (),
        marks: dict[str, tuple[str, str]] | None = None,
    ) -> None:
        """Show files (path, size); marks are a word and its colour by path."""
        self.clear()
        self._files = {}
        top: list[QTreeWidgetItem] = []
        folders: dict[str, QTreeWidgetItem] = {}
        for file in sorted(files, key=lambda one: _order(str(one["path"]))):
            path = str(file["path"])
            parent = self._folder(path.rpartition("/")[0], folders, top)
            item = QTreeWidgetItem([path.rpartition("/")[2], size(file.get("size")), ""])
            item.setData(0, _PATH, path)
            item.setData(0, _ICON, icon_of(path))
            word, tok = (marks or {}).get(path, ("", "faint"))
            if path in changed:
                word, tok = tr("changed"), "warn"
            item.setText(2, word)
            item.setData(2, _TOKEN, tok)
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setToolTip(0, path)
            self._files[path] = item
            (parent.addChild if parent else top.append)(item)
        self._tint(top)  # a tree measures its columns with each change of an item that is in it
        self.addTopLevelItems(top)
        self.expandAll()

    def select_first(self) -> None:
        """Choose the first changed file, else the first Python file, else the first."""
        items = self._files
        for wanted in (
            [path for path, item in items.items() if item.data(2, _TOKEN) == "warn"],
            [path for path in items if path.endswith(".py") and not path.endswith("__init__.py")],
            [path for path in items if path.endswith(".py") and items[path].text(1) != "0 B"],
            list(items),
        ):
            if wanted:
                self.setCurrentItem(items[wanted[0]])
                return

    def _folder(
        self, path: str, known: dict[str, QTreeWidgetItem], top: list[QTreeWidgetItem]
    ) -> QTreeWidgetItem | None:
        if not path:
            return None
        if path not in known:
            above, _, name = path.rpartition("/")
            item = QTreeWidgetItem([name])
            item.setData(0, _ICON, "folder")
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            parent = self._folder(above, known, top)
            (parent.addChild if parent else top.append)(item)
            known[path] = item
        return known[path]

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        path = item.data(0, _PATH) if item is not None else None
        if path:
            self.chosen.emit(path)

    def _retint(self) -> None:
        items = (self.topLevelItem(i) for i in range(self.topLevelItemCount()))
        self._tint([item for item in items if item is not None])

    def _tint(self, top: Sequence[QTreeWidgetItem]) -> None:
        faint = QBrush(theme().color("faint"))
        stack = list(top)
        while stack:
            item = stack.pop()
            icon = item.data(0, _ICON)
            folder = icon == "folder"
            item.setIcon(0, theme().icon(icon, "accent_text" if folder else "muted"))
            item.setForeground(0, QBrush(theme().color("text")))
            item.setForeground(1, faint)
            item.setForeground(2, QBrush(theme().color(item.data(2, _TOKEN) or "faint")))
            for column in (1, 2):
                item.setFont(column, theme().font(400, 11))
            below = (item.child(i) for i in range(item.childCount()))
            stack += [one for one in below if one is not None]


def _order(path: str) -> list[tuple[int, str]]:
    parts = path.split("/")
    return [(1 if i == len(parts) - 1 else 0, part.lower()) for i, part in enumerate(parts)]
