"""The order in which Tab walks: that of reading, whenever the widgets were made.

Qt's own chain follows creation, so that rows which arrive later come after everything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QGridLayout,
    QLayout,
    QMainWindow,
    QScrollArea,
    QSplitter,
    QWidget,
)


@runtime_checkable
class OneOfMany(Protocol):
    """A widget that shows one of those in it."""

    def currentWidget(self) -> QWidget | None:
        """Return the one that is shown."""
        ...


def step_focus(window: QWidget, forward: bool) -> bool:
    """Give the focus to the next stop in reading order; return whether there is one."""
    stops = [one for one in in_order(window) if is_stop(one)]
    if not stops:
        return False
    focused = window.focusWidget()
    at = next(
        (i for i, one in enumerate(stops) if focused is not None and _holds(one, focused)), None
    )
    if at is None:
        target = stops[0 if forward else -1]
    else:
        target = stops[(at + (1 if forward else -1)) % len(stops)]
    reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
    target.setFocus(reason)
    _show(target)
    return True


def in_order(widget: QWidget) -> Iterator[QWidget]:
    """Yield a widget and all in it, as they are read: layouts from top to bottom."""
    yield widget
    if isinstance(widget, QAbstractSpinBox | QComboBox):
        return
    if isinstance(widget, OneOfMany):
        children = [widget.currentWidget()]
    elif isinstance(widget, QScrollArea):
        children = [widget.widget()]
    elif isinstance(widget, QSplitter):
        children = [widget.widget(i) for i in range(widget.count())]
    elif isinstance(widget, QMainWindow):
        children = [widget.centralWidget()]
    elif isinstance(widget, QAbstractScrollArea):
        children = []
    else:
        children = list(_laid_out(widget))
    for child in children:
        if child is not None and not child.isHidden():
            yield from in_order(child)


def _laid_out(widget: QWidget) -> Iterator[QWidget]:
    """Yield the children of a widget, those in its layout first."""
    layout = widget.layout()
    seen: set[int] = set()
    if layout is not None:
        for one in _members(layout):
            seen.add(id(one))
            yield one
    for child in widget.children():
        if isinstance(child, QWidget) and id(child) not in seen and not child.isWindow():
            yield child


def _members(layout: QLayout) -> Iterator[QWidget]:
    numbers = list(range(layout.count()))
    if isinstance(layout, QGridLayout):
        places = {i: list(_place(layout, i)) for i in numbers}
        numbers.sort(key=places.__getitem__)
    for number in numbers:
        item = layout.itemAt(number)
        widget, inner = (item.widget(), item.layout()) if item is not None else (None, None)
        if widget is not None:
            yield widget
        elif inner is not None:
            yield from _members(inner)


def _place(layout: QGridLayout, number: int) -> tuple[int, int]:
    place: Any = layout.getItemPosition(number)  # the stubs do not know its four numbers
    return int(place[0]), int(place[1])


def is_stop(widget: QWidget) -> bool:
    """Return whether Tab stops at a widget."""
    stops = widget.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus
    return stops and widget.isVisible() and widget.isEnabled()


def _holds(stop: QWidget, focused: QWidget) -> bool:
    return stop is focused or (
        isinstance(stop, QAbstractSpinBox | QComboBox) and stop.isAncestorOf(focused)
    )


def _show(widget: QWidget) -> None:
    """Scroll a widget into view."""
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, QScrollArea):
            above.ensureWidgetVisible(widget, 8, 8)
        above = above.parentWidget()
