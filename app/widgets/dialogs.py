"""Window-modal dialogs over a dimmed window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QMoveEvent,
    QPainter,
    QPixmap,
    QRegion,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.focus_order import step_focus
from app.widgets.labels import Icon, Label
from app.widgets.layouts import box, column, row, rule
from app.widgets.painting import Canvas, draw_round
from app.widgets.theme import theme

_SHADOW = 24


class Scrim(Canvas):
    """Dim a window while a dialog is open over it, and hold the dialog's shadow.

    The shadow is painted here and not around the dialog, because a see-through edge of a window
    is black where no compositor runs.
    """

    def __init__(self, window: QWidget, dialog: QWidget) -> None:
        super().__init__(window)
        self._dialog = dialog
        self._shadow = QPixmap()
        self._shadow_of: object = None  # what the shadow was drawn for
        self.setGeometry(window.rect())
        self.show()
        self.raise_()

    def draw(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), theme().color("scrim", 0.62 if theme().is_dark else 0.42))
        place = self.mapFromGlobal(self._dialog.mapToGlobal(self._dialog.rect().topLeft()))
        inner = QRectF(QPointF(place), QSizeF(self._dialog.size()))
        painter.setClipRegion(_around(QRectF(self.rect()), inner))
        painter.drawPixmap(inner.topLeft() - QPointF(_SHADOW, _SHADOW), self._drawn_shadow(inner))

    def _drawn_shadow(self, inner: QRectF) -> QPixmap:
        """Return the shadow of a dialog; whatever moves below it paints it again."""
        ratio = self.devicePixelRatioF()
        of = (inner.size().toTuple(), ratio, theme().name)
        if of == self._shadow_of:
            return self._shadow
        whole = QRectF(0, 0, inner.width() + 2 * _SHADOW, inner.height() + 2 * _SHADOW + 6)
        # So thin a shade needs more than eight bits to be laid over itself.
        drawn = QImage((whole.size() * ratio).toSize(), QImage.Format.Format_RGBA64_Premultiplied)
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            ground = QRectF(QPointF(_SHADOW, _SHADOW), inner.size())
            painter.setClipRegion(_around(whole, ground))
            shade = QColor(0, 0, 0, 5 if theme().is_dark else 2)
            for i in range(_SHADOW):
                draw_round(painter, ground.adjusted(-i, -i + 6, i, i), 12 + i, shade)
        finally:
            painter.end()
        self._shadow_of, self._shadow = of, QPixmap.fromImage(drawn)
        return self._shadow


def _around(whole: QRectF, inner: QRectF) -> QRegion:
    """Return what a dialog does not cover: filling the rest so often takes longer than all else."""
    return QRegion(whole.toRect()) - QRegion(inner.adjusted(12, 12, -12, -12).toRect())


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

    def showEvent(self, event: QShowEvent) -> None:
        window = self.parentWidget()
        if window is not None:
            if self._scrim is None:
                self._scrim = Scrim(window, self)
            self.take_size()
            middle = window.mapToGlobal(window.rect().center())
            self.move(middle.x() - self.width() // 2, middle.y() - self.height() // 2)
            self._scrim.update()
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
            self._scrim.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._scrim is not None:
            self._scrim.update()


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
