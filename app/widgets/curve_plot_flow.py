"""A layout of widgets in lines that wrap, as words do."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QWidget


class FlowLayout(QLayout):
    """Place widgets from left to right, on further lines where one is full."""

    def __init__(self, parent: QWidget | None = None, gap: int = 8) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._heights: dict[int, int] = {}  # by width
        self._sizes: tuple[QSize, QSize] | None = None  # the hint, the minimum
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(gap)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def invalidate(self) -> None:
        """Forget what was counted: something in here has another size."""
        self._heights.clear()
        self._sizes = None
        super().invalidate()

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        if width not in self._heights:
            self._heights[width] = self._place(QRect(0, 0, width, 0), move=False)
        return self._heights[width]

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        return self._counted()[0]

    def minimumSize(self) -> QSize:
        return self._counted()[1]

    def _counted(self) -> tuple[QSize, QSize]:
        if self._sizes is None:
            gap = self.spacing()
            hints = [item.sizeHint() for item in self._items]
            width = sum(hint.width() for hint in hints) + gap * max(0, len(hints) - 1)
            hint = QSize(width, max((one.height() for one in hints), default=0))
            sizes = [item.minimumSize() for item in self._items]
            width = max((size.width() for size in sizes), default=0)
            least = QSize(width, max((size.height() for size in sizes), default=0))
            self._sizes = (hint, least)
        return self._sizes

    def _place(self, rect: QRect, *, move: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        gap = self.spacing()
        for item in self._items:
            hint = item.sizeHint()
            if x + hint.width() > rect.right() + 1 and line > 0:
                x, y, line = rect.x(), y + line + gap, 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), hint))
            x += hint.width() + gap
            line = max(line, hint.height())
        return y + line - rect.y()


def wrapping(widget: QWidget) -> QWidget:
    """Let a widget with a flow layout take the height its lines need."""
    policy = widget.sizePolicy()
    policy.setHorizontalPolicy(QSizePolicy.Policy.Expanding)
    policy.setHeightForWidth(True)
    widget.setSizePolicy(policy)
    return widget
