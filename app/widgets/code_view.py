"""Read-only code with line numbers and quiet colours."""

from __future__ import annotations

import re

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from app.i18n import tr
from app.widgets.painting import RIGHT, draw_text
from app.widgets.theme import theme

_KEYWORDS = (
    "and as assert async await break class continue def del elif else except finally for from "
    "global if import in is lambda nonlocal not or pass raise return try while with yield "
    "None True False"
)
_PYTHON = (
    (rf"\b(?:{'|'.join(_KEYWORDS.split())})\b", "violet"),
    (r"@\w[\w.]*", "cyan"),
    (r"\b\d[\d_.eE]*\b", "orange"),
    (r"[fbru]{0,2}\"(?:[^\"\\]|\\.)*\"|[fbru]{0,2}'(?:[^'\\]|\\.)*'", "ok"),
    (r"#.*$", "faint"),
)  # fmt: skip
_SETTINGS = (
    (r"^\s*[\w.\-\"']+(?=\s*[:=])", "accent_text"),
    (r"^\s*\[.*\]\s*$", "violet"),
    (r"(?<=[:=\s,\[])-?\d[\d_.eE\-]*\b", "orange"),
    (r"\"[^\"]*\"|'[^']*'", "ok"),
    (r"#.*$", "faint"),
)
_BY_ENDING = {
    "py": _PYTHON, "yaml": _SETTINGS, "yml": _SETTINGS, "toml": _SETTINGS, "json": _SETTINGS,
    "cfg": _SETTINGS, "ini": _SETTINGS,
}  # fmt: skip
LINES_LIMIT = 20_000


_COMPILED = {
    ending: [(re.compile(pattern), tok) for pattern, tok in rules]
    for ending, rules in _BY_ENDING.items()
}


def spans(name: str, text: str) -> list[tuple[int, int, str]]:
    """Return the coloured stretches of one line of a file, in order and without overlaps."""
    tokens: dict[int, str] = {}
    for pattern, tok in _COMPILED.get(name.rsplit(".", 1)[-1].lower(), ()):
        for match in pattern.finditer(text[:2000]):
            tokens.update(dict.fromkeys(range(match.start(), match.end()), tok))
    found: list[tuple[int, int, str]] = []
    for at in sorted(tokens):
        if found and found[-1][1] == at and found[-1][2] == tokens[at]:
            found[-1] = (found[-1][0], at + 1, tokens[at])
        else:
            found.append((at, at + 1, tokens[at]))
    return found


class Highlighter(QSyntaxHighlighter):
    """Colour words by the ending of the file's name."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._rules: list[tuple[re.Pattern[str], str]] = []

    def set_name(self, name: str) -> None:
        """Choose the rules for a file."""
        rules = _BY_ENDING.get(name.rsplit(".", 1)[-1].lower(), ())
        self._rules = [(re.compile(pattern), tok) for pattern, tok in rules]
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        for pattern, tok in self._rules:
            style = QTextCharFormat()
            style.setForeground(theme().color(tok))
            for match in pattern.finditer(text[:2000]):
                self.setFormat(match.start(), match.end() - match.start(), style)


class _Numbers(QWidget):
    def __init__(self, view: CodeView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self) -> QSize:
        return QSize(self._view.numbers_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._view.paint_numbers(painter, event.rect())
        finally:
            painter.end()


class CodeView(QPlainTextEdit):
    """A text that can be read and copied, not changed."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Code"))
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(theme().font(400, 12, mono=True))
        self.setProperty("code", "true")
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._colors = Highlighter(self.document())
        self._numbers = _Numbers(self)
        self.blockCountChanged.connect(lambda _: self._place())
        self.updateRequest.connect(self._scrolled)
        theme().changed.connect(self._colors.rehighlight)

    def show_file(self, name: str, text: str) -> None:
        """Show a file's text."""
        lines = text.splitlines()
        if len(lines) > LINES_LIMIT:
            text = "\n".join(
                [
                    *lines[:LINES_LIMIT],
                    tr("{count} more lines", count=f"{len(lines) - LINES_LIMIT:,}"),
                ]
            )
        self.setAccessibleName(name)
        self.setPlainText(text.removesuffix("\n"))
        self._colors.set_name(name)

    def go_to_line(self, number: int) -> None:
        """Choose a line, counted from 1, and bring it into view."""
        block = self.document().findBlockByNumber(max(0, number - 1))
        if block.isValid():
            cursor = QTextCursor(block)
            cursor.movePosition(
                QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor
            )
            self.setTextCursor(cursor)
            self.centerCursor()

    def numbers_width(self) -> int:
        """Return the room that line numbers need."""
        digits = len(str(max(10, self.blockCount())))
        return 26 + self.fontMetrics().horizontalAdvance("9") * digits

    def _place(self) -> None:
        self.setViewportMargins(self.numbers_width(), 0, 0, 0)
        rect = self.contentsRect()
        self._numbers.setGeometry(rect.left(), rect.top(), self.numbers_width(), rect.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _scrolled(self, rect: QRect, dy: int) -> None:
        if dy:
            self._numbers.scroll(0, dy)
        else:
            self._numbers.update(0, rect.y(), self._numbers.width(), rect.height())

    def paint_numbers(self, painter: QPainter, rect: QRect) -> None:
        """Draw the numbers of the visible lines."""
        block = self.firstVisibleBlock()
        offset = self.contentOffset()
        font, color = self.font(), theme().color("faint")
        while block.isValid():
            line = self.blockBoundingGeometry(block).translated(offset)
            if line.top() > rect.bottom():
                return
            if block.isVisible() and line.bottom() >= rect.top():
                place = QRectF(
                    0, line.top(), self.numbers_width() - 14, self.fontMetrics().height()
                )
                draw_text(painter, place, str(block.blockNumber() + 1), font, color, RIGHT)
            block = block.next()
