"""Find text that is cut or that stands on other text, in a window as it is drawn.

Ordinary widgets are measured: the text's extent against the room. Painted ones are watched: every
text goes through `painting.draw_text`, which cuts what does not fit. Cut text is in order only
where a tooltip says the whole.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import shiboken6
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QHelpEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPushButton,
    QRadioButton,
    QScrollBar,
    QStackedWidget,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QToolTip,
    QTreeView,
    QWidget,
)  # fmt: skip

from app.widgets import painting
from app.widgets.dialogs import Scrim
from app.widgets.labels import ElidedLabel, Label
from app.widgets.toast import Toast

SLACK = 1.5  # pixels that rounding may take
# Their children stand over each other on purpose.
ALOFT = (QMainWindow, QStackedWidget, QAbstractScrollArea, QTabBar, QComboBox)
FLOATING = (Toast, Scrim, QMenu, QDialog, QScrollBar)


class Finding(NamedTuple):
    """One fault of a picture."""

    kind: str  # cut, overlap, outside
    where: str
    text: str
    detail: str


class Drawn(NamedTuple):
    """One text that was painted."""

    device: QWidget
    text: str
    shown: str
    rect: QRectF  # what the letters cover, in the device's coordinates


def check(window: QWidget) -> list[Finding]:
    """Draw a window and return what is cut, overlaps or stands outside."""
    QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
    with watched() as drawn:
        window.grab()
    widgets = [w for w in window.findChildren(QWidget) if is_seen(w, window)]
    found: list[Finding] = []
    for widget in widgets:
        found += _measured(widget)
        if _has_text(widget):
            found += _outside(widget, window)
    found += _siblings([window, *widgets])
    found += _painted(drawn)
    return sorted(set(found))


def is_seen(widget: QWidget, window: QWidget) -> bool:
    """Return whether a widget can be seen in a window at all."""
    return (
        widget.window() is window
        and widget.isVisibleTo(window)
        and not widget.visibleRegion().isEmpty()
    )


@contextmanager
def watched() -> Iterator[list[Drawn]]:
    """Collect every text that is painted meanwhile."""
    drawn: list[Drawn] = []
    original = painting.draw_text

    def draw(
        painter: QPainter, rect: QRectF, text: str, font: QFont, color: QColor,
        align: Qt.AlignmentFlag = painting.LEFT,
    ) -> None:  # fmt: skip
        original(painter, rect, text, font, color, align)
        device = painter.device()
        if text.strip() and isinstance(device, QWidget) and rect.width() > 0:
            drawn.append(_drawn(painter, device, rect, text, font, align))

    holders = [
        module for name, module in list(sys.modules.items())
        if name.startswith("app.") and getattr(module, "draw_text", None) is original
    ]  # fmt: skip
    for module in holders:
        module.draw_text = draw  # type: ignore[attr-defined]
    try:
        yield drawn
    finally:
        for module in holders:
            module.draw_text = original  # type: ignore[attr-defined]


def _drawn(
    painter: QPainter, device: QWidget, rect: QRectF, text: str, font: QFont,
    align: Qt.AlignmentFlag,
) -> Drawn:  # fmt: skip
    metrics = QFontMetricsF(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width() + 0.5)
    width = metrics.horizontalAdvance(shown)
    left = rect.left()
    if align & Qt.AlignmentFlag.AlignRight:
        left = rect.right() - width
    elif align & Qt.AlignmentFlag.AlignHCenter:
        left = rect.center().x() - width / 2
    height = metrics.capHeight()
    letters = QRectF(left, rect.center().y() - height / 2, width, height)
    return Drawn(device, text, shown, painter.transform().mapRect(letters))


def _painted(drawn: list[Drawn]) -> Iterator[Finding]:
    by_device: dict[int, list[Drawn]] = {}
    for one in drawn:
        if not shiboken6.isValid(one.device):
            continue
        before = by_device.setdefault(id(one.device), [])
        if one.shown != one.text and not _tells(one):
            yield Finding("cut", name_of(one.device), one.text, f"painted as {one.shown!r}")
        for other in before:
            both = one.rect.intersected(other.rect)
            if both.width() > 2 and both.height() > 2 and one.text != other.text:
                yield Finding("overlap", name_of(one.device), one.text, f"with {other.text!r}")
        before.append(one)


def _tells(one: Drawn) -> bool:
    """Return whether a tooltip says what was cut."""
    return bool(one.device.toolTip()) or bool(tip_at(one.device, one.rect.center().toPoint()))


def tip_at(widget: QWidget, place: QPoint) -> str:
    """Return what a widget says where the pointer rests."""
    QToolTip.hideText()
    event = QHelpEvent(QEvent.Type.ToolTip, place, widget.mapToGlobal(place))
    QApplication.sendEvent(widget, event)
    # One that is hidden stays a while; what nobody takes was not told.
    said = QToolTip.text() if event.isAccepted() and QToolTip.isVisible() else ""
    QToolTip.hideText()
    return said


def _measured(widget: QWidget) -> Iterator[Finding]:
    how: Callable[[], str] | None = None
    if isinstance(widget, QLabel):
        how = lambda: _label(widget)  # noqa: E731 - chosen by kind
    elif isinstance(widget, QPushButton | QCheckBox | QRadioButton):
        how = lambda: _button(widget)  # noqa: E731
    elif isinstance(widget, QComboBox):
        how = lambda: _combo(widget)  # noqa: E731
    elif isinstance(widget, QLineEdit):
        how = lambda: _line(widget)  # noqa: E731
    elif isinstance(widget, QTabBar):
        how = lambda: _tabs(widget)  # noqa: E731
    elif isinstance(widget, QTreeView):
        yield from _tree(widget)
    fault = how() if how else ""
    if fault:
        yield Finding("cut", name_of(widget), text_of(widget), fault)


def _label(label: QLabel) -> str:
    text = text_of(label)
    if not text:
        return ""
    metrics = label.fontMetrics()
    room = label.contentsRect()
    if isinstance(label, ElidedLabel):
        return "" if label.text() == text or label.toolTip() else "elided without a tooltip"
    if label.wordWrap():
        needed = label.heightForWidth(label.width())
        if needed > label.height() + SLACK:
            return f"{needed} px high in {label.height()}"
        widest = max((metrics.horizontalAdvance(word) for word in text.split()), default=0)
        is_cut = widest > room.width() + SLACK and text.isascii()
        return f"a word of {widest} px in {room.width()}" if is_cut else ""
    lines = text.split("\n")
    widest = max(metrics.horizontalAdvance(line) for line in lines)
    if widest > room.width() + SLACK:
        return f"{widest} px in {room.width()}"
    height = metrics.capHeight() * len(lines)
    return f"{height} px high in {label.height()}" if height > label.height() + SLACK else ""


def _button(button: QAbstractButton) -> str:
    if not button.text().strip():
        return ""
    needed = button.sizeHint().width()
    room = button.width()
    return f"{needed} px in {room}" if needed > room + SLACK else ""


def _combo(combo: QComboBox) -> str:
    option = QStyleOptionComboBox()
    combo.initStyleOption(option)
    field = combo.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, combo
    )
    needed = combo.fontMetrics().horizontalAdvance(combo.currentText())
    is_told = bool(combo.toolTip())
    room = field.width()
    return f"{needed} px in {room}" if needed > room + SLACK and not is_told else ""


def _line(line: QLineEdit) -> str:
    text = line.placeholderText() if not line.text() else ""
    needed = line.fontMetrics().horizontalAdvance(text)
    room = line.contentsRect().width() - 20 - (24 if line.actions() else 0)
    return f"the hint has {needed} px in {room}" if needed > room + SLACK else ""


def _tabs(tabs: QTabBar) -> str:
    for number in range(tabs.count()):
        rect = tabs.tabRect(number)
        needed = tabs.fontMetrics().horizontalAdvance(tabs.tabText(number))
        if needed > rect.width() + SLACK or rect.right() > tabs.width() + SLACK:
            return f"tab {tabs.tabText(number)!r}: {needed} px, ends at {rect.right()}"
    return ""


def _tree(tree: QTreeView) -> Iterator[Finding]:
    index = tree.indexAt(QPoint(2, 2))
    while index.isValid():
        for column in range(tree.model().columnCount()):
            cell = index.siblingAtColumn(column)
            text = str(cell.data() or "")
            rect = tree.visualRect(cell)
            needed = tree.sizeHintForIndex(cell).width()
            is_told = bool(cell.data(Qt.ItemDataRole.ToolTipRole))
            if text and rect.width() > 0 and needed > rect.width() + 6 and not is_told:
                detail = f"{needed} px in {rect.width()}"
                yield Finding("cut", name_of(tree), text, detail)
        index = tree.indexBelow(index)
        if tree.visualRect(index).top() > tree.viewport().height():
            return


def _has_text(widget: QWidget) -> bool:
    return bool(text_of(widget)) and not isinstance(widget, QMenu)


def _outside(widget: QWidget, window: QWidget) -> Iterator[Finding]:
    """Yield where an ancestor that cannot scroll cuts a widget off."""
    above = widget.parentWidget()
    while above is not None and widget is not window:
        place = QRect(widget.mapTo(above, QPoint(0, 0)), widget.size())
        view = above.parentWidget()
        scrolls = isinstance(view, QAbstractScrollArea) and view.viewport() is above
        if isinstance(view, QTabBar) or isinstance(above, QTabBar):
            return
        room = above.rect()
        left, right = room.left() - place.left(), place.right() - room.right()
        over = [max(left, right)] if scrolls else [left, right, room.top() - place.top(),
                                                   place.bottom() - room.bottom()]  # fmt: skip
        if max(over) > SLACK:
            detail = f"{max(over)} px outside {name_of(above)}"
            yield Finding("outside", name_of(widget), text_of(widget), detail)
            return
        if scrolls or above is window:
            return
        above = above.parentWidget()


def _siblings(widgets: list[QWidget]) -> Iterator[Finding]:
    for parent in widgets:
        if isinstance(parent, ALOFT):
            continue
        seen = [
            child for child in parent.children()
            if isinstance(child, QWidget) and child.isVisible() and not child.isWindow()
            and not isinstance(child, FLOATING) and not child.property("floats")
        ]  # fmt: skip
        for number, one in enumerate(seen):
            for other in seen[:number]:
                both = one.geometry().intersected(other.geometry())
                if both.width() > 2 and both.height() > 2 and _says(one) and _says(other):
                    detail = f"with {name_of(other)} {text_of(other)!r}"
                    yield Finding("overlap", name_of(one), text_of(one), detail)


def _says(widget: QWidget) -> bool:
    """Return whether there is text in a widget or anywhere below it."""
    below = (one for one in widget.findChildren(QWidget) if one.isVisible())
    return bool(text_of(widget)) or any(text_of(one) for one in below)


def text_of(widget: QWidget) -> str:
    """Return what a widget says."""
    if isinstance(widget, Label):
        return widget.plain()
    if isinstance(widget, QLabel | QAbstractButton | QLineEdit):
        return widget.text()
    if isinstance(widget, QComboBox):
        return widget.currentText()
    said = getattr(widget, "text", "")
    return said if isinstance(said, str) else ""


def name_of(widget: QWidget) -> str:
    """Return a widget's class and the classes of the named things around it."""
    names = [type(widget).__name__]
    above = widget.parentWidget()
    while above is not None and len(names) < 4:
        name = type(above).__name__
        if not name.startswith("Q") or above.objectName() in {"card", "dialog"}:
            names.append(name if not name.startswith("Q") else above.objectName())
        above = above.parentWidget()
    return " < ".join(names)
