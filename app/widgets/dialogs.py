"""Window-modal dialogs over a dimmed window."""

from __future__ import annotations

from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QMoveEvent, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.focus_order import step_focus
from app.widgets.labels import Icon, Label
from app.widgets.layouts import box, column, row, rule
from app.widgets.painting import Canvas
from app.widgets.shadow import draw_shadow
from app.widgets.theme import theme


class Scrim(Canvas):
    """Dim a window while a dialog is open over it, and hold the dialog's shadow.

    The shadow is painted here and not around the dialog, because a see-through edge of a window
    is black where no compositor runs.
    """

    def __init__(self, window: QWidget, dialog: QWidget) -> None:
        super().__init__(window)
        self._dialog = dialog
        self._drawn = QRectF()  # where the dialog was, the last time this was painted
        dialog.destroyed.connect(self.deleteLater)  # one that ended without being closed
        self.setGeometry(window.rect())
        self.show()
        self.raise_()

    def follow(self) -> None:
        """Be painted anew where the dialog is somewhere else now."""
        if self._place() != self._drawn:
            self.update()

    def draw(self, painter: QPainter) -> None:
        inner = self._drawn = self._place()
        painter.fillRect(self.rect(), theme().color("scrim", 0.62 if theme().is_dark else 0.42))
        draw_shadow(painter, inner, self.devicePixelRatioF())

    def _place(self) -> QRectF:
        if not shiboken6.isValid(self._dialog):
            return self._drawn
        place = self.mapFromGlobal(self._dialog.mapToGlobal(self._dialog.rect().topLeft()))
        return QRectF(QPointF(place), QSizeF(self._dialog.size()))


class Dialog(QDialog):
    """Icon, question, consequence, a body, and a footer: cost on the left, actions right."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        subtitle: str = "",
        *,
        icon: str = "info",
        tok: str = "info",
        width: int = 480,
        height: int = 0,
    ) -> None:
        super().__init__(parent.window())
        self.setWindowTitle(title)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowFlags(Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self._scrim: Scrim | None = None
        self.first_focus: QWidget | None = self
        self.body = QVBoxLayout()
        self.body.setContentsMargins(20, 16, 20, 16)
        self.body.setSpacing(12)
        self.footer = QHBoxLayout()
        self.footer.setContentsMargins(20, 12, 20, 12)
        self.footer.setSpacing(8)
        self.cost = Label("", "small", "faint")
        self.footer.addWidget(self.cost)
        self.footer.addStretch(1)
        words = column(Label(title, "section", wrap=True), gap=2)
        self.subtitle = Label(subtitle, "small", "muted", wrap=True)
        self.subtitle.setVisible(bool(subtitle))
        words.addWidget(self.subtitle)
        close = Button(kind="ghost", icon="x", tip=tr("Close"), on_click=self.reject)
        head = row(
            Icon(icon, tok, 20, square=36), (words, 1), close, gap=12, margins=(20, 14, 14, 14)
        )
        foot = box(self.footer, "dialogfoot")
        inner = column(head, rule(), (self.body, 1), foot, gap=0, margins=1)
        self.frame = QFrame()
        self.frame.setObjectName("dialog")
        self.frame.setLayout(inner)
        self.frame.setFixedWidth(width)
        if height:
            self.frame.setFixedHeight(height)
        self.setLayout(column(self.frame))

    def add_button(self, button: Button) -> Button:
        """Add a button at the right of the footer."""
        self.footer.addWidget(button)
        return button

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 - Qt's name
        return step_focus(self, next)

    def dim(self) -> None:
        """Dim the window for the dialog, which may then be shown in a later turn."""
        window = self.parentWidget()
        if window is None:
            return
        self.take_size()
        middle = window.mapToGlobal(window.rect().center())
        self.move(middle.x() - self.width() // 2, middle.y() - self.height() // 2)
        if self._scrim is None:
            self._scrim = Scrim(window, self)
        self._scrim.follow()

    def showEvent(self, event: QShowEvent) -> None:
        self.dim()
        super().showEvent(event)
        if self.first_focus is not None:
            self.first_focus.setFocus()

    def take_size(self) -> None:
        """Be as large as all of it needs."""
        self.resize(self._whole_size())

    def _whole_size(self) -> QSize:
        """Return the size that all of it needs; Qt's own stops at two thirds of the screen."""
        size, layout = self.sizeHint(), self.layout()
        if layout is not None and layout.hasHeightForWidth():
            size.setHeight(layout.totalHeightForWidth(size.width()))
        return size.boundedTo(self.screen().availableSize())

    def done(self, result: int) -> None:
        """Close, and light the window again."""
        if self._scrim is not None:
            self._scrim.hide()  # at once: it looks at the dialog, which may be gone before it is
            self._scrim.deleteLater()
            self._scrim = None
        super().done(result)

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        if self._scrim is not None:
            self._scrim.follow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._scrim is not None:
            self._scrim.follow()


def confirm(
    parent: QWidget,
    title: str,
    consequence: str,
    action: str,
    on_yes: Callable[[], object],
    *,
    icon: str = "circle-stop",
    cost: str = "",
) -> Dialog:
    """Ask before something is stopped or removed; the safe answer has the focus."""
    dialog = Dialog(parent, title, consequence, icon=icon, tok="danger")
    dialog.body.setContentsMargins(0, 0, 0, 0)
    dialog.cost.setText(cost)

    def yes() -> None:
        dialog.accept()
        on_yes()

    stay = dialog.add_button(Button(tr("Cancel"), "ghost", on_click=dialog.reject))
    dialog.add_button(Button(action, "danger", on_click=yes))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    stay.setFocus()
    return dialog
