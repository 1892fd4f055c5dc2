"""Live curves of all metrics: global thick, sites thin, one crosshair over all plots."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QGridLayout, QMenu, QSlider, QWidget

from app.i18n import tr, trn
from app.pages.runs.curves_laying import CurvesLaying
from app.pages.runs.curves_model import GLOBAL, Batch, Curve, MetricBook, XAxis
from app.pages.runs.curves_table import CurvesTable
from app.pages.runs.export_runs import save_picture, save_runs
from app.pages.runs.live import RunLive
from app.pages.runs.wording import metric_title
from app.widgets.buttons import Button
from app.widgets.curve_plot import CurveLine, CurvePlot
from app.widgets.curve_plot_card import CurveCard, CurveGroup
from app.widgets.curve_plot_chips import ChipRow
from app.widgets.curve_plot_flow import wrapping
from app.widgets.curve_plot_ticks import (
    Scale,
    bytes_scale,
    bytes_text,
    clock,
    elapsed_scale,
    kind_of,
    round_scale,
    value_text,
)
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Label
from app.widgets.layouts import column, row, scrolled
from app.widgets.page_stack import PageStack
from app.widgets.piecemeal import Piecemeal
from app.widgets.switches import Segmented
from app.widgets.timeline_sites import Site
from app.widgets.words import duration

DEFAULT_SMOOTHING = 0.0


class CurvesTab(QWidget):
    """One card a metric; points are appended as they come, never sampled."""

    def __init__(self, live: RunLive) -> None:
        super().__init__()
        self._live = live
        self.book = MetricBook()
        self.group = CurveGroup(self)
        self.cards: dict[str, CurveCard] = {}
        self.filling = Piecemeal(self, at_once_s=0.004)
        self._expanded = ""
        self._as_table = False
        self._sites: dict[int, Site] = {}
        self._laying = CurvesLaying(live.context.tasks, self)
        self._build()
        self._smooth_timer = QTimer(self, singleShot=True, interval=50)
        self._smooth_timer.timeout.connect(self._apply_smoothing)
        feed = live.feed("metrics")
        feed.arrived.connect(self._on_points)
        feed.caught_up.connect(self._on_caught_up)
        live.changed.connect(self._on_run)
        live.rounds_changed.connect(self._on_rounds)

    def start(self) -> None:
        """Follow the metrics from now on."""
        self._on_run()
        self._live.feed("metrics").pull()

    def _build(self) -> None:
        self.axis = Segmented(
            [
                ("round", tr("Round")), ("time", tr("Time")), ("bytes", tr("Bytes sent")),
                ("step", tr("Step")),
            ],
            "round",
        )  # fmt: skip
        self.axis.button("step").hide()
        self.axis.chosen.connect(self._on_axis)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 95)
        self.slider.setFixedWidth(120)
        self.slider.setAccessibleName(tr("Smoothing"))
        self.slider.valueChanged.connect(self._on_slider)
        self._amount = Label(tr("off"), "small_medium")
        self._amount.setFixedWidth(34)
        self.raw = QCheckBox(tr("Raw behind"))
        self.raw.setChecked(True)
        self.raw.toggled.connect(self._on_look)
        self.log = QCheckBox(tr("Log scale"))
        self.log.toggled.connect(self._on_look)
        self.count = Label("", "small", "faint")
        self.table_button = Button(
            kind="ghost", icon="table", sz="sm", tip=tr("Values as a table"),
            on_click=self._toggle_table,
        )  # fmt: skip
        export = Button(tr("Export"), icon="download", sz="sm")
        menu = QMenu(export)
        menu.addAction(tr("Points as CSV…"), self._save_csv)
        menu.addAction(tr("Points as JSON…"), self._save_json)
        menu.addAction(tr("Picture as PNG…"), self._save_png)
        export.setMenu(menu)
        smoothing = row(Label(tr("Smoothing"), "small", "muted"), self.slider, self._amount, gap=10)
        bar = row(self.axis, 6, smoothing, 6, self.raw, self.log, None, self.count,
                  self.table_button, export, gap=12)  # fmt: skip
        self.chips = ChipRow(tr("Sites"))
        wrapping(self.chips)
        self.chips.toggled.connect(self._on_chips)
        self._plots = QWidget()
        self._grid = QGridLayout(self._plots)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(16)
        self._empty = EmptyState(
            "chart-line", tr("No points yet"), tr("The first ones come with round 1.")
        )
        self._stack = PageStack()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(scrolled(self._plots))
        self.table = CurvesTable(self.cards, self._x_title)
        self._stack.addWidget(self.table)
        self._tools = QWidget()
        self._tools.setLayout(column(bar, self.chips, gap=10))
        self.setLayout(column(self._tools, (self._stack, 1), gap=12))

    # --- data ---
    def _on_points(self, batches: list[Batch]) -> None:
        is_new = self.book.add(batches)
        if is_new:
            self._rebuild()
        self.axis.button("step").setVisible(self.book.has_steps())
        self._refresh_words()
        self.group.refresh()

    def _on_run(self) -> None:
        run = self._live.run
        if run is None:
            return
        is_moved = run.started_at != self._laying.origin
        if self.axis.current() == "time" and run.started_at and is_moved:
            self._lay("time", run.started_at)
        if self._live.sites != self._sites:
            self._sites = self._live.sites
            self._rebuild()
        self._show_state()

    def _on_caught_up(self) -> None:
        self._show_state()
        if self.book.points:
            self._refresh_words()

    def _show_state(self) -> None:
        if not self.filling.is_over:
            return  # its last piece comes here
        wanted = 2 if self._as_table else 1
        self._stack.setCurrentIndex(wanted if self.book.points else 0)
        if not self.book.points and not self._live.is_live and self._live.run is not None:
            text = tr("The run ended before a job reported a metric.")
            self._empty.set("chart-line", tr("No points"), text)

    def _refresh_words(self) -> None:
        keys = self.book.metrics()
        metrics = trn("{count} metric", "{count} metrics", len(keys))
        points = f"{self.book.points:,}"
        if self._live.feed("metrics").is_caught_up:
            text = tr("{metrics}, {points} points, none left out", metrics=metrics, points=points)
        else:
            text = tr("{metrics}, {points} points, loading…", metrics=metrics, points=points)
        self.count.setText(text)
        if self._as_table:
            self.table.refresh()
        sites = set(self._live.sites)
        for key, card in self.cards.items():
            latest = self.book.latest(key, sites)
            if latest is not None:
                card.set_value(latest[0], value_text(latest[1], kind_of(key)))

    # --- plots ---
    def _rebuild(self) -> None:
        """Make cards for new metrics, each in its turn, and lines for new sites."""
        missing = [key for key in self.book.metrics() if key not in self.cards]
        if missing:
            made = [partial(self._add_card, key) for key in missing]
            self.filling.add(*made, self._place_cards, self._show_lines, self._show_state)
        elif self.filling.is_over:
            self._show_lines()

    def _show_lines(self) -> None:
        self._set_chips()
        for key, card in self.cards.items():
            card.plot.set_lines(self._lines(key))
        self._on_chips()
        self._refresh_words()

    def _add_card(self, key: str) -> None:
        if key in self.cards:
            return  # asked for twice, by points that came meanwhile
        card = self.cards[key] = CurveCard(key, metric_title(key), kind_of(key))
        card.plot.x_scale = self._x_scale
        card.plot.x_title = self._x_title
        card.plot.missing = self._missing
        card.expanded.connect(lambda on, key=key: self._expand(key if on else ""))
        self.group.add(card.plot)
        self._on_look()

    def _place_cards(self) -> None:
        keys = [
            key for key in self.book.metrics() if key in self.cards and self._expanded in ("", key)
        ]
        for card in self.cards.values():
            card.setVisible(card.key in keys)
            self._grid.removeWidget(card)
        across = 1 if len(keys) == 1 else 2
        for place, key in enumerate(keys):
            self._grid.addWidget(self.cards[key], place // across, place % across)

    def _expand(self, key: str) -> None:
        self._expanded = key
        self._place_cards()
        self.group.refresh()

    def _order(self) -> list[int]:
        sites = list(self._live.sites)
        known = self.book.edges()
        found = [GLOBAL] if GLOBAL in known else []
        found += [edge for edge in sites if edge in known]
        return found + sorted(known - set(sites) - {GLOBAL})

    def _set_chips(self) -> None:
        sites = self._live.sites
        chips = []
        for edge in self._order():
            site = sites.get(edge)
            name = self._name(edge)
            chips.append((edge, name, site.slot if site else -1, ""))
        self.chips.set_chips(chips)

    def _lines(self, key: str) -> list[CurveLine]:
        curves = self.book.curves(key)
        return [self._line(edge, curves[edge]) for edge in self._order() if edge in curves]

    def _name(self, edge: int) -> str:
        if edge == GLOBAL:
            return tr("Global")
        site = self._live.sites.get(edge)
        return site.name if site else tr("Device {id}", id=edge)

    def _line(self, edge: int, curve: Curve) -> CurveLine:
        if edge == GLOBAL:
            return CurveLine(edge, tr("Global"), curve.series, -1, 2.6)
        site = self._live.sites.get(edge)
        name = self._name(edge)
        width = 2.2 if edge == self._live.own_edge else 1.4
        slot = site.slot if site else edge
        return CurveLine(edge, name, curve.series, slot, width, site.is_dashed if site else False)

    # --- table ---
    def _toggle_table(self) -> None:
        self._as_table = not self._as_table
        self.table_button.set_icon("chart-line" if self._as_table else "table")
        tip = tr("Curves") if self._as_table else tr("Values as a table")
        self.table_button.setToolTip(tip)
        self.table_button.setAccessibleName(tip)
        self.table.refresh()
        self._show_state()

    def _on_rounds(self) -> None:
        if self.book.set_sent(self._live.rounds) and self.axis.current() == "bytes":
            self._lay("bytes", self.book.origin)
        self.group.refresh()

    # --- axis ---
    def _x_scale(self) -> Scale:
        run = self._live.run
        if self.book.axis == "round":
            return round_scale(max(1.0, self.book.last_x()), run.rounds if run else None)
        if self.book.axis == "step":
            return round_scale(max(1.0, self.book.last_x()), None)
        if self.book.axis == "bytes":
            return bytes_scale(self.book.last_x())
        return elapsed_scale(self.book.last_x())

    def _x_title(self, x: float) -> str:
        if self.book.axis == "time":
            return f"{duration(x)} · {clock(self.book.origin + x)}"
        if self.book.axis == "step":
            return tr("Step {n}", n=f"{x:.0f}")
        if self.book.axis == "bytes":
            return tr("{size} sent", size=bytes_text(x))
        closed = self._live.rounds.find(round(x))
        at = closed.closed_at if closed is not None else None
        return tr("Round {round}", round=f"{x:.0f}") + (f" · {clock(at)}" if at else "")

    def _missing(self, line: CurveLine, x: float) -> str:
        if self.book.axis == "round" and line.key != GLOBAL:
            closed = self._live.rounds.find(round(x))
            # Older records do not name who was missing; then any site without a point was late.
            if closed is not None and (line.key in closed.missing or not closed.missing):
                if closed.is_late:
                    return tr("late")
                if line.key in closed.missing:
                    return tr("no answer")
        return "–"

    def _on_axis(self, axis: XAxis) -> None:
        run = self._live.run
        self.book.set_sent(self._live.rounds)
        self._lay(axis, (run.started_at or run.created_at) if run else 0.0)

    def _lay(self, axis: XAxis, origin: float) -> None:
        """Lay all points along an axis."""
        before = self.book.axis

        def laid() -> None:
            for key, card in self.cards.items():
                card.plot.set_lines(self._lines(key))
            if axis != before:
                self.group.point_at(None, None)
                self.group.zoom(None)
            self._on_chips()

        self._laying.lay([(self.book, origin)], axis, laid)

    # --- look ---
    def _on_chips(self) -> None:
        chosen = self.chips.chosen()
        for card in self.cards.values():
            for line in card.plot.lines:
                line.is_visible = line.key in chosen
        self.group.refresh()

    def _on_look(self) -> None:
        for card in self.cards.values():
            card.plot.shows_raw = self.raw.isChecked()
            card.plot.is_log = self.log.isChecked()
        self.group.refresh()

    def _on_slider(self, value: int) -> None:
        self._amount.setText(f"{value / 100:.2f}" if value else tr("off"))
        self._smooth_timer.start()

    def _apply_smoothing(self) -> None:
        self._laying.smooth([self.book], self.slider.value() / 100, self.group.refresh)

    # --- files ---
    def _save_csv(self) -> None:
        # Read anew and whole: what is shown may still be on its way.
        if self._live.run is not None:
            save_runs(self, self._live.context, [self._live.run], "csv")

    def _save_json(self) -> None:
        if self._live.run is not None:
            save_runs(self, self._live.context, [self._live.run], "json")

    def _save_png(self) -> None:
        name = f"run-{self._live.run_id}-curves.png"
        self.group.each(CurvePlot.draw_picture)  # those scrolled out of sight too
        save_picture(self, self._live.context, self._plots.grab().toImage(), name)
