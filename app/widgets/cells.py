"""What a table cell holds, and the delegate that paints it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
)

from app.i18n import tr
from app.widgets.painted_marks import (
    CENTER,
    badge_width,
    draw_badge,
    draw_bar,
    draw_site,
    draw_sparkline,
    tag_fill,
)
from app.widgets.painting import (
    LEFT,
    RIGHT,
    draw_round,
    draw_text,
    note_cut,
    noting_cuts,
    text_width,
)
from app.widgets.theme import theme
from app.widgets.tokens import look
from app.widgets.words import tip

SITE, SITE_GAP = 22, 5
ASIDE = 12  # free on both sides of a cell
CELL = int(Qt.ItemDataRole.UserRole) + 1  # the role under which a model gives its cells

# Asking an enumeration anew for each cell takes longer than painting it.
_HINTS = QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing
_SELECTED = QStyle.StateFlag.State_Selected.value
_UNDER_MOUSE = QStyle.StateFlag.State_MouseOver.value


class Cell(NamedTuple):
    """One cell; `kind` is text, site, sites, state, bar, spark, tags, link, icon or check.

    Any text may have a second line in `sub`.
    """

    text: str = ""
    kind: str = "text"
    sub: str = ""
    tok: str = "text"
    sub_tok: str = "faint"
    weight: int = 400
    px: int = 13
    mono: bool = False
    right: bool = False
    state: str = ""
    icon: str = ""
    letters: str = ""
    slot: int = 0
    share: float | None = None
    values: tuple[float | None, ...] = ()
    items: tuple[tuple[str, object], ...] = ()  # tags: (text, token); sites: (letters, slot)
    checked: bool = False
    tip: str = ""  # the whole of what may not fit

    def spoken(self) -> str:
        """Return the cell as text, for screen readers, copying and tests."""
        words = [self.text or (look(self.state).word if self.state else ""), self.sub]
        if self.kind in {"tags", "sites"}:
            words += [text for text, _ in self.items]
        if self.kind == "check":
            words.append(tr("ticked") if self.checked else tr("not ticked"))
        return ", ".join(word for word in words if word)


class CellDelegate(QStyledItemDelegate):
    """Paint cells by kind, in the theme's colours; `cell_at` is the model's, by row and column."""

    def __init__(self, view: QTableView, cell_at: Callable[[int, int], Cell]) -> None:
        super().__init__(view)
        self._cell_at = cell_at

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        cell = self._cell_at(index.row(), index.column())
        rect = option.rect
        left, top, width, height = rect.x(), rect.y(), rect.width(), rect.height()
        state = option.state.value
        painter.save()
        try:
            painter.setRenderHints(_HINTS)
            if state & _SELECTED:
                painter.fillRect(left, top, width, height, theme().color("selected"))
            elif state & _UNDER_MOUSE:
                painter.fillRect(left, top, width, height, theme().color("raised"))
            painter.fillRect(left, top + height, width, 1, theme().color("border"))
            draw_cell(painter, QRectF(left + ASIDE, top, width - 2 * ASIDE, height), cell)
        finally:
            painter.restore()

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """Tell what the cell tells, or else the whole of what is cut in it."""
        cell = index.data(CELL)
        is_cell = isinstance(cell, Cell) and not cell.tip
        if event.type() != QEvent.Type.ToolTip or not is_cell:
            return super().helpEvent(event, view, option, index)
        rect = QRectF(option.rect).adjusted(ASIDE, 0, -ASIDE, 0)
        told = "".join(tip(text) for text in cut_in(rect, cell))
        QToolTip.showText(event.globalPos(), told, view.viewport(), option.rect)
        return bool(told)


def cut_in(rect: QRectF, cell: Cell) -> list[str]:
    """Return the texts of a cell that have no room in a rectangle."""
    with noting_cuts() as found:
        nowhere = QPixmap(1, 1)
        painter = QPainter(nowhere)
        try:
            draw_cell(painter, rect, cell)
        finally:
            painter.end()
    return found


def draw_cell(painter: QPainter, rect: QRectF, cell: Cell) -> None:
    """Draw a cell into a rectangle."""
    kind = cell.kind
    if kind == "text":
        _lines(painter, rect, cell)
        return
    middle = rect.center().y()
    if kind == "state":
        _state(painter, rect, cell)
    elif kind == "site":
        draw_site(painter, rect.left(), middle, cell.letters, cell.slot)
        _lines(painter, rect.adjusted(34, 0, 0, 0), cell)
    elif kind == "sites":
        _sites(painter, rect, cell.items)
    elif kind == "icon":
        pixmap = theme().pixmap(cell.icon, cell.tok, 16)
        painter.drawPixmap(QPointF(rect.left(), middle - 8), pixmap)
        _lines(painter, rect.adjusted(26, 0, 0, 0), cell._replace(tok="text"))
    elif kind == "bar":
        _bar(painter, rect, cell)
    elif kind == "spark":
        color = theme().color("info" if cell.tok == "text" else cell.tok)
        draw_sparkline(painter, rect.adjusted(0, 12, 0, -12), cell.values, color)
    elif kind == "tags":
        _tags(painter, rect, cell.items)
    elif kind == "check":
        _check(painter, rect, cell.checked)
    elif kind == "link":
        font = theme().font(500, 12)
        draw_text(painter, rect, cell.text, font, theme().color("accent_text"), _side(cell))
    else:
        _lines(painter, rect, cell)


def _side(cell: Cell) -> Qt.AlignmentFlag:
    return RIGHT if cell.right else LEFT


def _lines(painter: QPainter, rect: QRectF, cell: Cell) -> None:
    font = theme().font(cell.weight, 12 if cell.mono else cell.px, cell.mono)
    color = theme().color(cell.tok)
    if not cell.sub:
        draw_text(painter, rect, cell.text, font, color, _side(cell))
        return
    left, width, middle = rect.x(), rect.width(), rect.y() + rect.height() / 2
    first = QRectF(left, middle - 18, width, 18)
    second = QRectF(left, middle + 1, width, 16)
    draw_text(painter, first, cell.text, font, color, _side(cell))
    small = theme().font(400, 11)
    draw_text(painter, second, cell.sub, small, theme().color(cell.sub_tok), _side(cell))


def fitting(word: str, room: float) -> str:
    """Return as much of a badge's word as fits into a cell."""
    if badge_width(word) <= room:
        return word
    note_cut(word)
    font = theme().font(500, 12)
    spare = room - (badge_width(word) - text_width(word, font))
    return QFontMetricsF(font).elidedText(word, Qt.TextElideMode.ElideRight, max(0.0, spare))


