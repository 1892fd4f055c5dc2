"""A side panel that stands beside its page, and in a narrow window slides over it."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QEvent, QObject, QPoint, QPropertyAnimation, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.painting import Canvas
from app.widgets.theme import theme

UNDER = 1200  # of the window: below, there is no room for two
SLIDE_MS = 140


class Veil(Canvas):
    """What the drawer covers, dimmed; a click on it closes the drawer."""

    def __init__(self, drawer: Drawered) -> None:
        super().__init__(drawer)
        self._drawer = drawer
        self.hide()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drawer.shut()

    def draw(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), theme().color("scrim", 0.45 if theme().is_dark else 0.3))


class Drawered(QWidget):
    """A page's main part and its side panel; `handle` opens the panel where it is a drawer.

    Put `handle` where the page has room for a small button, as its first top action; it is shown
    only where the panel is a drawer.
    """

    def __init__(
        self, main: QWidget, side: QWidget, title: str, *, width: int = 380, under: int = UNDER
    ) -> None:
        super().__init__()
        self._side = side
        self._width = width
        self._under = under
        self._is_narrow: bool | None = None
        self.handle = Button(icon="panel-right", tip=title, on_click=self.open)
        self._beside = QHBoxLayout()
        self._beside.setContentsMargins(0, 0, 0, 0)
        self.setLayout(row((main, 1), self._beside, gap=16))
        self._veil = Veil(self)
        self._panel = QFrame(self)
        self._panel.setObjectName("drawer")
        self._panel.setAccessibleName(title)
        self._shut = Button(kind="ghost", icon="x", sz="sm", tip=tr("Close"), on_click=self.shut)
        head = row(Label(title, "section"), None, self._shut, margins=(16, 10, 10, 6))
        self._inside = column(gap=0, margins=(12, 0, 12, 12))
        self._panel.setLayout(column(head, (self._inside, 1), gap=0))
        self._panel.hide()
        self._slide = QPropertyAnimation(self._panel, b"pos", self)
        self._slide.setDuration(SLIDE_MS)
        self._slide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._place_side(narrow=False)

    @property
    def is_narrow(self) -> bool:
        """Return whether the side panel is a drawer now."""
        return bool(self._is_narrow)

    @property
    def is_open(self) -> bool:
        """Return whether the drawer is out."""
        return self._panel.isVisible()

    def open(self) -> None:
        """Slide the panel in and give it the keyboard; beside the page it only gets the keys."""
        if not self.is_narrow:
            self._side.setFocus()
            return
        self._veil.setGeometry(self.rect())
        self._veil.show()
        self._veil.raise_()
        width = min(self._width + 24, self.width() - 48)
        self._panel.setGeometry(self.width(), 0, width, self.height())
        self._panel.show()
        self._panel.raise_()
        self._slide.stop()
        self._slide.setEndValue(QPoint(self.width() - width, 0))
        self._slide.start()
        self._shut.setFocus()

    def shut(self) -> None:
        """Put the drawer away, and the keyboard back to its handle."""
        if self.is_open:
            self._slide.stop()
            self._panel.hide()
            self._veil.hide()
            self.handle.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.is_open:
            self.shut()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.window().installEventFilter(self)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self.window():
            self._fit()
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.is_open:
            self._slide.stop()
            self._veil.setGeometry(self.rect())
            width = min(self._width + 24, self.width() - 48)
            self._panel.setGeometry(self.width() - width, 0, width, self.height())

    def _fit(self) -> None:
        narrow = self.window().width() < self._under
        if narrow != self._is_narrow:
            self._place_side(narrow)

    def _place_side(self, narrow: bool) -> None:
        self._is_narrow = narrow
        self.handle.setProperty("unneeded", not narrow)
        self.handle.setVisible(narrow and self.handle.parentWidget() is not None)
        if narrow:
            self._side.setMinimumWidth(0)
            self._side.setMaximumWidth(16_777_215)
            self._inside.addWidget(self._side, 1)
        else:
            self._slide.stop()
            self._panel.hide()
            self._veil.hide()
            self._side.setFixedWidth(self._width)
            self._beside.addWidget(self._side)
        self._side.show()
