"""One of several widgets at a time, each as large as the stack.

QStackedWidget asks every widget it holds for its size, those out of sight too, and hands each
change of a size on to the window: one label that counts seconds laid all pages out anew.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from app.slices import breathe
from app.widgets.focus_order import in_order, is_stop
from app.widgets.layouts import Scrolled
from app.widgets.paint_turns import paint_in_turns


class PageStack(QWidget):
    """Show one of its widgets; for places that fill what they are given, whatever is in them.

    A widget becomes a child when it is first shown: Qt tells every widget below of each new parent,
    which takes longer than making them.
    """

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self._widgets: list[QWidget | Callable[[], QWidget]] = []
        self._current: QWidget | None = None
        for widget in widgets:
            self.addWidget(widget)

    def addWidget(self, widget: QWidget) -> int:
        """Take a widget; the first one is shown."""
        self._widgets.append(widget)
        if self._current is None:
            self.setCurrentWidget(widget)
        return len(self._widgets) - 1

    def add_later(self, make: Callable[[], QWidget]) -> int:
        """Take a widget that is made when it is first asked for; it is not the first one."""
        self._widgets.append(make)
        return len(self._widgets) - 1

    def count(self) -> int:
        """Return how many widgets there are."""
        return len(self._widgets)

    def widget(self, index: int) -> QWidget:
        """Return a widget by its place."""
        found = self._widgets[index]
        if not isinstance(found, QWidget):
            found = self._widgets[index] = found()
        return found

    def currentWidget(self) -> QWidget | None:
        """Return the widget that is shown."""
        return self._current

    def currentIndex(self) -> int:
        """Return the place of the widget that is shown, or -1."""
        return -1 if self._current is None else self._widgets.index(self._current)

    def setCurrentIndex(self, index: int) -> None:
        """Show another widget, by its place."""
        self.setCurrentWidget(self.widget(index))

    def setCurrentWidget(self, widget: QWidget) -> None:
        """Show another widget; the focus goes with it where it was in the one before."""
        before = self._current
        if widget is before:
            return
        self._current = widget
        focused = self.window().focusWidget()
        had_focus = before is not None and focused is not None and before.isAncestorOf(focused)
        if self.isVisible() and widget.updatesEnabled():
            paint_in_turns(widget)
        self._take_in(widget)
        widget.setGeometry(self.rect())
        widget.show()
        if had_focus:
            (widget.focusWidget() or _first_stop(widget) or widget).setFocus()
        if before is not None:
            before.hide()

    def prepare(self, widget: QWidget) -> None:
        """Do for a widget, and for what its own stacks hold, what its first showing would do."""
        self._take_in(widget)
        if widget is not self._current:
            widget.hide()  # or Qt shows it together with the stack
        widget.setGeometry(self.rect())
        for inner in widget.findChildren(PageStack):
            for one in inner.made():
                breathe()
                inner.prepare(one)
        for part in widget.findChildren(QWidget):
            breathe()
            part.ensurePolished()
        breathe()
        layout = widget.layout()
        if layout is not None:
            layout.activate()

    def made(self) -> list[QWidget]:
        """Return the widgets that are there already."""
        return [one for one in self._widgets if isinstance(one, QWidget)]

    def _take_in(self, widget: QWidget) -> None:
        if widget.parent() is self:
            return
        widget.setParent(self)
        for area in [widget, *widget.findChildren(Scrolled)]:
            if isinstance(area, Scrolled):
                breathe()
                area.take()  # now, so that a page can give one of its fields the focus

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._current is not None:
            self._current.setGeometry(self.rect())


def _first_stop(widget: QWidget) -> QWidget | None:
    """Return the first widget inside at which Tab stops."""
    return next((one for one in in_order(widget) if one is not widget and is_stop(one)), None)
