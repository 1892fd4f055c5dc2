"""Short spellings of rows, columns and lines, on the 4 px grid."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.slices import breathe

# A widget, a layout, either with a stretch factor, pixels of space, or None for a stretch.
Part = QWidget | QLayout | tuple[QWidget | QLayout, int] | int | None
Margins = int | tuple[int, int, int, int]


def column(*parts: Part, gap: int = 8, margins: Margins = 0) -> QVBoxLayout:
    """Return a vertical layout of parts."""
    layout = QVBoxLayout()
    _fill(layout, parts, gap, margins)
    return layout


def row(*parts: Part, gap: int = 8, margins: Margins = 0) -> QHBoxLayout:
    """Return a horizontal layout of parts."""
    layout = QHBoxLayout()
    _fill(layout, parts, gap, margins)
    return layout


def _fill(layout: QBoxLayout, parts: tuple[Part, ...], gap: int, margins: Margins) -> None:
    sides = (margins,) * 4 if isinstance(margins, int) else margins
    layout.setContentsMargins(*sides)
    layout.setSpacing(gap)
    for part in parts:
        add(layout, part)


def add(layout: QBoxLayout, part: Part) -> None:
    """Add one part to a row or column."""
    breathe()
    stretch = 0
    if isinstance(part, tuple):
        part, stretch = part
    if part is None:
        layout.addStretch(1)
    elif isinstance(part, int):
        layout.addSpacing(part)
    elif isinstance(part, QLayout):
        layout.addLayout(part, stretch)
    else:
        layout.addWidget(part, stretch)


def box(layout: QLayout, name: str = "") -> QFrame:
    """Return a frame around a layout; the name chooses its look in the style sheet."""
    frame = QFrame()
    frame.setObjectName(name)
    frame.setLayout(layout)
    return frame


def rule(vertical: bool = False) -> QFrame:
    """Return a dividing line."""
    frame = QFrame()
    frame.setObjectName("line")
    if vertical:
        frame.setFixedWidth(1)
    else:
        frame.setFixedHeight(1)
    return frame


class Scrolled(QScrollArea):
    """A scroll area that takes its content when it is first seen or measured.

    Qt lays the content out as soon as it is put in, and again with each box around the area.
    """

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        content.setObjectName(content.objectName() or "scrolled")
        self._waiting: QWidget | None = content
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.viewport().setAutoFillBackground(False)

    def widget(self) -> QWidget | None:
        """Return the content."""
        return super().widget() if self._waiting is None else self._waiting

    def sizeHint(self) -> QSize:
        self.take()
        return super().sizeHint()

    def showEvent(self, event: QShowEvent) -> None:
        self.take()
        super().showEvent(event)

    def take(self) -> None:
        """Put the content in its place."""
        content, self._waiting = self._waiting, None
        if content is not None:
            self.setWidget(content)


def scrolled(content: QWidget) -> QScrollArea:
    """Return a scroll area that widens its content and scrolls it vertically."""
    return Scrolled(content)


def clear(layout: QLayout) -> None:
    """Remove and delete everything in a layout."""
    for widget in emptied(layout):
        widget.hide()
        widget.deleteLater()


def emptied(layout: QLayout) -> list[QWidget]:
    """Take everything out of a layout and return its widgets, which are not deleted."""
    found: list[QWidget] = []
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            found.append(widget)
        if inner is not None:
            found += emptied(inner)
        else:
            # Qt leaves what was taken to the taker, and nobody else frees it.
            shiboken6.delete(item)
    return found
