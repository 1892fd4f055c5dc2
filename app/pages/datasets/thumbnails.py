"""Small pictures of an image folder, decoded off the window's thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPainter

from app.context import AppContext
from app.i18n import tr
from app.widgets.painting import Canvas, draw_round, draw_text
from app.widgets.theme import theme

SIDE = 96
STEP = SIDE + 12
HEIGHT = SIDE + 34
LARGEST_MB = 256  # of one decoded image


class Thumbnails(Canvas):
    """A grid of images with the class each lies in."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._context = context
        self._paths: list[str] = []
        self._images: list[QImage | None] = []
        self.setAccessibleName(tr("Images"))

    def show_paths(self, paths: Sequence[str]) -> None:
        """Decode and show images; one that cannot be read shows as that."""
        if list(paths) == self._paths:
            return
        self._paths, self._images = list(paths), []
        self.updateGeometry()
        chosen = list(paths)
        self._context.tasks.run(
            lambda: [decoded(path) for path in chosen], partial(self._take, chosen),
            lambda _: None, self,
        )  # fmt: skip

    def _take(self, asked: list[str], images: list[QImage | None]) -> None:
        if asked != self._paths:
            return  # of a dataset that is not shown any more
        self._images = images
        shown = sum(image is not None for image in images)
        self.setAccessibleDescription(tr("{count} images shown", count=shown))
        self.update()

    def columns(self) -> int:
        """Return how many images stand side by side."""
        return max(1, self.width() // STEP)

    def sizeHint(self) -> QSize:
        rows = -(-len(self._paths) // self.columns())
        return QSize(STEP * 4, max(1, rows) * HEIGHT)

    def resizeEvent(self, event: object) -> None:
        self.setMinimumHeight(self.sizeHint().height())

    def draw(self, painter: QPainter) -> None:
        look = theme()
        for at, path in enumerate(self._paths):
            x = (at % self.columns()) * STEP
            y = (at // self.columns()) * HEIGHT
            box = QRectF(x, y, SIDE, SIDE)
            draw_round(painter, box, 8, look.color("raised"))
            image = self._images[at] if at < len(self._images) else None
            if image is not None:
                left = x + (SIDE - image.width()) / 2
                painter.drawImage(QPointF(left, y + (SIDE - image.height()) / 2), image)
            elif at < len(self._images):
                pixmap = look.pixmap("circle-help", "faint", 20)
                painter.drawPixmap(QPointF(x + SIDE / 2 - 10, y + SIDE / 2 - 10), pixmap)
            name = Path(path).parent.name
            place = QRectF(x, y + SIDE + 4, SIDE, 16)
            draw_text(painter, place, name, look.font(400, 11), look.color("muted"))


def decoded(path: str) -> QImage | None:
    """Return an image scaled to a thumbnail, or None where it cannot be read."""
    QImageReader.setAllocationLimit(LARGEST_MB)
    reader = QImageReader(path)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid():
        reader.setScaledSize(size.scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull():
        return None
    if image.width() > SIDE or image.height() > SIDE:
        image = image.scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio)
    return image
