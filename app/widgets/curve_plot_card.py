"""A card around one plot, and the group that shares crosshair and zoom among plots."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.curve_plot import CurvePlot
from app.widgets.curve_plot_ticks import Kind
from app.widgets.labels import Label


class CurveCard(Card):
    """Title, the newest value with whose it is, a button that enlarges, and the plot."""

    expanded = Signal(bool)

    def __init__(self, key: str, title: str, kind: Kind, *, can_expand: bool = True) -> None:
        self.whose = Label("", "small", "faint")
        self.value = Label("", "section")
        super().__init__(title, actions=[self.whose, self.value], gap=4, margins=(16, 8, 10, 6))
        self.key = key
        self.plot = CurvePlot(kind)
        self.plot.setAccessibleName(title)
        self.is_expanded = False
        self._button = Button(
            kind="ghost", icon="maximize-2", sz="sm", tip=tr("Enlarge"), on_click=self._toggle
        )
        if can_expand:
            self.add_action(self._button)
        self.add((self.plot, 1))
        self.setMinimumHeight(200)

    def set_value(self, whose: str, value: str, tok: str = "text") -> None:
        """Show the newest value."""
        self.whose.setText(whose)
        self.value.setText(value)
        self.value.set_token(tok)

    def set_expanded(self, on: bool) -> None:
        """Say what the button does next."""
        self.is_expanded = on
        self._button.set_icon("minimize-2" if on else "maximize-2")
        self._button.setToolTip(tr("Show all plots") if on else tr("Enlarge"))
        self._button.setAccessibleName(self._button.toolTip())

    def _toggle(self) -> None:
        self.set_expanded(not self.is_expanded)
        self.expanded.emit(self.is_expanded)


class CurveGroup(QObject):
    """Keep the crosshair of several plots at one x, and their zoom alike."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._plots: list[CurvePlot] = []
        self.cursor: float | None = None

    def add(self, plot: CurvePlot) -> None:
        """Let a plot take part."""
        self._plots.append(plot)
        plot.hovered.connect(lambda x: self.point_at(x, plot))
        plot.zoomed.connect(self.zoom)

    def clear(self) -> None:
        """Let go of all plots."""
        self._plots.clear()
        self.cursor = None

    def point_at(self, x: float | None, source: CurvePlot | None) -> None:
        """Stand all crosshairs at an x; the plot under the pointer shows the values."""
        self.cursor = x
        for plot in self._plots:
            plot.set_cursor(x, tip=plot is source)

    def zoom(self, window: tuple[float, float] | None) -> None:
        """Show a part of the x axis in all plots, or all of it."""
        for plot in self._plots:
            plot.zoom = window
        self.refresh()

    def refresh(self) -> None:
        """Redraw all plots within a frame."""
        for plot in self._plots:
            plot.refresh()

    def each(self, act: Callable[[CurvePlot], object]) -> None:
        """Do something with every plot."""
        for plot in self._plots:
            act(plot)
