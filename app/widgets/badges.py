"""Small facts: state badges, tags, site tags and dots."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from app.widgets.painted_marks import badge_width, draw_badge, draw_site, tag_fill
from app.widgets.painting import Canvas, draw_round, draw_text, text_width
from app.widgets.theme import mixed, theme
from app.widgets.tokens import look


class Badge(Canvas):
    """A state: icon, word and colour together."""

    def __init__(self, state: str = "IDLE", text: str = "") -> None:
        super().__init__()
        self.state = ""
        self.text = ""
        self.set(state, text)

    def set(self, state: str, text: str = "") -> None:
        """Show another state; `text` replaces its word ("Silent 43 s")."""
        word = text or look(state).word
        if (state, word) != (self.state, self.text):
            self.state, self.text = state, word
            self.setFixedSize(badge_width(word), 22)
            self.setAccessibleName(word)
            self.update()

    def draw(self, painter: QPainter) -> None:
        draw_badge(painter, 0, 11, self.state, self.text)


class Tag(Canvas):
    """A neutral fact or a count, in a token's colour."""

    def __init__(self, text: str, tok: str = "gray", *, icon: str = "", mono: bool = False) -> None:
        super().__init__()
        self._mono = mono
        self.text = ""
        self.tok = ""
        self.icon = ""
        self.set(text, tok, icon)

    def set(self, text: str, tok: str = "gray", icon: str = "") -> None:
        """Show another fact."""
        if (text, tok, icon) == (self.text, self.tok, self.icon):
            return
        self.text, self.tok, self.icon = text, tok, icon
        font = theme().font(500, 11, self._mono)
        self.setFixedSize(math.ceil(text_width(text, font)) + 15 + (16 if icon else 0), 20)
        self.setAccessibleName(text)
        self.update()

    def draw(self, painter: QPainter) -> None:
        draw_round(painter, self.rect().toRectF(), 6, tag_fill(self.tok))
        left = 7.0
        if self.icon:
            painter.drawPixmap(QPointF(6, 4), theme().pixmap(self.icon, self.tok, 12))
            left = 22.0
        rect = QRectF(left, 0, self.width() - left, 20)
        draw_text(
            painter, rect, self.text, theme().font(500, 11, self._mono), theme().color(self.tok)
        )


class SiteTag(Canvas):
    """A site's two letters in its colour; identity, never state."""

    def __init__(self, letters: str, slot: int, size: int = 24, *, name: str = "") -> None:
        super().__init__()
        self.letters = letters
        self.slot = slot
        self.setFixedSize(size, size)
        self.setAccessibleName(name or letters)
        self.setToolTip(name)

    def set(self, letters: str, slot: int) -> None:
        """Show another site."""
        if (letters, slot) != (self.letters, self.slot):
            self.letters, self.slot = letters, slot
            self.update()

    def draw(self, painter: QPainter) -> None:
        draw_site(painter, 0, self.height() / 2, self.letters, self.slot, self.height())


class Dot(Canvas):
    """A presence dot with a halo."""

    def __init__(self, tok: str = "gray") -> None:
        super().__init__()
        self.tok = tok
        self.setFixedSize(16, 16)

    def set(self, tok: str) -> None:
        """Change the colour."""
        if tok != self.tok:
            self.tok = tok
            self.update()

    def draw(self, painter: QPainter) -> None:
        color = theme().color(self.tok)
        draw_round(painter, QRectF(0, 0, 16, 16), 8, mixed(color, theme().color("nav"), 0.25))
        draw_round(painter, QRectF(4, 4, 8, 8), 4, color)


def site_letters(name: str) -> str:
    """Return two letters for a site: of its first two words, else its first two."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    if len(words) >= 2:
        return (words[0][0] + words[1][0]).upper()
    return (words[0][:2] if words else "??").upper()
