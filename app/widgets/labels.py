"""Labels that show foreign text as plain text, with colour and type by token."""

from __future__ import annotations

import html
import sys

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app.widgets.painting import Canvas, draw_round
from app.widgets.theme import theme
from app.widgets.tokens import TYPES
from app.widgets.words import tip

HEIGHTS_KEPT = 4


def restyle(widget: QWidget) -> None:
    """Apply the style sheet again, after a dynamic property changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


class Label(QLabel):
    """A text; it is never read as HTML, whoever wrote it."""

    def __init__(
        self,
        text: str = "",
        kind: str = "body",
        tok: str = "text",
        *,
        mono: bool = False,
        wrap: bool = False,
        selectable: bool = False,
        align: Qt.AlignmentFlag | None = None,
    ) -> None:
        super().__init__()
        self._plain = ""
        self._wrap = wrap
        self._heights: dict[tuple[int, str], int] = {}  # by width and font, of this text
        self.setFont(theme().type_font(kind, mono))
        self.setProperty("tok", tok)
        self.setTextFormat(Qt.TextFormat.RichText if wrap else Qt.TextFormat.PlainText)
        if wrap:
            self.setWordWrap(True)
            self.setMinimumHeight(TYPES[kind].px + 3)
        if selectable:
            self.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        if align is not None:
            self.setAlignment(align)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show a text; a wrapped one gets the line height of the type scale."""
        if text == self._plain and self.text():
            return
        self._plain = text
        self._heights.clear()
        if self._wrap:
            safe = html.escape(text).replace("\n", "<br>")
            super().setText(f'<div style="line-height:132%">{safe}</div>')
        else:
            super().setText(text)
        self.setAccessibleName(text)

    def plain(self) -> str:
        """Return the text as it was given."""
        return self._plain

    def heightForWidth(self, width: int) -> int:
        """Return the height of a wrapped text; layouts ask often, and Qt sets it anew each time."""
        asked = (width, sys.intern(self.font().key()))  # one text for all labels alike
        found = self._heights.get(asked)
        if found is None:
            if len(self._heights) >= HEIGHTS_KEPT:
                self._heights.clear()
            found = self._heights[asked] = super().heightForWidth(width)
        return found

    def set_token(self, tok: str) -> None:
        """Change the colour."""
        if self.property("tok") != tok:
            self.setProperty("tok", tok)
            restyle(self)


class ElidedLabel(Label):
    """A text of any length in a place of given width; the whole text is its tooltip."""

    def __init__(
        self, text: str = "", kind: str = "body", tok: str = "text", *, mono: bool = False
    ) -> None:
        self._whole = ""
        self._hint: tuple[str, str, QSize] | None = None  # text, font, and what they come to
        super().__init__("", kind, tok, mono=mono)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show as much of a text as fits."""
        if text == self._whole:
            return
        self._whole = text
        self.setAccessibleName(text)
        self.updateGeometry()
        self._fit()

    def plain(self) -> str:
        """Return the text as it was given."""
        return self._whole

    def sizeHint(self) -> QSize:
        """Return the size of the whole text."""
        font = sys.intern(self.font().key())
        if self._hint is None or self._hint[:2] != (self._whole, font):
            metrics = self.fontMetrics()
            size = QSize(metrics.horizontalAdvance(self._whole) + 3, metrics.height() + 1)
            self._hint = (self._whole, font, size)
        return self._hint[2]

    def minimumSizeHint(self) -> QSize:
        """Return the size of a few letters."""
        hint = self.sizeHint()
        return QSize(min(40, hint.width()), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width = max(self.width(), 0)
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, width)
        if shown != self.text():
            QLabel.setText(self, shown)
        self.setToolTip(tip(self._whole) if shown != self._whole else "")


class Icon(Canvas):
    """An icon by token, alone or on a tinted square."""

    def __init__(
        self, name: str, tok: str = "muted", size: int = 16, *, square: int = 0, radius: float = 8
    ) -> None:
        super().__init__()
        self.name = name
        self.tok = tok
        self._size = size
        self._square = square
        self._radius = radius
        self.setFixedSize(square or size, square or size)

    def set_icon(self, name: str, tok: str) -> None:
        """Show another icon."""
        if (name, tok) != (self.name, self.tok):
            self.name, self.tok = name, tok
            self.update()

    def draw(self, painter: QPainter) -> None:
        if self._square:
            fill = theme().color("raised") if self.tok == "muted" else theme().badge_fill(self.tok)
            draw_round(painter, self.rect().toRectF(), self._radius, fill)
        pixmap = theme().pixmap(self.name, self.tok, self._size, self.devicePixelRatioF())
        inset = (self.width() - self._size) / 2
        painter.drawPixmap(QPointF(inset, inset), pixmap)
