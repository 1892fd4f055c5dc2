"""What a prediction is asked with in the window: a row of numbers, or a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QFileDialog, QGridLayout, QLineEdit, QSizePolicy, QWidget

from agent_core.errors import UserInputError
from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.labels import ElidedLabel, Label, restyle
from app.widgets.layouts import column, row, scrolled
from app.widgets.painting import Canvas, draw_round, draw_text
from app.widgets.theme import theme

PICTURES = "*.png *.jpg *.jpeg *.bmp *.gif *.webp *.pgm *.ppm"
FILE_LIMIT = 64 * 1024 * 1024


class TableInput(QWidget):
    """One field a column, filled with an example."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__()
        self._examples: list[list[float]] = given.get("examples") or []
        self._at = 0
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 1)
        self.fields: list[QLineEdit] = []
        units = given.get("units") or []
        for line, name in enumerate(given["columns"]):
            edit = QLineEdit()
            edit.setFont(theme().font(400, 12, True))
            edit.setFixedSize(104, 28)
            edit.setAlignment(Qt.AlignmentFlag.AlignRight)
            edit.setAccessibleName(str(name))
            edit.textEdited.connect(lambda _, e=edit: self._mark(e, wrong=False))
            unit = f" ({units[line]})" if units and units[line] else ""
            label = ElidedLabel(f"{name}{unit}", "small")
            grid.addWidget(label, line, 0, Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(edit, line, 1)
            self.fields.append(edit)
        inner = QWidget()
        inner.setLayout(column(grid, None))
        area = scrolled(inner)
        # The panel scrolls too: the fields take what is left, never more.
        area.setMinimumHeight(150)
        area.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.another = Button(
            tr("Another example"), sz="sm", icon="refresh-cw", on_click=self._next
        )
        self.another.setVisible(len(self._examples) > 1)
        self.message = Label("", "small", "danger", wrap=True)
        self.message.hide()
        self._columns = Label(tr("{n} columns", n=len(self.fields)), "small", "faint")
        head = row(self._columns, None, self.another)
        self.setLayout(column(head, (area, 1), self.message, gap=8))
        self._show(0)

    def values(self) -> list[float] | None:
        """Return the row, or None where a field is no number; that field is shown."""
        found: list[float] = []
        wrong: QLineEdit | None = None
        for edit in self.fields:
            number = _number(edit.text())
            self._mark(edit, wrong=number is None)
            if number is None:
                wrong = wrong or edit
            else:
                found.append(number)
        self.message.setVisible(wrong is not None)
        if wrong is not None:
            self.message.setText(tr("{name}: write a number.", name=wrong.accessibleName()))
            wrong.setFocus(Qt.FocusReason.OtherFocusReason)
            return None
        return found

    def _next(self) -> None:
        self._show(self._at + 1)

    def _show(self, place: int) -> None:
        row_ = self._examples[place % len(self._examples)] if self._examples else []
        self._at = place
        for at, edit in enumerate(self.fields):
            edit.setText(f"{row_[at]:.6g}" if at < len(row_) else "0")
            self._mark(edit, wrong=False)

    def _mark(self, edit: QLineEdit, *, wrong: bool) -> None:
        if (edit.property("invalid") == "true") != wrong:
            edit.setProperty("invalid", "true" if wrong else "false")
            restyle(edit)


class ImageInput(Canvas):
    """A place for a picture, dropped or chosen; it is shown as the model sees it."""

    chosen = Signal(str)  # a path
    refused = Signal(str)  # a sentence

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__()
        self.shape_ = (int(given["channels"]), int(given["height"]), int(given["width"]))
        self.image: QImage | None = None
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMinimumHeight(150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Picture: drop one here, or press Return to choose a file"))

    def show_image(self, image: QImage) -> None:
        """Show what the model will see."""
        self.image = image
        self.update()

    def choose(self) -> None:
        """Ask for a file."""
        kinds = f"{tr('Pictures')} ({PICTURES})"
        path, _ = QFileDialog.getOpenFileName(self, tr("Choose a picture"), str(Path.home()), kinds)
        if path:
            self.chosen.emit(path)

    def draw(self, painter: QPainter) -> None:
        rect = self.rect().toRectF()
        edge = theme().color("focus" if self.hasFocus() else "control")
        draw_round(painter, rect, 8, theme().color("code_bg"), edge)
        if self.image is None:
            icon = theme().pixmap("upload", "faint", 22)
            painter.drawPixmap(int(rect.center().x() - 11), int(rect.center().y() - 30), icon)
            words = tr("Drop a picture here, or click to choose one")
            line = QRectF(8, rect.center().y(), rect.width() - 16, 20)
            middle = Qt.AlignmentFlag.AlignCenter
            draw_text(painter, line, words, theme().font(400, 12), theme().color("muted"), middle)
            return
        side = min(rect.width(), rect.height()) - 16
        place = QRectF(rect.center().x() - side / 2, rect.center().y() - side / 2, side, side)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(place, self.image)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self.choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.choose()
            return
        super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.chosen.emit(url.toLocalFile())
                return


def read_image(path: str, shape: Sequence[int], *, inverted: bool) -> QImage:
    """Return a file as the model sees it; raises UserInputError. Not for the GUI thread."""
    file = Path(path)
    image = QImage()
    if file.is_file() and file.stat().st_size <= FILE_LIMIT:
        image = QImage(str(file))
    if image.isNull():
        raise UserInputError(
            tr("{name} is no picture that can be read.", name=file.name),
            next_step=tr("Choose a PNG or JPEG file."),
            code="input.picture",
        )
    channels, height, width = shape
    grey, colour = QImage.Format.Format_Grayscale8, QImage.Format.Format_RGB888
    image = image.convertToFormat(QImage.Format.Format_RGB888).scaled(
        width, height, Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )  # fmt: skip
    image = image.convertToFormat(grey if channels == 1 else colour)
    if inverted:
        image.invertPixels()
    return image


def pixels_of(image: QImage, channels: int) -> list[float]:
    """Return a picture's values, channel by channel."""
    data, stride = bytes(image.constBits()), image.bytesPerLine()
    lines = [
        data[line * stride : line * stride + image.width() * channels]
        for line in range(image.height())
    ]
    return [
        float(value) for one in range(channels) for line in lines for value in line[one::channels]
    ]


def _number(text: str) -> float | None:
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
