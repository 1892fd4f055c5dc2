"""The list of the palette: sections and lines, walked by keys from the search line."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.i18n import tr
from app.shell.commands import Command
from app.shell.key_hint import HEIGHT, draw_key, key_width
from app.widgets.painting import draw_round, draw_text, text_width
from app.widgets.theme import theme

Index = QModelIndex | QPersistentModelIndex
LINE, CAPTION = 38, 30
COMMAND = Qt.ItemDataRole.UserRole + 1


class PaletteModel(QAbstractListModel):
    """Captions (texts) and commands, in the order they are shown."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str | Command] = []

    def show_lines(self, lines: list[str | Command]) -> None:
        """Show other lines."""
        self.beginResetModel()
        self.lines = lines
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.lines)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line = self.lines[index.row()]
        if role == COMMAND:
            return line
        if role == Qt.ItemDataRole.DisplayRole:
            return line if isinstance(line, str) else line.text
        if role == Qt.ItemDataRole.AccessibleTextRole and isinstance(line, Command):
            return ", ".join(part for part in (line.text, line.note, line.keys) if part)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if isinstance(self.lines[index.row()], str):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class PaletteDelegate(QStyledItemDelegate):
    """Draw a caption, or a command with icon, note and keys."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, CAPTION if isinstance(index.data(COMMAND), str) else LINE)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line = index.data(COMMAND)
        rect = QRectF(option.rect)
        painter.save()
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if isinstance(line, str):
                font, color = theme().type_font("overline"), theme().color("faint")
                draw_text(painter, rect.adjusted(14, 6, -14, 0), line, font, color)
            else:
                state = option.state
                self._line(painter, rect, line, bool(state & QStyle.StateFlag.State_Selected))
        finally:
            painter.restore()

    def _line(self, painter: QPainter, rect: QRectF, one: Command, chosen: bool) -> None:
        look = theme()
        if chosen:
            draw_round(painter, rect.adjusted(6, 1, -6, -1), 6, look.color("selected"))
        ratio = painter.device().devicePixelRatio()
        icon = look.pixmap(one.icon, "accent_text" if chosen else "muted", 16, ratio)
        painter.drawPixmap(rect.topLeft() + QRectF(16, 11, 0, 0).topLeft(), icon)
        right = rect.right() - 16
        if one.keys:
            width = key_width(one.keys)
            top = rect.top() + (LINE - HEIGHT) / 2
            draw_key(painter, QRectF(right - width, top, width, HEIGHT), one.keys)
            right -= width + 12
        font = look.font(500, 13)
        left = rect.left() + 44
        room = right - left
        width = min(text_width(one.text, font) + 2, room)
        draw_text(painter, QRectF(left, rect.top(), width, LINE), one.text, font,
                  look.color("text"))  # fmt: skip
        if one.note and room - width > 60:
            place = QRectF(left + width + 10, rect.top(), room - width - 10, LINE)
            draw_text(painter, place, one.note, look.font(400, 12), look.color("faint"))


class PaletteList(QListView):
    """Never takes the keyboard: the search line does, and walks here."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = PaletteModel()
        self.setModel(self.lines)
        self.setItemDelegate(PaletteDelegate(self))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.setUniformItemSizes(False)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("Commands and search results"))
        self.entered.connect(self._hover)
        theme().changed.connect(self.viewport().update)

    def show_lines(self, lines: list[str | Command], keep: str = "") -> None:
        """Show lines; the one with the key `keep` stays chosen, else the first is."""
        self.lines.show_lines(lines)
        rows = [row for row, one in enumerate(lines) if isinstance(one, Command)]
        kept = [row for row in rows if getattr(lines[row], "key", "") == keep]
        if rows:
            self._choose((kept or rows)[0])

    def chosen(self) -> Command | None:
        """Return the chosen command."""
        line = self.currentIndex().data(COMMAND)
        return line if isinstance(line, Command) else None

    def step(self, by: int) -> None:
        """Choose the next command, around the ends."""
        rows = [row for row, one in enumerate(self.lines.lines) if isinstance(one, Command)]
        if not rows:
            return
        now = self.currentIndex().row()
        place = rows.index(now) + by if now in rows else 0
        place = place % len(rows) if abs(by) == 1 else max(0, min(len(rows) - 1, place))
        self._choose(rows[place])

    def _choose(self, row: int) -> None:
        index = self.lines.index(row)
        self.setCurrentIndex(index)
        if row == 1:
            self.scrollToTop()
        else:
            self.scrollTo(index)

    def _hover(self, index: QModelIndex) -> None:
        if isinstance(index.data(COMMAND), Command):
            self.setCurrentIndex(index)
