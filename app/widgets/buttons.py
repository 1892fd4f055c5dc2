"""Buttons in their kinds and two sizes, and chips."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy

from app.widgets.labels import restyle
from app.widgets.theme import theme

_ICON_TOKENS = {
    "primary": "on_accent",
    "danger": "on_accent",
    "dangerline": "danger",
    "link": "accent_text",
}


class Button(QPushButton):
    """A push button; `kind` is primary, secondary, ghost, link, dangerline or danger."""

    def __init__(
        self,
        text: str = "",
        kind: str = "secondary",
        *,
        icon: str = "",
        sz: str = "",
        tip: str = "",
        on_click: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(text)
        self._icon = icon
        self.setProperty("kind", kind)
        self.setProperty("sz", sz)
        self.setFont(theme().font(500, 12 if sz == "sm" else 13))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedHeight({"link": 20}.get(kind, 26 if sz == "sm" else 32))
        self.setAutoDefault(False)
        if icon and not text:
            self.setProperty("square", "true")
        if tip:
            self.setToolTip(tip)
        self.setAccessibleName(text or tip or icon)
        if icon:
            self.setText(text)
            self._retint()
            theme().changed.connect(self._retint)
        if on_click is not None:
            self.clicked.connect(lambda: on_click())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Press by Return too; there is no default button, so it means the focused one."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
            return
        super().keyPressEvent(event)

    def setText(self, text: str) -> None:
        """Show a text, with a gap behind the icon."""
        self.setAccessibleName(text or self.accessibleName())
        super().setText(f" {text}" if text and self._icon else text)

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        if icon != self._icon:
            text = self.text().strip()
            if not self._icon:
                theme().changed.connect(self._retint)
            self._icon = icon
            self.setText(text)
            self._retint()

    def set_kind(self, kind: str) -> None:
        """Change the kind."""
        if self.property("kind") != kind:
            self.setProperty("kind", kind)
            restyle(self)
            self._retint()

    def _retint(self) -> None:
        if not self._icon:
            self.setIcon(QIcon())
            return
        size = 14 if self.property("sz") == "sm" or self.property("kind") == "link" else 16
        token = _ICON_TOKENS.get(str(self.property("kind")), "muted")
        self.setIcon(theme().icon(self._icon, token, size))
        self.setIconSize(QSize(size, size))


class Chip(QPushButton):
    """A filter that is on or off, with an optional count."""

    def __init__(self, text: str, count: int | None = None, *, on: bool = True) -> None:
        super().__init__()
        self._text = text
        self.setProperty("kind", "chip")
        self.setCheckable(True)
        self.setChecked(on)
        self.setFont(theme().font(500, 12))
        self.setFixedHeight(28)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAutoDefault(False)
        self.set_count(count)

    def set_count(self, count: int | None) -> None:
        """Show how many things the filter lets through."""
        self.setText(self._text if count is None else f"{self._text}  {count}")
