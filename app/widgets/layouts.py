"""Short spellings of rows, columns and lines, on the 4 px grid."""

from __future__ import annotations

from PySide6.QtCore import Qt
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


def scrolled(content: QWidget) -> QScrollArea:
    """Return a scroll area that widens its content and scrolls it vertically."""
    content.setObjectName(content.objectName() or "scrolled")
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    area.setWidget(content)
    area.viewport().setAutoFillBackground(False)
    return area


def clear(layout: QLayout) -> None:
    """Remove and delete everything in a layout."""
    while layout.count():
        item = layout.takeAt(0)
        if item is None:
            return
        widget = item.widget()
        inner = item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear(inner)
