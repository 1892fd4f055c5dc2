"""Lay curves along another axis, and smooth them: many points away from the window's thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject

from app.context import Tasks
from app.pages.runs.curves_model import Layout, MetricBook, XAxis
from app.widgets.curve_plot_series import Column

BACKGROUND_POINTS = 200_000  # from here on another thread does it


class CurvesLaying(QObject):
    """Work out what a person chose last; what was chosen before it is dropped."""

    def __init__(self, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._layouts: list[tuple[MetricBook, Layout]] = []  # the newest that were asked for
        self._smoothing: object = None

    @property
    def origin(self) -> float:
        """Return where the axis begins that was asked for last."""
        return self._layouts[0][1].origin if self._layouts else 0.0

    def lay(
        self, books: Sequence[tuple[MetricBook, float]], axis: XAxis, then: Callable[[], object]
    ) -> None:
        """Lay books' points along an axis from their origins on, then call `then`."""
        layouts = self._layouts = [(book, book.layout(axis, origin)) for book, origin in books]

        def work() -> list[Any]:
            return [layout.laid() for _, layout in layouts]

        def done(made: list[Any]) -> None:
            if layouts is self._layouts:
                for (book, layout), laid in zip(layouts, made, strict=True):
                    book.adopt(layout, laid)
                then()

        self._do([book for book, _ in books], work, done)

    def smooth(
        self, books: Sequence[MetricBook], weight: float, then: Callable[[], object]
    ) -> None:
        """Smooth books' curves, then call `then`; points that come meanwhile are smoothed too."""
        token = self._smoothing = object()
        for book in books:
            book.smoothing = weight
        series = [one for book in books for one in book.series()]

        def work() -> list[Column]:
            return [one.smoothed_with(weight) for one in series]

        def done(columns: list[Column]) -> None:
            if token is self._smoothing:
                for one, made in zip(series, columns, strict=True):
                    one.adopt(weight, made)
                then()

        self._do(books, work, done)

    def _do(
        self, books: Sequence[MetricBook], work: Callable[[], Any], done: Callable[[Any], object]
    ) -> None:
        if sum(book.points for book in books) < BACKGROUND_POINTS:
            done(work())
        else:
            self._tasks.run(work, done, parent=self)