def _state(painter: QPainter, rect: QRectF, cell: Cell) -> None:
    word = fitting(cell.text or look(cell.state).word, rect.width())
    width = badge_width(word)
    draw_badge(painter, rect.left(), rect.center().y(), cell.state, word)
    if cell.sub:
        rest = rect.adjusted(width + 8, 0, 0, 0)
        draw_text(painter, rest, cell.sub, theme().font(400, 12), theme().color(cell.sub_tok))


def _bar(painter: QPainter, rect: QRectF, cell: Cell) -> None:
    font = theme().font(500, 12)
    if cell.share is None:
        draw_text(painter, rect, cell.text or "–", theme().font(400, 12), theme().color("faint"))
        return
    label = text_width(cell.text, font) + 10 if cell.text else 0
    label = max(label, 44) if cell.text else 0
    width = max(30.0, rect.width() - label)
    color = theme().color("info" if cell.tok == "text" else cell.tok)
    draw_bar(painter, QRectF(rect.left(), rect.top(), width, rect.height()), cell.share, color)
    text = QRectF(rect.left() + width + 8, rect.top(), label, rect.height())
    ink = "faint" if cell.tok == "gray" else "text"  # a grey bar is an old value
    draw_text(painter, text, cell.text, font, theme().color(ink))


def _sites(painter: QPainter, rect: QRectF, items: Sequence[tuple[str, object]]) -> None:
    font = theme().font(500, 11)
    shown = min(len(items), int((rect.width() + SITE_GAP) // (SITE + SITE_GAP)))
    while 0 < shown < len(items) and (
        shown * (SITE + SITE_GAP) + text_width(f"+{len(items) - shown}", font) > rect.width()
    ):
        shown -= 1  # the number of the others needs its room
    left, middle = rect.left(), rect.center().y()
    for letters, slot in items[:shown]:
        draw_site(painter, left, middle, letters, int(str(slot)), SITE)
        left += SITE + SITE_GAP
    if shown < len(items):
        note_cut(", ".join(letters for letters, _ in items))
        more = rect.adjusted(shown * (SITE + SITE_GAP), 0, 0, 0)
        draw_text(painter, more, f"+{len(items) - shown}", font, theme().color("faint"))


def _tags(painter: QPainter, rect: QRectF, items: Sequence[tuple[str, object]]) -> None:
    font = theme().font(500, 11)
    left = rect.left()
    for text, tok in items:
        tag = QRectF(left, rect.center().y() - 10, text_width(text, font) + 14, 20)
        draw_round(painter, tag, 6, tag_fill(str(tok)))
        draw_text(painter, tag, text, font, theme().color(str(tok)), CENTER)
        left += tag.width() + 6


def _check(painter: QPainter, rect: QRectF, checked: bool) -> None:
    square = QRectF(rect.left(), rect.center().y() - 8, 16, 16)
    edge: QColor | None = None if checked else theme().color("control")
    draw_round(painter, square, 4, theme().color("accent") if checked else None, edge)
    if checked:
        tick = theme().pixmap("check", "on_accent", 12)
        painter.drawPixmap(QPointF(square.left() + 2, square.top() + 2), tick)
