"""The curves of compared runs: one plot a metric, one line a run, one crosshair over all."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QGridLayout, QSlider, QWidget

from app.context import Tasks
from app.i18n import tr
from app.pages.runs.compare_model import Compared, has_global, metrics
from app.pages.runs.curves_laying import CurvesLaying
from app.pages.runs.curves_model import GLOBAL, XAxis
from app.pages.runs.wording import metric_title
from app.widgets.curve_plot import CurveLine
from app.widgets.curve_plot_card import CurveCard, CurveGroup
from app.widgets.curve_plot_chips import ChipRow
from app.widgets.curve_plot_flow import wrapping
from app.widgets.curve_plot_ticks import Scale, elapsed_scale, kind_of, round_scale
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.switches import Segmented
from app.widgets.timeline_sites import SLOTS
from app.widgets.words import duration

SLID_MS = 50  # after the slider moved last
KEYS = 1 << 32  # a line's key is its run's place times this, plus the device's edge id


class ComparePlots(QWidget):
    """Plots and the tools over them; `tools` stands where the page wants it."""

    def __init__(self, tasks: Tasks, parent: QWidget) -> None:
        super().__init__(parent)
        self._laying = CurvesLaying(tasks, self)
        self._laid: XAxis = "round"  # the axis along which the curves lie by now
        self._compared: list[Compared] = []
        self.group = CurveGroup(self)
        self.cards: dict[str, CurveCard] = {}
        self.axis = Segmented([("round", tr("Round")), ("time", tr("Time"))], "round")
        self.axis.chosen.connect(lambda _: self._on_axis())
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 95)
        self.slider.setFixedWidth(120)
        self.slider.setAccessibleName(tr("Smoothing"))
        self._slid = QTimer(self, singleShot=True, interval=SLID_MS)
        self._slid.timeout.connect(self._on_slider)
        self.slider.valueChanged.connect(lambda _: self._slid.start())
        self.log = QCheckBox(tr("Log scale"))
        self.log.toggled.connect(self._on_log)
        self.chips = ChipRow(tr("Runs"))
        wrapping(self.chips)
        self.chips.toggled.connect(self._on_chips)
        smoothing = row(Label(tr("Smoothing"), "small", "muted"), self.slider, gap=10)
        self.tools = QWidget()
        self.tools.setLayout(
            column(row(self.axis, 6, smoothing, 6, self.log, None, gap=12), self.chips, gap=10)
        )
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(16)

    def take_in(self, one: Compared) -> None:
        """Lay a run's curves, of which there are none yet, as those of the others."""
        one.book.set_axis(self._laid, _start(one))
        one.book.set_smoothing(self.slider.value() / 100)

    def show_runs(self, compared: Sequence[Compared]) -> None:
        """Show the curves of the runs as far as they have come."""
        self._compared = list(compared)
        self.chips.set_chips(
            (one.place, f"{one.run.id} {one.run.name}", one.place, "") for one in compared
        )
        keys = metrics(compared)
        if keys != list(self.cards):
            self._make_cards(keys)
        for key, card in self.cards.items():
            lines = self._lines(key)
            shown = {line.key: line for line in card.plot.lines}
            same = [line.key for line in lines] == list(shown) and all(
                shown[line.key].series is line.series for line in lines
            )
            if not same:
                card.plot.set_lines(lines)
            card.set_value("", "" if has_global(compared, key) else tr("each site"))
        self._on_chips()

    def _make_cards(self, keys: list[str]) -> None:
        self.group.clear()
        for old in self.cards.values():
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.cards = {}
        across = 1 if len(keys) == 1 else 2
        for place, key in enumerate(keys):
            card = self.cards[key] = CurveCard(
                key, metric_title(key), kind_of(key), can_expand=False
            )
            card.setMinimumHeight(250)
            card.plot.x_scale = self._x_scale
            card.plot.x_title = self._x_title
            card.plot.is_log = self.log.isChecked()
            self.group.add(card.plot)
            self._grid.addWidget(card, place // across, place % across)

    def _lines(self, key: str) -> list[CurveLine]:
        shared = has_global(self._compared, key)
        lines = []
        for one in self._compared:
            for edge, curve in sorted(one.book.curves(key).items()):
                if shared and edge != GLOBAL:
                    continue
                name = f"{one.run.id} {one.run.name}"
                if not shared and edge in one.sites:
                    name = f"{one.run.id} {one.sites[edge].name}"
                width = 2.0 if shared else 1.2
                dashed = one.place >= SLOTS
                place = one.place * KEYS + edge
                lines.append(CurveLine(place, name, curve.series, one.place, width, dashed))
        return lines

    # --- axis and look ---
    def _x_scale(self) -> Scale:
        last = max((one.book.last_x() for one in self._compared), default=1.0)
        if self._laid == "time":
            return elapsed_scale(last)
        return round_scale(max(1.0, last), None)

    def _x_title(self, x: float) -> str:
        if self._laid == "time":
            return tr("{time} after the start", time=duration(x))
        return tr("Round {round}", round=f"{x:.0f}")

    def _on_axis(self) -> None:
        axis: XAxis = "time" if self.axis.current() == "time" else "round"

        def laid() -> None:
            self._laid = axis
            for one in self._compared:  # one that came meanwhile
                one.book.set_axis(axis, _start(one))
            self.group.point_at(None, None)
            self.group.zoom(None)
            self.show_runs(self._compared)

        self._laying.lay([(one.book, _start(one)) for one in self._compared], axis, laid)

    def _on_slider(self) -> None:
        books = [one.book for one in self._compared]
        self._laying.smooth(books, self.slider.value() / 100, self.group.refresh)

    def _on_log(self, on: bool) -> None:
        for card in self.cards.values():
            card.plot.is_log = on
        self.group.refresh()

    def _on_chips(self) -> None:
        chosen = self.chips.chosen()
        for card in self.cards.values():
            for line in card.plot.lines:
                line.is_visible = line.key // KEYS in chosen
        self.group.refresh()


def _start(one: Compared) -> float:
    return one.run.started_at or one.run.created_at
